/** The filters of the decision log, as the URL and the API have them. */
import type { Schemas } from "@/api/client";

export const FILTERS = ["policy", "run", "mode", "arm", "chosen", "by", "name", "t", "person"] as const;
export type Query = Record<(typeof FILTERS)[number], string> & { mode: Mode; arm: Arm };
export type Mode = "" | "shadow" | "propose" | "auto";
export type Arm = "" | "treated" | "explore" | "holdout";

export const MODES: readonly Exclude<Mode, "">[] = ["shadow", "propose", "auto"];
export const ARMS: readonly Exclude<Arm, "">[] = ["treated", "explore", "holdout"];
export const TIMES = ["today", "7d", "30d"] as const;

/** What the URL asks for; what is not allowed counts as nothing. A name of what refused needs its kind. */
export function readQuery(params: URLSearchParams): Query {
  const said = (key: string): string => params.get(key) ?? "";
  const among = <T extends string>(key: string, allowed: readonly T[]): T | "" => allowed.find((one) => one === said(key)) ?? "";
  const by = said("by");
  return {
    policy: said("policy"), run: said("run"), mode: among("mode", MODES), arm: among("arm", ARMS), chosen: said("chosen"), by, name: by ? said("name") : "", t: among("t", TIMES), person: said("person"),
  };
}

export const isFiltered = (query: Query): boolean => FILTERS.some((key) => query[key] !== "");

/** Shares of the largest count, for the thin bars behind the words. */
export function widths(rows: readonly Schemas["CountedName"][]): number[] {
  const most = Math.max(1, ...rows.map((row) => row.decisions));
  return rows.map((row) => row.decisions / most);
}
