/** What a trait of one person is called, what its value says, and where it stands among all people, in words. */
import type { Schemas } from "@/api/client";
import { DAY_MS, exact, MISSING, moneyExact, share } from "@/format";
import type { Label, Lang } from "@/i18n";
import { shortened } from "@/parts/PartyChip";
import { platformName } from "@/platforms";

export type TraitValue = Schemas["TraitValue"];
export type Rank = NonNullable<TraitValue["rank"]>;

/** Few people: shares of them would be finer than what is known. */
export const FEW = 30;
/** From here on, how many are the same says more than how many are less. */
const MANY_SAME = 0.2;
/** So far from the middle a value stands out: among the highest or the lowest fifth. */
const OUTSTANDING = 0.3;

const HOUR_MS = 3_600_000;
const SPANS: readonly [ms: number, words: Label][] = [
  [DAY_MS, { zh: " 天", en: " d" }], [HOUR_MS, { zh: " 小时", en: " h" }], [60_000, { zh: " 分钟", en: " min" }], [1_000, { zh: " 秒", en: " s" }],
];
const UNITS: Record<string, Label> = { bits: { zh: " 比特", en: " bits" }, days: { zh: " 天", en: " days" }, points: { zh: " 分", en: " points" }, km: { zh: " 公里", en: " km" } };
const WEEKDAYS: Record<Lang, readonly string[]> = { zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"], en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] };

/** The sentence of a trait on the page of the very person: without the person. */
export function traitLabel(row: Pick<TraitValue, "zh" | "en">, lang: Lang): string {
  if (lang === "zh") return row.zh.replace(/^此人(的)?/, "");
  const text = row.en.replace(/^this person: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A value as people read it: ¥1,234.50 · 41.3% · 2 天 7 小时 · 21 点. */
export function traitText(value: TraitValue["value"], row: Pick<TraitValue, "name" | "unit" | "zh">, lang: Lang): string {
  if (value == null) return MISSING;
  if (typeof value === "string") return nameText(value, row.name, lang);
  if (row.unit === "money") return moneyExact(Math.round(value));
  if (row.unit === "ms") return spanText(value, lang);
  if (row.unit === "s") return spanText(value * 1_000, lang);
  // A part over its whole is told in percent, one thing per another as a ratio; the sentence says which it is.
  if (row.unit === "share" || (row.unit === "ratio" && row.zh.endsWith("占比"))) return share(value, Number.isInteger(value) ? 0 : 1);
  return plain(value, row.unit === "ratio" || row.unit === "bits" ? 2 : 1) + (UNITS[row.unit]?.[lang] ?? "");
}

/** How long in at most two units: 3 天 4 小时, 1 分钟 46 秒; from thirty days on whole days. */
export function spanText(ms: number, lang: Lang): string {
  if (ms < 0) return `\u2212${spanText(-ms, lang)}`;
  const found = SPANS.findIndex(([size]) => ms >= size);
  if (found < 0) return `0${SPANS[3]?.[1][lang]}`;
  const [size, words] = SPANS[found] as (typeof SPANS)[number];
  const next = SPANS[found + 1];
  const whole = Math.floor(ms / size);
  const rest = next && whole < 30 ? Math.floor((ms - whole * size) / next[0]) : 0;
  return `${exact(whole)}${words[lang]}${rest && next ? ` ${rest}${next[1][lang]}` : ""}`;
}

/** Where a value stood: 高于 87% 的人. What it says is never more than is so: shares are rounded down. */
export function rankText(rank: Rank, unit: string, lang: Lang): string {
  const say = WORDS[lang];
  if (rank.below == null) return say.same(people(rank.equal, rank.n, lang), false);
  const above = Math.max(0, 1 - rank.below - rank.equal);
  const alone = Math.round(rank.equal * rank.n) <= 1;
  const higher = rank.below + rank.equal / 2 >= 0.5;
  const time = unit === "ms" || unit === "s";
  if (rank.equal >= MANY_SAME && Math.max(rank.below, above) < 0.5) return say.same(people(rank.equal, rank.n, lang), rank.value === 0);
  if (alone && (higher ? above : rank.below) * rank.n < 0.5) return say.end(higher, time, exact(rank.n));
  const more = rank.equal >= MANY_SAME ? say.more(people(rank.equal, rank.n, lang)) : "";
  return say.than(higher, time, people(higher ? rank.below : above, rank.n, lang)) + more;
}

/** How far from the middle, 0..0.5; equal values share the middle of their places. Names come last. */
export const telling = (row: TraitValue): number => (row.rank?.below == null ? -1 : Math.abs(row.rank.below + row.rank.equal / 2 - 0.5));

/** The most telling first; what is as telling stays as it was. */
export const byTelling = (rows: readonly TraitValue[]): TraitValue[] => [...rows].sort((one, other) => telling(other) - telling(one));

/** The rows of a family that stand out: one of each measure, since 近7天 and 近30天 mostly say the same. */
export function mostTelling(rows: readonly TraitValue[], most: number): TraitValue[] {
  const seen = new Set<string>();
  const found: TraitValue[] = [];
  for (const row of byTelling(rows)) {
    const measure = row.name.split(".")[1] ?? "";
    if (found.length >= most || seen.has(measure) || telling(row) < OUTSTANDING) continue;
    seen.add(measure);
    found.push(row);
  }
  return found;
}

/** What is not known, or 0 as with most people: there, but rarely worth a line. */
export const isPlain = (row: TraitValue): boolean => row.state === "unknown" || (row.value === 0 && (row.rank?.equal ?? 0) >= 0.5);

/** Whether a row holds every word of a search. */
export function holds(row: TraitValue, query: string): boolean {
  const text = `${row.zh} ${row.en} ${row.name}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const WORDS = {
  zh: {
    same: (many: string, zero: boolean): string => `与${many}相同${zero ? "（都为 0）" : ""}`,
    than: (higher: boolean, time: boolean, many: string): string => `${time ? (higher ? "长于" : "短于") : higher ? "高于" : "低于"}${many}`,
    end: (higher: boolean, time: boolean, n: string): string => `${n} 人中最${time ? (higher ? "长" : "短") : higher ? "高" : "低"}`,
    more: (many: string): string => `，与${many}相同`,
  },
  en: {
    same: (many: string, zero: boolean): string => `Same as ${many}${zero ? " (all 0)" : ""}`,
    than: (higher: boolean, time: boolean, many: string): string => `${time ? (higher ? "Longer" : "Shorter") : higher ? "Higher" : "Lower"} than ${many}`,
    end: (higher: boolean, time: boolean, n: string): string => `${time ? (higher ? "Longest" : "Shortest") : higher ? "Highest" : "Lowest"} of ${n} people`,
    more: (many: string): string => `, same as ${many}`,
  },
};

/** A share of people: " 87% 的人"; of few people a count: " 11 人中的 3 人". */
function people(part: number, n: number, lang: Lang): string {
  if (n < FEW) {
    const some = Math.round(part * n);
    return lang === "zh" ? ` ${n} 人中的 ${some} 人` : `${some} of ${n} people`;
  }
  if (part < 0.01) return lang === "zh" ? "不到 1% 的人" : "less than 1% of people";
  const percent = part >= 0.99 ? Math.min(Math.floor(part * 1_000 + 1e-6) / 10, 99.9) : Math.floor(part * 100 + 1e-6);
  return lang === "zh" ? ` ${percent}% 的人` : `${percent}% of people`;
}

/** A name that a trait counts: an hour, a weekday, a platform, a reference without its type, or the text itself. */
function nameText(text: string, name: string, lang: Lang): string {
  const of = /\.top\d?_(\w+)\./.exec(name)?.[1] ?? "";
  if (of === "hour" && /^\d{1,2}$/.test(text)) return lang === "zh" ? `${text} 点` : `${text}:00`;
  if (of === "weekday" && /^[1-7]$/.test(text)) return WEEKDAYS[lang][Number(text) - 1] ?? text;
  if (of === "platform") return platformName(text, lang);
  return /^[a-z_]+:[^:]*:./.test(text) ? shortened(text.split(":").slice(2).join(":")) : text;
}

/** Whole numbers whole, others with so many digits. */
const plain = (value: number, digits: number): string => exact(value, Number.isInteger(value) ? 0 : digits);
