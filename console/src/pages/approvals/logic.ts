/** What a list and its keys mean, apart from how they look. */
import type { Schemas } from "@/api/client";

export type Line = Schemas["ApprovalLine"];
export type View = Schemas["ApprovalView"];
export type Limit = View["limits"][number];
export type Effect = Schemas["ApprovalEffect"];

/** What needs this person first, then what lapses soonest. */
export function inOrder(rows: readonly Line[]): Line[] {
  const needed = (row: Line): number => (row.part === "decide" ? 0 : 1);
  return [...rows].sort((a, b) => needed(a) - needed(b) || a.until_ms - b.until_ms || a.id.localeCompare(b.id));
}

/** The row `by` places further; the first when none is open, the ends hold. */
export function moved(rows: readonly Line[], id: string, by: 1 | -1): string {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return rows[0]?.id ?? id;
  return rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.id ?? id;
}

/** How long is left, as one unit. */
export function leftOf(ms: number): { unit: "day" | "hour" | "minute"; n: number } | null {
  if (ms <= 0) return null;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return { unit: "minute", n: minutes };
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? { unit: "hour", n: hours } : { unit: "day", n: Math.floor(hours / 24) };
}

/** People by what kept them out, of `refused` as a run counts it: "limit:weekly_contacts" and "limit:quiet" are one kind. */
export function keptOut(refused: Record<string, number>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [name, n] of Object.entries(refused)) {
    const by = name.split(":")[0] ?? name;
    sums.set(by, Math.max(sums.get(by) ?? 0, n));
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}
