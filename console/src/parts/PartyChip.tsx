/** A party in one word: what it is, how it is called, how sure we are that it is this one. */
import "./people.css";
import type { ReactNode } from "react";
import { Tooltip } from "antd";
import { Link } from "react-router";
import { HIDDEN, share } from "@/format";
import { catalogue, useT } from "@/i18n";
import { useMay } from "@/state/session";

export interface PartyChipProps {
  /** type:scope:key */
  reference: string;
  /** masked name; without one the reference itself, shortened */
  name?: string;
  /** the type in words; the glyph is its first sign */
  type?: string;
  /** 0..1 when it was inferred; at 0.9 very likely, at 0.6 likely, below that it is not shown */
  confidence?: number | null;
  /** at most three facts, shown on hover and focus */
  facts?: readonly string[];
  /** it was joined into another */
  merged?: boolean;
  erased?: boolean;
}

/** Types that have a page of a person. */
const PEOPLE = new Set(["person", "account", "user", "lead", "device", "contact"]);
const GLYPHS: Record<string, string> = { person: "人", account: "号", household: "户", device: "机", item: "货", platform: "台", order: "单", content: "文", creator: "创", shop: "店", ip: "网", card: "卡", address: "址" };

export function PartyChip({ reference, name, type, confidence, facts, merged, erased }: PartyChipProps): ReactNode {
  const t = useT(m);
  const may = useMay("view");
  const [kind = "", , ...rest] = reference.split(":");
  const text = name || shortened(rest.join(":"));
  const sure = confidence == null ? "" : certainty(confidence, t);
  if (confidence != null && !sure) return null;
  const notes = [type ?? kind, ...(facts ?? []).slice(0, 3), ...(confidence == null ? [] : [t("confidence", { share: share(confidence, 0) })])];
  const glyph = <span aria-hidden className="party-glyph">{GLYPHS[kind] ?? kind.slice(0, 1).toUpperCase()}</span>;
  if (erased) return <span className="party-chip">{glyph}<span>{t("erased")}</span></span>;
  const label = <><span className="cut">{text}</span>{merged && <span className="note"> {t("merged")}</span>}{sure && <span className="note"> {sure}</span>}</>;
  return (
    <Tooltip title={notes.filter(Boolean).join(" · ")} trigger={["hover", "focus"]}>
      {!may ? <span className="party-chip">{glyph}<span aria-label={t("hidden")}>{HIDDEN}</span></span>
        : PEOPLE.has(kind) ? <Link className="party-chip" to={personPath(reference)}>{glyph}{label}</Link>
        : <span className="party-chip" tabIndex={0}>{glyph}{label}</span>}
    </Tooltip>
  );
}

/** The page of a person; the reference is one part of the path. */
export const personPath = (reference: string): string => `/people/${encodeURIComponent(reference)}`;

/** At most 18 signs, so that a long key never widens a table; the ends tell most. */
export function shortened(text: string): string {
  const signs = [...text];
  return signs.length <= 18 ? text : `${signs.slice(0, 9).join("")}…${signs.slice(-6).join("")}`;
}

/** The word for a belief about a person; "" when it is too weak to be shown. */
export function certainty(confidence: number, t: (key: "proven" | "likely" | "maybe") => string): string {
  if (confidence >= 1) return t("proven");
  if (confidence >= 0.9) return t("likely");
  return confidence >= 0.6 ? t("maybe") : "";
}

const m = catalogue({
  zh: { erased: "已抹去", merged: "已并入", hidden: "没有权限查看", confidence: "把握 {share}", proven: "已证实", likely: "很可能", maybe: "可能" },
  en: { erased: "Erased", merged: "merged", hidden: "no right to see", confidence: "confidence {share}", proven: "proven", likely: "very likely", maybe: "likely" },
});
