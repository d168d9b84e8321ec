/** What the analyses ask and how their answers turn into pictures and tables. */
import type { EChartsCoreOption } from "echarts/core";
import type { Schemas } from "@/api/client";
import { DAY_MS, day, days, duration, exact, MISSING } from "@/format";
import { say, type Lang } from "@/i18n";
import { scaleFor, shown, type Unit } from "@/parts/units";
import { platformName } from "@/platforms";
import { HEAT, TOKENS, type Mode } from "@/theme";
import type { Kind } from "./kinds";
import { m } from "./messages";

type Bin = Schemas["Bin"];
type PathLink = Schemas["PathLink"];

/** Fields of each form; "steps" is a list of kinds, "kind" one of those that occur, else one of the words. */
export interface Field { key: string; label: keyof (typeof m)["zh"]; of: "kind" | "steps" | readonly string[]; start: string; none?: keyof (typeof m)["zh"] }

const PERIOD = ["day", "week", "month"] as const;
export const FORMS: Record<Kind, readonly Field[]> = {
  events: [
    { key: "kind", label: "kind", of: "kind", start: "" }, { key: "measure", label: "measure", of: ["events", "people", "amount"], start: "events" },
    { key: "by", label: "by", of: ["", "platform"], start: "", none: "whole" }, { key: "bucket", label: "bucket", of: ["", "hour", ...PERIOD], start: "", none: "auto" },
  ],
  funnel: [
    { key: "steps", label: "steps", of: "steps", start: "" }, { key: "within", label: "within", of: ["1h", "1d", "3d", "7d", "14d", "30d"], start: "7d" },
    { key: "by", label: "by", of: ["", "platform"], start: "", none: "whole" },
  ],
  retention: [
    { key: "start", label: "start", of: "kind", start: "", none: "first" }, { key: "back", label: "back", of: "kind", start: "", none: "again" },
    { key: "period", label: "period", of: PERIOD, start: "week" },
  ],
  paths: [
    { key: "start", label: "start", of: "kind", start: "" }, { key: "backwards", label: "backwards", of: ["", "true"], start: "" }, { key: "depth", label: "depth", of: ["2", "3", "4", "5", "6"], start: "4" },
  ],
  distribution: [{ key: "of", label: "of", of: "kind", start: "" }, { key: "unit", label: "unit", of: ["count", "money"], start: "count" }],
  interval: [{ key: "start", label: "start", of: "kind", start: "" }, { key: "back", label: "next", of: "kind", start: "", none: "same" }],
  ltv: [{ key: "period", label: "period", of: PERIOD, start: "month" }],
};

const WANTED = { kind: ["Order Completed"], of: ["Order Completed"], start: ["Product Viewed", "Order Completed"] } as const;
const USUAL_STEPS = ["Product Viewed", "Product Added", "Checkout Started", "Order Created", "Order Completed"];

/** The query of a form from the URL; what is left open is filled with kinds that occur. */
export function queryOf(kind: Kind, params: URLSearchParams, occurring: readonly string[]): Record<string, string> {
  const query: Record<string, string> = {};
  for (const field of FORMS[kind]) {
    const given = params.get(field.key) ?? "";
    if (field.of === "steps") query[field.key] = given || USUAL_STEPS.filter((step) => occurring.includes(step)).join(",");
    else if (field.of === "kind") query[field.key] = given || (field.none ? "" : firstOf(kind === "interval" ? ["Order Completed"] : WANTED[field.key as keyof typeof WANTED], occurring));
    else query[field.key] = field.of.includes(given) ? given : field.start;
  }
  return query;
}

const firstOf = (wanted: readonly string[], occurring: readonly string[]): string => wanted.find((one) => occurring.includes(one)) ?? occurring[0] ?? "";

/** The name of a part of a split. */
export function partName(key: string, by: string, lang: Lang): string {
  const t = say(m, lang);
  if (key === "") return t("all");
  if (key === "other") return t("other");
  if (key === "—") return t("unnamed");
  return by === "platform" ? platformName(key, lang) : key;
}

