/** What a live list shows, and what waits until the reader asks for it. */
import type { Schemas } from "@/api/client";

export type Row = Schemas["Event"];
export interface Filter {
  /** "" = all */
  family: string;
  platform: string;
  kind: string;
}

/** Events that pass the filter; `familyOf` names the family of a kind. */
export function passing(rows: readonly Row[], filter: Filter, familyOf: (kind: string) => string): Row[] {
  return rows.filter(
    (row) => (filter.kind === "" || row.kind === filter.kind) && (filter.platform === "" || (row.platform ?? "") === filter.platform) && (filter.family === "" || familyOf(row.kind) === filter.family),
  );
}

const top = (rows: readonly Row[]): number => rows.reduce((most, row) => Math.max(most, row.seq ?? 0), -1);

/** How many of the latest are not in what is shown. */
export function waiting(shown: readonly Row[], latest: readonly Row[]): number {
  const newest = top(shown);
  return latest.filter((row) => (row.seq ?? 0) > newest).length;
}
