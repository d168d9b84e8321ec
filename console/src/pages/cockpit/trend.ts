/** The trend as a picture and as a table: ink for this period, grey for the compared one, notes as dated lines. */
import type { EChartsCoreOption } from "echarts/core";
import type { Schemas } from "@/api/client";
import { MISSING } from "@/format";
import { say, type Lang } from "@/i18n";
import { noteLines } from "@/parts/DateNotes";
import type { Twin } from "@/parts/TableTwin";
import { scaleFor, shown, shownExact, type Unit } from "@/parts/units";
import { TOKENS, type Mode } from "@/theme";
import { bucketName, bucketWidth } from "./logic";
import { m } from "./messages";

type DateNote = Schemas["DateNote"];
type Point = Schemas["Point"];
type Series = Schemas["Series"];

export interface TrendOf {
  trend: readonly Series[];
  notes: readonly DateNote[];
  end: number;
  name: string;
  unit: Unit;
  currency: string;
}

export function trendOption(of: TrendOf, lang: Lang, mode: Mode, now: number): EChartsCoreOption {
  const t = say(m, lang);
  const c = TOKENS[mode];
  const points = of.trend[0]?.points ?? [];
  const compared = of.trend[1]?.points ?? [];
  const starts = points.map((point) => point.start_ms);
  const width = bucketWidth(starts);
  const scale = scaleFor([...points, ...compared].map((point) => point.value), of.unit, lang, of.currency);
  const lines = noteLines(of.notes, starts, of.end, lang);
  const style = (colour: string, dashed: boolean) => ({
    type: "line", labelLayout: { moveOverlap: "shiftY" }, lineStyle: { color: colour, width: 1.75, type: dashed ? "dashed" : "solid" }, itemStyle: { color: colour },
    symbol: "circle", symbolSize: 7, showSymbol: true, connectNulls: false, emphasis: { disabled: true },
  });
  // A line as far as it is over; the running bucket hangs on it by dashes and is hollow.
  const line = (series: readonly Point[], colour: string, name: string, ending = name) => {
    const runs = series.at(-1)?.partial === true && series.at(-1)?.value != null;
    const end = (text: string) => ({ show: true, formatter: text, color: colour, fontSize: 12 });
    const whole = { ...style(colour, false), name, data: starts.map((_, at) => dot(series[at], scale.by, runs && at === series.length - 1)), endLabel: runs ? { show: false } : end(name) };
    const hollow = { value: (series.at(-1)?.value ?? 0) / scale.by, itemStyle: { color: c.sheet, borderColor: colour, borderWidth: 1.75 } };
    const tail = starts.map((_, at) => (at === series.length - 1 ? hollow : at === series.length - 2 ? dot(series[at], scale.by, false) : dot(undefined, 1, false)));
    return runs ? [whole, { ...style(colour, true), name: ending, data: tail, endLabel: end(ending) }] : [whole];
  };
  const [main, ...running] = line(points, c.ink, t("current"), t("currentPartial"));
  return {
    grid: { left: 8, right: 104, top: lines.length > 0 ? 44 : 28, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", data: starts.map((start) => bucketName(start, width, lang, now)), boundaryGap: false, axisLabel: { hideOverlap: true } },
    yAxis: { type: "value", min: 0, name: scale.name, nameTextStyle: { align: "left", padding: [0, 0, 0, -24] }, splitNumber: 4 },
    tooltip: {
      trigger: "axis",
      formatter: (hits: { dataIndex: number }[]) => {
        const at = hits[0]?.dataIndex ?? 0;
        const tell = (series: readonly Point[]): string => (series[at]?.value == null ? t(series[at]?.partial ? "noneYet" : "gap") : shown(series[at].value, of.unit, lang, of.currency));
        const rows = [[t("current"), tell(points)], ...(compared.length > 0 ? [[t("compared"), tell(compared)]] : [])];
        const head = `${bucketName(starts[at] ?? 0, width, lang, now)}${points[at]?.partial ? ` · ${t("partial")}` : ""}`;
        return [head, ...rows.map(([name, value]) => `${name} ${value}`)].join("<br>");
      },
    },
    series: [
      ...(compared.length > 0 ? line(compared, c.field, t("compared")) : []),
      {
        ...main, z: 3,
        markLine: {
          silent: true, symbol: "none", lineStyle: { color: c.ink3, type: "solid", width: 1 },
          data: lines.map((one) => ({ xAxis: one.at, label: { formatter: one.text, color: c.ink2, fontSize: 12, position: "end" } })),
        },
      },
      ...running.map((one) => ({ ...one, z: 3 })),
    ],
  };
}

/** The table of the trend: a row a bucket, one unit a column. */
export function trendTwin(of: TrendOf, lang: Lang, now: number): Twin {
  const t = say(m, lang);
  const points = of.trend[0]?.points ?? [];
  const compared = of.trend[1]?.points ?? [];
  const scale = scaleFor([...points, ...compared].map((point) => point.value), of.unit, lang, of.currency);
  const unit = scale.name ? `（${scale.name}）` : "";
  const width = bucketWidth(points.map((point) => point.start_ms));
  const cell = (point: Point | undefined) => (point?.value == null ? (point?.partial ? t("noneYet") : MISSING) : { text: scale.text(point.value), exact: shownExact(point.value, of.unit, of.currency) });
  return {
    caption: `${of.name}${unit}`,
    columns: [{ title: t("bucket") }, { title: `${t("current")}${unit}`, numeric: true }, ...(compared.length > 0 ? [{ title: `${t("compared")}${unit}`, numeric: true }] : [])],
    rows: points.map((point, at) => [
      `${bucketName(point.start_ms, width, lang, now)}${point.partial ? ` · ${t("partial")}` : ""}`, cell(point), ...(compared.length > 0 ? [cell(compared[at])] : []),
    ]),
  };
}

/** A point without mark; a gap stays a gap, and what another line draws is left out. */
function dot(point: Point | undefined, by: number, left: boolean): { value: number | null; symbol?: string; symbolSize?: number } {
  return point?.value == null || left ? { value: null, symbol: "none" } : { value: point.value / by, symbolSize: 0.01 };
}
