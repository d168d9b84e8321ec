/** The same curve for many parts on one scale, so that heights may be compared; a click keeps to that part. */
import { type ReactNode, useMemo, useRef } from "react";
import { Button } from "antd";
import type { Schemas } from "@/api/client";
import { MISSING } from "@/format";
import { catalogue, useLang, useT } from "@/i18n";
import { useTwin } from "./Chart";
import { ExportMenu } from "./ExportMenu";
import { TableTwin, type Twin, Wide } from "./TableTwin";
import { scaleFor, shown, type Unit } from "./units";
import "./figures.css";

type Point = Schemas["Point"];

export interface Multiple {
  key: string;
  name: ReactNode;
  /** the name as text, for the table and for those who do not see the picture */
  title: string;
  colour: string;
  points: readonly Point[];
  /** said under the curve: stale, how much of the whole */
  note?: ReactNode;
}

export interface SmallMultiplesProps {
  parts: readonly Multiple[];
  /** what is drawn: 成交额 */
  name: string;
  unit: Unit;
  currency?: string;
  /** how a bucket is called in the table */
  bucket: (start_ms: number) => string;
  chosen?: readonly string[];
  onPick?: (key: string) => void;
  before?: ReactNode;
}

const [WIDTH, HEIGHT] = [168, 48];

export function SmallMultiples({ parts, name, unit, currency = "CNY", bucket, chosen = [], onPick, before }: SmallMultiplesProps): ReactNode {
  const lang = useLang();
  const t = useT(m);
  const place = useRef<HTMLElement>(null);
  const [table, toggle] = useTwin(place);
  const values = useMemo(() => parts.flatMap((part) => part.points.map((point) => point.value)), [parts]);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const twin = useMemo(() => twinOf(parts, name, bucket, scaleFor(values, unit, lang, currency), t("partial")), [parts, name, bucket, values, unit, lang, currency, t]);
  return (
    <figure className="chart" ref={place}>
      <div className="row" style={{ minHeight: 32 }}>
        <div className="grow">{before}</div>
        <Button size="small" type="text" aria-pressed={table} onClick={toggle}>{table ? t("chart") : t("table")}</Button>
        <ExportMenu name={name} label={name} table={twin} />
      </div>
      {table ? <Wide label={twin.caption}><TableTwin twin={twin} /></Wide> : (
        <>
        <p className="note" style={{ marginBottom: 4 }}>{t("scale", { most: shown(most, unit, lang, currency) })}</p>
        <div className="multiples">
          {parts.map((part) => {
            const total = unit === "share" || unit === "ratio" || unit === "days" ? lastOf(part.points) : sumOf(part.points);
            const inside = (
              <>
                <span className="cut" style={{ display: "block" }} title={part.title}>{part.name}</span> <span className="hidden-text">{name}</span> <span className="multiple-total" title={t("whole")}>{shown(total, unit, lang, currency)}</span>
                <Curve points={part.points} most={most} colour={part.colour} />
                {part.note}
              </>
            );
            const label = t("part", { part: part.title, name, value: shown(total, unit, lang, currency) });
            return onPick ? (
              <button key={part.key} type="button" className="plain multiple" aria-pressed={chosen.includes(part.key)} onClick={() => onPick(part.key)}>{inside}</button>
            ) : <div key={part.key} className="multiple" role="img" aria-label={label}>{inside}</div>;
          })}
        </div>
        </>
      )}
    </figure>
  );
}

/** The curve as runs without gaps; a running last bucket is hollow and hangs on it by dashes. */
function Curve({ points, most, colour }: { points: readonly Point[]; most: number; colour: string }): ReactNode {
  const spots = spotsOf(points, most, WIDTH, HEIGHT);
  const last = points.at(-1);
  const runs = last?.partial === true && spots.at(-1) != null;
  const over = runs ? spots.slice(0, -1) : spots;
  const [before, end] = [spots.at(-2), spots.at(-1)];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} stroke="var(--line)" vectorEffect="non-scaling-stroke" />
      {runsOf(over).map((run) => <polyline key={run} points={run} fill="none" stroke={colour} strokeWidth={1.75} vectorEffect="non-scaling-stroke" />)}
      {runs && before && end && <polyline points={`${before.join(",")} ${end.join(",")}`} fill="none" stroke={colour} strokeWidth={1.75} strokeDasharray="4 3" vectorEffect="non-scaling-stroke" />}
      {runs && end && [[colour, 8], ["var(--sheet)", 5]].map(([ink, wide]) => <path key={wide} d={`M${end.join(" ")}h0.01`} stroke={ink as string} strokeWidth={wide} strokeLinecap="round" vectorEffect="non-scaling-stroke" />)}
    </svg>
  );
}

type Spot = readonly [number, number] | null;

/** Places of points inside a box, 0 at its foot; null where there is no value. */
export function spotsOf(points: readonly Point[], most: number, width: number, height: number): Spot[] {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points.map((point, at) => (point.value == null ? null : [round(at * step), round(most > 0 ? height - (point.value / most) * height : height)]));
}

/** Runs of neighbouring places as SVG points: a gap in the data is a gap in the line; a lone place is a short stroke. */
export function runsOf(spots: readonly Spot[]): string[] {
  const runs: (readonly [number, number])[][] = [[]];
  for (const spot of spots) {
    if (spot) runs.at(-1)?.push(spot);
    else if (runs.at(-1)?.length) runs.push([]);
  }
  return runs.filter((run) => run.length > 0).map((run) => (run.length === 1 ? [run[0], [(run[0]?.[0] ?? 0) + 1, run[0]?.[1]]] : run).map((spot) => spot?.join(",")).join(" "));
}

export const sumOf = (points: readonly Point[]): number | null =>
  points.every((point) => point.value == null) ? null : points.reduce((sum, point) => sum + (point.value ?? 0), 0);
const lastOf = (points: readonly Point[]): number | null => points.findLast((point) => point.value != null)?.value ?? null;
const round = (value: number): number => Math.round(value * 10) / 10;

function twinOf(parts: readonly Multiple[], name: string, bucket: (ms: number) => string, scale: ReturnType<typeof scaleFor>, partial: string): Twin {
  const starts = [...new Set(parts.flatMap((part) => part.points.map((point) => point.start_ms)))].sort((a, b) => a - b);
  return {
    caption: scale.name ? `${name}（${scale.name}）` : name,
    columns: [{ title: scale.name ? `${name}（${scale.name}）` : name }, ...parts.map((part) => ({ title: part.title, numeric: true }))],
    rows: starts.map((start) => [`${bucket(start)}${parts.some((part) => part.points.some((point) => point.start_ms === start && point.partial)) ? ` · ${partial}` : ""}`, ...parts.map((part) => {
      const value = part.points.find((point) => point.start_ms === start)?.value;
      return value == null ? MISSING : scale.text(value);
    })]),
  };
}

const m = catalogue({
  zh: { table: "表格", chart: "图", scale: "同一刻度，顶端 {most}", whole: "整段", partial: "未满", part: "{part} {name} {value}" },
  en: { table: "Table", chart: "Chart", scale: "One scale, top {most}", whole: "The whole range", partial: "not over", part: "{part} {name} {value}" },
});