/** A bin in words: "3", "3 至 5", "5 以上"; money in its own unit. */
export function binName(bin: Bin, of: "count" | "money" | "days", lang: Lang, currency = "CNY"): string {
  const t = say(m, lang);
  const tell = (value: number): string => (of === "money" ? shown(value, "money", lang, currency) : exact(value, Number.isInteger(value) ? 0 : 1));
  if (of === "days") return bin.high === null ? t("atLeast", { low: gap(bin.low, lang) }) : t("to_", { low: gap(bin.low, lang), high: gap(bin.high, lang) });
  if (bin.high === null) return t("atLeast", { low: tell(bin.low) });
  if (of === "count") return bin.high - bin.low <= 1 ? tell(bin.low) : t("to_", { low: tell(bin.low), high: tell(bin.high - 1) });
  return t("to_", { low: tell(bin.low), high: tell(bin.high) });
}

/** Days as the largest unit that says them: 10 分钟, 6 小时, 3 天. */
const gap = (value: number, lang: Lang): string => duration(Math.max(0, Math.round(value * DAY_MS)), lang);

/** How many ages to show: those after the last that anybody has reached say nothing. */
export const reached = (overall: readonly (number | null)[]): number => overall.findLastIndex((value) => value !== null) + 1;

/** How a cohort is called, by its first day. */
export function cohortName(start: number, period: string, lang: Lang, now = Date.now()): string {
  if (period === "day") return day(start, lang, now);
  if (period === "week") return days(start, start + 7 * DAY_MS, lang, now);
  const text = days(start, start + 2 * DAY_MS, lang, now); // of two days, so that it names the month plainly
  return lang === "zh" ? text.replace(/1日至.*$/, "") : text.replace(/^1 (\w+) to 2 \w+/, "$1");
}

/** Colour of a share in the five-step ramp, with text that can be read on it. */
export function heat(value: number | null, most: number): { background: string; color: string } | undefined {
  if (value === null || most <= 0) return undefined;
  const step = Math.min(HEAT.length - 1, Math.floor((value / most) * HEAT.length));
  return { background: HEAT[step] as string, color: step >= 3 ? "#FFFFFF" : "#1F2328" };
}

export interface Line { name: string; colour: string; values: (number | null)[]; partial?: boolean; quiet?: boolean }

