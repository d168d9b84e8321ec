/** A number that can be asked where it comes from: value with unit, against what, and its evidence on a click. */
import type { ReactNode } from "react";
import { change as moved, digitsFor, exact, MISSING, points, range } from "@/format";
import { catalogue, useLang, useT } from "@/i18n";
import { usePref } from "@/state/prefs";
import { useParams } from "@/state/url";
import { shown, shownExact, type Unit } from "./units";
import "./figures.css";

export interface MetricNumberProps {
  /** whose evidence opens: "metric:gmv_paid" */
  of: string;
  /** what the number is: 成交额 */
  name: string;
  value: number | null | undefined;
  unit: Unit;
  currency?: string;
  /** why there is no value */
  missing?: string;
  /** relative, of a share the plain difference */
  change?: number | null;
  /** against what the change is: 环比 */
  against?: string;
  compared?: number | null;
  /** key: a card; plain: in a line of text */
  size?: "first" | "key" | "plain";
}

export function MetricNumber({ of, name, value, unit, currency, missing, change, against, compared, size = "plain" }: MetricNumberProps): ReactNode {
  const lang = useLang();
  const t = useT(m);
  const text = shown(value, unit, lang, currency);
  return (
    <span className={`metric metric-${size}`}>
      <EvidenceButton of={of} label={t("open", { name, value: text })} title={value == null ? missing || t("missing") : shownExact(value, unit, currency)}>
        {text}
      </EvidenceButton>
      {against && <Move change={change} unit={unit} against={against} title={compared == null ? undefined : t("then", { value: shownExact(compared, unit, currency) })} />}
    </span>
  );
}

/** ▲▼ with the word and against what, unless that is said once for many; the arrow takes the colour that the reader chose, never the fill. */
export function Move({ change, unit, against, title }: { change: number | null | undefined; unit: Unit; against?: string; title?: string }): ReactNode {
  const lang = useLang();
  const t = useT(m);
  const [colours] = usePref("colours");
  const text = unit === "share" ? points(change, lang) : moved(change, lang);
  if (text === MISSING) return <span className="note">{t("cannot", { against: against ?? "" }).trim().replace(/^: /, "")}</span>;
  const up = text.startsWith("▲");
  const arrow = /^[▲▼]/.test(text) ? text.slice(0, 1) : "";
  const colour = colours === "none" ? undefined : `var(${up === (colours === "red_up") ? "--rouge" : "--celadon"})`;
  return (
    <span className="metric-move" title={title}>
      {arrow && <span style={{ color: colour }}>{arrow}</span>}
      {text.slice(arrow.length)}{against && <> <span className="note">{against}</span></>}
    </span>
  );
}

export interface EstimateNumberProps {
  of: string;
  name: string;
  /** a share 0..1 as a relative effect, or a value of the unit */
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  unit: Unit;
}

/** An estimate is never the point alone: its interval stands under it; under 30 people it says counts instead. */
export function EstimateNumber({ of, name, value, low, high, n, unit }: EstimateNumberProps): ReactNode {
  const lang = useLang();
  const t = useT(m);
  if (value == null || low == null || high == null) return <span className="note">{t("pending")}</span>;
  if (n < 30) return <span className="note">{t("few", { n })}</span>;
  const by = unit === "share" ? 0.01 : unit === "money" ? 100 : 1;
  const digits = digitsFor(low / by, high / by);
  const tell = (one: number): string => `${exact(one / by, digits)}${unit === "share" ? "%" : ""}`;
  return (
    <span className="metric metric-plain" style={{ display: "inline-flex", flexDirection: "column" }}>
      <EvidenceButton of={of} label={t("open", { name, value: tell(value) })} title={t("n", { n: exact(n) })}>{tell(value)}</EvidenceButton>
      <span className="note">{t("interval", { range: range(tell(low), tell(high), lang) })}</span>
    </span>
  );
}

/** Anything that opens evidence; the drawer is in the URL, so Back closes it. */
export function EvidenceButton({ of, label, title, children }: { of: string; label?: string; title?: string; children: ReactNode }): ReactNode {
  const [, set] = useParams();
  return <button type="button" className="plain evidence" aria-label={label} title={title} aria-haspopup="dialog" onClick={() => set({ ev: of })}>{children}</button>;
}

const m = catalogue({
  zh: {
    open: "{name} {value}，看依据", missing: "没有数据", then: "对比值 {value}", cannot: "{against} 无从比较", pending: "待算", few: "只有 {n} 人，还不足以下结论",
    interval: "区间 {range}", n: "{n} 人",
  },
  en: {
    open: "{name} {value}, show evidence", missing: "No data", then: "Compared with {value}", cannot: "{against}: nothing to compare", pending: "pending",
    few: "Only {n} people: too few to say", interval: "interval {range}", n: "{n} people",
  },
});
