/** Values of traits as people read them, the catalogue's filters, and the histogram. */
import type { EChartsCoreOption } from "echarts/core";
import type { Schemas } from "@/api/client";
import { count, duration, exact, money, moneyExact, share, time } from "@/format";
import { say, type Lang } from "@/i18n";
import { traitText } from "@/pages/person/traitWords";
import type { Twin } from "@/parts/TableTwin";
import { HEAT, TOKENS, type Mode } from "@/theme";
import { m } from "./messages";
import { codeName, isHuman, partyName, partyOf, topicPlace, windowLength } from "./names";

export type Row = Schemas["TraitRow"];
export type Detail = Schemas["TraitDetail"];
export type Spread = Schemas["TraitSpread"];
export type Why = Schemas["TraitExplanation"];
type Bar = Schemas["TraitBar"];
type Of = Pick<Detail, "name" | "unit" | "zh" | "by">;

/** Fewer people than this are not told. */
const LEAST = 5;
const CATEGORY_MOST = 24;

// --- values ---------------------------------------------------------------------------------------------------------

/** What decides how a value is told: its unit, and of a ratio whether it is a part of a whole. */
export type Told = Pick<Detail, "name" | "unit" | "zh">;
/** The same of a measure, which has a unit alone. */
export const ofUnit = (unit: string): Told => ({ name: "", unit, zh: "" });

/** A value in as few signs as an axis wants. */
export function shortText(value: number, of: Told, lang: Lang): string {
  if (of.unit === "money") return money(value, "CNY", lang);
  if (of.unit === "ms" || of.unit === "s") return value === 0 ? "0" : duration(of.unit === "s" ? value * 1000 : value, lang);
  if (isPart(of)) return share(value, 0);
  if (of.unit === "ratio") return String(Math.round(value * 100) / 100);
  return count(value, lang);
}

/** A share of a whole, which percent say best. */
const isPart = (of: Told): boolean => of.unit === "share" || (of.unit === "ratio" && of.zh.endsWith("占比"));

// --- the catalogue --------------------------------------------------------------------------------------------------

export interface Asked { q: string; topic: string; party: string; use: string }

/** Words as they are looked for; a long number is no word of the catalogue and stays out of addresses. */
export const tidy = (text: string): string => text.replace(/\+?\d[\d\s-]{5,}/g, " ").replace(/\s+/g, " ").trim().slice(0, 100);

/** Rows that hold every word, of the topic, party and use asked for. */
export function found(rows: readonly Row[], asked: Asked): Row[] {
  const words = tidy(asked.q).toLowerCase().split(" ").filter(Boolean);
  return rows.filter(
    (row) => (!asked.topic || row.topic === asked.topic) && (!asked.party || row.party === asked.party) && (!asked.use || row.uses.includes(asked.use)) &&
      words.every((word) => `${row.name} ${row.zh} ${row.en} ${row.why_zh} ${row.why_en}`.toLowerCase().includes(word)),
  );
}

/** Rows in the order of their topics, inside one as the catalogue has them. */
export const byTopic = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => topicPlace(a.topic) - topicPlace(b.topic));

export interface Choice { value: string; text: string; n: number }

/** What may be chosen of one filter, each with how many rows it would leave beside the others; empty ones are left out. */
export function choices(rows: readonly Row[], asked: Asked, of: "topic" | "party" | "use", lang: Lang): Choice[] {
  const left = found(rows, { ...asked, [of]: "" });
  const counts = new Map<string, Choice>();
  for (const row of left) {
    for (const value of of === "use" ? row.uses : [row[of]]) {
      const text = of === "topic" ? (lang === "zh" ? row.topic_zh : row.topic_en) : of === "party" ? partyName(value, lang) : value;
      const one = counts.get(value) ?? { value, text, n: 0 };
      counts.set(value, { ...one, n: one.n + 1 });
    }
  }
  return [...counts.values()];
}

/** Rows by a column: "-window" downwards; without one as the catalogue has them. */
export function sorted(rows: readonly Row[], sort: string, lang: Lang): Row[] {
  const by = sort.replace(/^-/, "");
  const keys: Record<string, (row: Row) => string | number> = {
    trait: (row) => row[lang], name: (row) => row.name, topic: (row) => row.topic_zh, party: (row) => row.party, window: (row) => windowLength(row.window), unit: (row) => row.unit, uses: (row) => row.uses.join(), privacy: (row) => row.privacy,
  };
  const key = keys[by];
  if (!key) return [...rows];
  const collator = new Intl.Collator(lang === "zh" ? "zh-CN" : "en", { numeric: true });
  const order = (a: Row, b: Row): number => {
    const [x, y] = [key(a), key(b)];
    return typeof x === "number" && typeof y === "number" ? (x === y ? 0 : x - y) : collator.compare(String(x), String(y));
  };
  return [...rows].sort((a, b) => (sort.startsWith("-") ? order(b, a) : order(a, b)));
}