/** Lines over named places: names at their ends, gaps as gaps, a running last point hollow. */
export function linesOption(lines: readonly Line[], places: readonly string[], unit: Unit, lang: Lang, mode: Mode, currency = "CNY", unitName = ""): EChartsCoreOption {
  const c = TOKENS[mode];
  const scale = scaleFor(lines.flatMap((line) => line.values), unit, lang, currency);
  return {
    grid: { left: 8, right: 88, top: 28, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", data: [...places], boundaryGap: false, axisLabel: { hideOverlap: true } },
    yAxis: { type: "value", min: 0, name: unitName || scale.name, nameTextStyle: { align: "left", padding: [0, 0, 0, -24] }, splitNumber: 4 },
    tooltip: {
      trigger: "axis",
      formatter: (hits: { dataIndex: number }[]) => {
        const at = hits[0]?.dataIndex ?? 0;
        return [places[at], ...lines.filter((line) => !line.quiet).map((line) => `${escaped(line.name)} ${shown(line.values[at], unit, lang, currency)}`)].join("<br>");
      },
    },
    series: lines.map((line) => ({
      type: "line", name: line.name, z: line.quiet ? 2 : 3, lineStyle: { color: line.colour, width: line.quiet ? 1 : 1.75 }, itemStyle: { color: line.colour }, emphasis: { disabled: true },
      endLabel: { show: !line.quiet, formatter: line.name, color: line.colour, fontSize: 12 }, symbol: "circle", showSymbol: !line.quiet,
      data: line.values.map((value, at) => (value === null ? { value: null, symbol: "none" } : at === line.values.length - 1 && line.partial
        ? { value: value / scale.by, symbolSize: 7, itemStyle: { color: c.sheet, borderColor: line.colour, borderWidth: 1.75 } } : { value: value / scale.by, symbolSize: places.length === 1 ? 7 : 0.01 })),
    })),
  };
}

/** Bars from zero over named bins. */
export function barsOption(values: readonly number[], places: readonly string[], unitName: string, mode: Mode): EChartsCoreOption {
  return {
    grid: { left: 8, right: 8, top: 28, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", data: [...places], axisLabel: { hideOverlap: true } },
    yAxis: { type: "value", min: 0, minInterval: 1, name: unitName, nameTextStyle: { align: "left", padding: [0, 0, 0, -24] }, splitNumber: 4 },
    tooltip: { trigger: "axis", formatter: (hits: { dataIndex: number }[]) => `${places[hits[0]?.dataIndex ?? 0]}<br>${exact(values[hits[0]?.dataIndex ?? 0])} ${unitName}` },
    series: [{ type: "bar", data: [...values], itemStyle: { color: TOKENS[mode].blue }, barCategoryGap: "25%" }],
  };
}

export interface Node { key: string; place: number; name: string; sessions: number; y: number; height: number }
export interface Ribbon { key: string; from: Node; to: Node; sessions: number; y0: number; y1: number; height: number }
export const FLOW = { height: 420, gap: 10, least: 2 } as const;

/** Places of a path as columns of bars and ribbons between them; heights are sessions, on one scale for all places. */
export function flow(links: readonly PathLink[], names: Record<string, string>, total: number): { nodes: Node[]; ribbons: Ribbon[]; places: number } {
  const places = links.length === 0 ? 0 : Math.max(...links.map((link) => link.place)) + 2;
  const sums = Array.from({ length: places }, () => new Map<string, number>());
  for (const link of links) add(sums[link.place + 1], link.target, link.sessions);
  for (const link of links) if (link.place === 0) add(sums[0], link.source, link.sessions);
  const crowd = Math.max(1, ...sums.map((sum) => sum.size));
  const scale = (FLOW.height - (crowd - 1) * FLOW.gap) / Math.max(1, total);
  const nodes = sums.flatMap((sum, place) => {
    let y = 0;
    return [...sum].sort(byLast).map(([key, sessions]): Node => {
      const height = Math.max(FLOW.least, sessions * scale);
      const node = { key, place, name: names[key] ?? key, sessions, y, height };
      y += height + FLOW.gap;
      return node;
    });
  });
  const at = new Map(nodes.map((node) => [`${node.place}:${node.key}`, node]));
  const [out, into] = [new Map<Node, number>(), new Map<Node, number>()];
  const ordered = [...links].sort((a, b) => a.place - b.place || (at.get(`${a.place + 1}:${a.target}`)?.y ?? 0) - (at.get(`${b.place + 1}:${b.target}`)?.y ?? 0));
  const ribbons = ordered.flatMap((link): Ribbon[] => {
    const [from, to] = [at.get(`${link.place}:${link.source}`), at.get(`${link.place + 1}:${link.target}`)];
    if (!from || !to) return [];
    const height = link.sessions * scale;
    const [y0, y1] = [from.y + (out.get(from) ?? 0), to.y + (into.get(to) ?? 0)];
    out.set(from, (out.get(from) ?? 0) + height);
    into.set(to, (into.get(to) ?? 0) + height);
    return [{ key: `${link.place}:${link.source}>${link.target}`, from, to, sessions: link.sessions, y0, y1, height: Math.max(0.75, height) }];
  });
  return { nodes, ribbons, places };
}

/** Most sessions first; what ends, and what has no name of its own, comes last. */
function byLast([a, n]: [string, number], [b, k]: [string, number]): number {
  const rank = (key: string): number => (key === "end" ? 2 : key === "other" ? 1 : 0);
  return rank(a) - rank(b) || k - n;
}

function add(sum: Map<string, number> | undefined, key: string, sessions: number): void {
  sum?.set(key, (sum.get(key) ?? 0) + sessions);
}

/** Names that workspaces define may hold anything; a tooltip is HTML. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A share as the number for a column that says % in its head. */
export const percent = (value: number | null, digits = 1): string => (value === null ? MISSING : exact(value * 100, digits));
