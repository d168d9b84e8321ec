/** How limits are grouped, and how a cap is typed and written. */
import type { Schemas } from "@/api/client";

export type LimitState = Schemas["LimitState"];
export type LimitBarRow = Schemas["LimitBar"];

export const GROUPS = ["attention", "money", "reach", "other"] as const;

/** Limits that hold, by what they guard; groups without one are left out. */
export function grouped(rows: readonly LimitState[]): { group: (typeof GROUPS)[number]; rows: LimitState[] }[] {
  return GROUPS.map((group) => ({ group, rows: rows.filter((row) => row.holds && row.guards === group) })).filter((one) => one.rows.length > 0);
}

/** A typed cap in the unit of the limit, fen for money; null when it is no amount. */
export function typedCap(text: string, unit: string): number | null {
  const said = text.trim().replace(/,/g, "");
  if (!(unit === "fen" ? /^\d{1,12}(\.\d{1,2})?$/ : /^\d{1,12}$/).test(said)) return null;
  const [whole = "0", part = ""] = said.split(".");
  return unit === "fen" ? Number(whole) * 100 + Number(part.padEnd(2, "0")) : Number(whole);
}

/** A cap as it is typed: yuan for money, without a needless point. */
export const capText = (cap: number, unit: string): string => (unit !== "fen" ? String(cap) : cap % 100 ? (cap / 100).toFixed(2) : String(cap / 100));

/** The hours of a limit in words of the page: "22:00 至次日 08:00". */
export function hoursText(hours: readonly string[], lang: "zh" | "en"): string {
  const [from, to] = hours;
  if (!from || !to) return "";
  if (lang === "en") return `${from} to ${to}`;
  return `${from} 至${from > to ? "次日 " : " "}${to}`;
}