/** What an aggregate reads of a measure's events: names, the measure's value, or nothing but that they came. */
export function readsOf(trait: Detail, measure: Detail["measures"][number]): "names" | "value" | "" {
  if (["distinct", "top", "top_share", "entropy"].includes(trait.aggregate)) return "names";
  const counts = ["count", "after", "since_first", "since_last", "gap_mean", "gap_std", "streak"].includes(trait.aggregate);
  const bare = trait.aggregate === "ratio" && trait.measures.some((one) => !one.value);
  return measure.value && !counts && !bare ? "value" : "";
}

// --- the spread -----------------------------------------------------------------------------------------------------

/** A bar in words: "3", "5 至 9", "¥50 至 ¥100", "¥950 及以上". */
export function barName(bar: Bar, at: number, bars: readonly Bar[], of: Of, lang: Lang): string {
  const t = say(m, lang);
  const { low, high } = bar;
  const tell = (value: number): string => (of.unit === "ms" || of.unit === "s" ? (value === 0 ? "0" : traitText(value, of, lang)) : shortText(value, of, lang));
  if (low === null && high === null) return bar.text ? codeName(bar.text, of.by, lang) : t("other");
  if (low === null) return t("below", { value: tell(high as number) });
  if (low === high) return of.unit === "money" ? moneyExact(low) : tell(low);
  const alone = at > 0 && bars[at - 1]?.low === 0 && bars[at - 1]?.high === 0; // zero stands by itself before it
  if (high === null) return t("above", { value: tell(low) });
  if (of.unit === "count" && Number.isInteger(low) && Number.isInteger(high)) return alone && high === 2 ? "1" : t("between", { low: tell(alone ? 1 : low), high: tell(high - 1) });
  if (low === 0) return t("below", { value: tell(high) });
  return t("between", { low: tell(low), high: tell(high) });
}

/** Bars in the order of the picture: hours and weekdays run, other names come by how many they are. */
export function ordered(bars: readonly Bar[], by: string): Bar[] {
  const plain = by.split(".").at(-1);
  return plain === "hour" || plain === "weekday" ? [...bars].sort((a, b) => Number(a.text || 99) - Number(b.text || 99)) : [...bars];
}

/** Names lie down, numbers and hours stand. */
export const lying = (of: Of): boolean => of.unit === "name" && !["hour", "weekday"].includes(of.by.split(".").at(-1) ?? "");

/** In which bar a value stands; -1: in none, or there is no value. */
export function barAt(bars: readonly Bar[], value: number | string | null): number {
  if (value === null) return -1;
  if (typeof value === "string") return bars.findIndex((bar) => bar.text === value);
  const exactly = bars.findIndex((bar) => bar.low !== null && bar.low === bar.high && bar.low === value);
  return exactly >= 0 ? exactly : bars.findIndex((bar) => !bar.text && bar.low !== bar.high && (bar.low === null || value >= bar.low) && (bar.high === null || value < bar.high));
}

