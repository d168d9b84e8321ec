/** The four words of certainty, and never another. */
import type { ReactNode } from "react";
import { useT } from "@/i18n";
import { m } from "./messages";

export type Certainty = "proven" | "likely" | "possible" | "unknown";

const MARKS: Record<Certainty, [mark: string, colour: string]> = {
  proven: ["✓", "var(--celadon)"], likely: ["", "var(--ink)"], possible: ["◐", "var(--amber)"], unknown: ["○", "var(--ink-2)"],
};

/** For effects the caller names the word by its experiment; for beliefs about a person see `believed`. */
export function CertaintyWord({ word }: { word: Certainty }): ReactNode {
  const t = useT(m);
  const [mark, colour] = MARKS[word];
  const said = { proven: t("certain_proven"), likely: t("certain_likely"), possible: t("certain_possible"), unknown: t("certain_unknown") }[word];
  return <span style={{ color: colour, whiteSpace: "nowrap" }}>{mark && <span aria-hidden>{mark} </span>}{said}</span>;
}

/** The word for a belief about a person; null: below 0.6 it is not shown. */
export function believed(confidence: number, confirmed = false): Certainty | null {
  if (confirmed) return "proven";
  if (confidence >= 0.9) return "likely";
  return confidence >= 0.6 ? "possible" : null;
}
