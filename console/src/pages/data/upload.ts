/** A file on its way to events: what was recognised, what a column-by-column mapping says, what the dry run tells. */
import { sendFile, type Schemas } from "@/api/client";

export type Upload = Schemas["Upload"];
export type Fit = Schemas["Fit"];

/** Send a file as it is; its name travels beside it. `onSent` hears how much has left, 0..1. */
export const bring = (file: File, signal?: AbortSignal, onSent?: (share: number) => void): Promise<Upload> => sendFile("/v1/uploads", file, { signal, onSent });

/** The surest fit of all sources of a file, each format once; a tie is for a person to decide. */
export function fits(suggestion: Pick<Schemas["Suggestion"], "sources">): Fit[] {
  const best = new Map<string, Fit>();
  for (const one of suggestion.sources.flatMap((source) => source.fits)) {
    const before = best.get(one.mapping);
    if (!before || before.score < one.score) best.set(one.mapping, one);
  }
  return [...best.values()].sort((a, b) => b.score - a.score);
}

/** The format to try at once: "" lets each source take its own; null when a person has to choose. */
export function first(suggestion: Pick<Schemas["Suggestion"], "sources">): string | null {
  const all = suggestion.sources.map((source) => source.fits[0]);
  if (all.length === 0 || all.some((fit) => fit === undefined || fit.certainty === "tie")) return null;
  const names = new Set(all.map((fit) => fit?.mapping));
  return names.size === 1 ? (all[0]?.mapping ?? null) : "";
}

/** An id that a mapping may have, from the name of a file: "订单 2026-01.csv" → "orders_2026_01" cannot be known, so "file_2026_01". */
export function mappingId(name: string): string {
  const stem = name.replace(/\.[^.]*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const safe = /^[a-z]/.test(stem) ? stem : `file_${stem}`;
  return `my_${safe}`.replace(/_+$/, "").slice(0, 40);
}

export const isMappingId = (text: string): boolean => /^[a-z][a-z0-9_]{0,40}$/.test(text);

/** Only what a person said otherwise than the draft. */
export function said(columns: readonly Schemas["ColumnGuess"][], chosen: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(columns.flatMap((one) => {
    const word = chosen[one.column];
    return word !== undefined && word !== one.what ? [[one.column, word]] : [];
  }));
}

/** Totals over the sources of a dry run. */
export function totals(run: Pick<Schemas["DryRun"], "sources">): { rows: number; accepted: number; parked: number; events: number; whole: boolean; skipped: number } {
  const sum = (of: (one: Schemas["SourceRun"]) => number): number => run.sources.reduce((all, one) => all + of(one), 0);
  return {
    rows: sum((one) => one.rows), accepted: sum((one) => one.accepted), parked: sum((one) => one.parked),
    events: sum((one) => one.kinds.reduce((all, kind) => all + kind.events, 0)), whole: run.sources.every((one) => one.whole),
    skipped: sum((one) => Object.values(one.skipped).reduce((all, n) => all + n, 0)),
  };
}

export const goesOn = (job: Pick<Schemas["ImportJob"], "state">): boolean => job.state === "waiting" || job.state === "running";