/** A histogram: bars for now, a line of steps for a month before; `mine` is the value whose bar is marked. */
export function spreadOption(spread: Spread, of: Of, lang: Lang, mode: Mode, mine: number | string | null = null): EChartsCoreOption {
  const t = say(m, lang);
  const c = TOKENS[mode];
  const bars = ordered(spread.bars, of.by);
  const names = bars.map((bar, at) => barName(bar, at, bars, of, lang));
  const labels = bars.map((bar, at) => {
    if (bar.text || bar.low === null || bar.high === null || bar.low === bar.high) return names[at];
    return at > 0 && bars[at - 1]?.high === 0 ? ">0" : shortText(bar.low, of, lang);
  });
  const past = spread.parties_before > 0;
  const flat = lying(of);
  const places = { type: "category", data: flat ? names : labels, axisTick: { show: false }, axisLabel: flat ? { width: 132, overflow: "truncate" } : { hideOverlap: true }, inverse: flat };
  const shares = { type: "value", min: 0, splitNumber: 4, axisLabel: { formatter: (value: number) => `${Math.round(value * 10) / 10}%` } };
  const here = barAt(bars, mine);
  const percent = (value: number): number => Math.round(value * 100_000) / 1000;
  const now = { type: "bar", name: t("now"), data: bars.map((bar, at) => (at === here ? { value: percent(bar.share), itemStyle: { color: c.blue } } : percent(bar.share))), itemStyle: { color: mode === "dark" ? HEAT[3] : HEAT[2] }, barCategoryGap: flat ? "35%" : "8%", emphasis: { disabled: true } };
  const then = bars.map((bar) => percent(bar.before));
  const before = flat
    ? { type: "scatter", name: t("before"), data: then, symbol: "rect", symbolSize: [2, 14], itemStyle: { color: c.ink }, emphasis: { disabled: true }, z: 3 }
    : { type: "line", name: t("before"), data: then, step: "middle", symbol: "none", lineStyle: { color: c.ink, width: 1.5 }, emphasis: { disabled: true }, z: 3 };
  return {
    grid: { left: 8, right: 16, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: flat ? shares : places, yAxis: flat ? places : shares,
    tooltip: {
      trigger: "axis",
      formatter: (hits: { dataIndex: number }[]) => {
        const at = hits[0]?.dataIndex ?? 0;
        return [escaped(names[at] ?? ""), `${t("now")} ${share(bars[at]?.share)} · ${partiesText(bars[at]?.parties ?? 0, spread.party, lang)}`, ...(past ? [`${t("before")} ${share(bars[at]?.before)}`] : [])].join("<br>");
      },
    },
    series: past ? [now, before] : [now],
  };
}

/** The same as a table. */
export function spreadTwin(spread: Spread, of: Of, caption: string, lang: Lang): Twin {
  const t = say(m, lang);
  const bars = ordered(spread.bars, of.by);
  const past = spread.parties_before > 0;
  return {
    caption,
    columns: [{ title: t("value") }, { title: partyName(spread.party, lang), numeric: true }, { title: t("now"), numeric: true }, ...(past ? [{ title: t("before"), numeric: true }] : [])],
    rows: bars.map((bar, at) => [barName(bar, at, bars, of, lang), partiesText(bar.parties, spread.party, lang, true), share(bar.share), ...(past ? [share(bar.before)] : [])]),
  };
}

/** How high a picture is: lying names need a line each. */
export const spreadHeight = (spread: Spread, of: Of): number => (lying(of) ? Math.min(CATEGORY_MOST, spread.bars.length) * 22 + 32 : 320);

/** How many, in the party's own counting word; small groups of people are not told. */
export function partiesText(n: number, party: string, lang: Lang, bare = false): string {
  const some = partyOf(party).some[lang];
  const number = isHuman(party) && n > 0 && n < LEAST ? say(m, lang)("few") : exact(n);
  return bare ? number : `${number} ${some}`;
}

/** The middle value; null for names and without values. */
export const medianOf = (spread: Spread): number | null => spread.quantiles.find((one) => one.share === 0.5)?.value ?? null;

/** From which index on values count as moved. */
export const limitOf = (spread: Spread): number => Math.max(0.1, spread.chance ?? 0);

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

// --- why ------------------------------------------------------------------------------------------------------------

/** The short sum behind a value, as far as the counted events tell it: "3 条付款，合计 ¥129.00"; `names`: what the names that it counts are called. */
export function howText(why: Why, names: string, lang: Lang): string {
  const t = say(m, lang);
  const part = (role: string): Why["measures"][number] | undefined => why.measures.find((one) => one.role === role);
  const of = part("of");
  if (!of) return why.total > 0 ? t("how_ties", { n: exact(why.total) }) : "";
  const total = traitText(of.total, ofUnit(of.unit), lang);
  const newest = why.events.find((one) => one.role === "of");
  switch (why.aggregate) {
    case "count": case "after": return t("how_count", { n: exact(of.events), what: of[lang] });
    case "sum": return t("how_sum", { n: exact(of.events), what: of[lang], total });
    case "mean": return t("how_mean", { total, n: exact(of.valued) });
    case "distinct": return why.names === null ? t("how_count", { n: exact(of.events), what: of[lang] }) : t("how_distinct", { n: exact(of.events), k: exact(why.names), what: names || t("names") });
    case "ratio": {
      const over = part("over");
      if (!over) return "";
      const valued = of.total !== null && over.total !== null;
      const tell = (one: typeof of): string => `${one[lang]} ${valued ? traitText(one.total, ofUnit(one.unit), lang) : exact(one.events)}`;
      return t("how_ratio", { a: tell(of), b: tell(over) });
    }
    case "since_last": case "last": return newest ? t("how_last", { time: time(newest.clock_ms, lang) }) : "";
    default: return t("how_count", { n: exact(of.events), what: of[lang] });
  }
}

export type Target = { ref: string } | { search: string } | { problem: "phone" };

/** What was typed to choose a party: a reference, the beginning of a person's id, or a phone number that must not travel. */
export function targetOf(text: string, party: string): Target {
  const typed = text.trim();
  if (/^(\+?86)?[-\s]?1[3-9](\d[-\s]?){9}$/.test(typed)) return { problem: "phone" };
  if (/^[a-z_]+:[^:]*:.+$/.test(typed)) return { ref: typed };
  const { types } = partyOf(party);
  return party === "person" || party === "account" || types.length === 0 ? { search: typed } : { ref: `${types[0] ?? party}::${typed}` };
}

/** Parties that the newest events name in a role, each once; masked ones name nobody. */
export function lately(events: readonly Schemas["Event"][], party: string, most = 6): string[] {
  const { role, types } = partyOf(party);
  const refs = events.map((one) => one.roles?.[role] ?? "").filter((ref) => ref && !ref.split(":")[1]?.endsWith("~masked") && (types.length === 0 || types.includes(ref.split(":")[0] ?? "")));
  return [...new Set(refs)].slice(0, most);
}
