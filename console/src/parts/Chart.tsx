/** A chart with its table: drawn by ECharts, told in one sentence, the same numbers under `t`. */
import { type KeyboardEvent as Press, type PointerEvent, type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Button } from "antd";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { catalogue, useT } from "@/i18n";
import { prefs, useMode } from "@/state/prefs";
import { ExportMenu, type ExportMenuProps } from "./ExportMenu";
import { TableTwin, textOf, type Twin, Wide } from "./TableTwin";
import "./figures.css";

export interface ChartProps {
  /** ECharts option without animation, fonts or colours of the theme */
  option: EChartsCoreOption;
  /** one sentence that says what the picture says */
  label: string;
  twin: Twin;
  height?: number;
  /** above 2,000 marks the picture is a canvas */
  marks?: number;
  /** a click: index of the bucket on the x axis, series under the pointer if any */
  onPick?: (bucket: number, series: number | null) => void;
  /** a drag along the x axis, or Shift with the arrows and Enter: first and last bucket; the twin has a row a bucket */
  onRange?: (from: number, to: number) => void;
  /** how files are called; absent: no export */
  name?: string;
  files?: Pick<ExportMenuProps, "csv" | "xlsx" | "command">;
  /** stands left of the tools: a title, a legend of buttons */
  before?: ReactNode;
}

const DRAG_PX = 6;

export function Chart(props: ChartProps): ReactNode {
  const { label, twin, height = 240, name, files, before } = props;
  const t = useT(m);
  const figure = useRef<HTMLElement>(null);
  const picture = useRef<EChartsType | null>(null);
  const [table, toggle] = useTwin(figure);
  return (
    <figure ref={figure} className="chart">
      <div className="row" style={{ minHeight: 32 }}>
        <div className="grow">{before}</div>
        <Button size="small" type="text" aria-pressed={table} onClick={toggle} title={t("key")}>{table ? t("chart") : t("table")}</Button>
        {name && <ExportMenu name={name} label={label} table={twin} image={table ? undefined : () => svgOf(picture.current)} {...files} />}
      </div>
      {table ? <Wide label={twin.caption} minHeight={height}><TableTwin twin={twin} /></Wide> : <Picture {...props} height={height} picture={picture} />}
    </figure>
  );
}

/** Whether the table stands in the place of the chart; `t` turns the chart that has the focus or the pointer, else all. */
export function useTwin(place: RefObject<HTMLElement | null>): [boolean, () => void] {
  const [table, setTable] = useState(false);
  useEffect(() => {
    let jumped = 0;
    const press = (event: KeyboardEvent): void => {
      const on = event.target instanceof HTMLElement ? event.target : null;
      if (event.key === "g") jumped = Date.now();
      if (event.key !== "t" || event.metaKey || event.ctrlKey || event.altKey || !prefs().shortcuts) return;
      if (on?.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(on?.tagName ?? "")) return;
      if (Date.now() - jumped < 1_200 || document.querySelector('[role="dialog"]')) return; // `g t` is a jump of the shell
      const chosen = on?.closest("figure.chart") ?? document.querySelector("figure.chart:hover");
      if (!chosen || chosen === place.current) setTable((now) => !now);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [place]);
  return [table, () => setTable((now) => !now)];
}

function Picture({ option, label, twin, height, marks = 0, onPick, onRange, picture }: ChartProps & { picture: RefObject<EChartsType | null> }): ReactNode {
  const mode = useMode();
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(option);
  const hovered = useRef<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const canvas = marks > 2_000;

  useEffect(() => {
    latest.current = option;
    picture.current?.setOption(calm(option), { notMerge: true });
  }, [option, picture]);

  useEffect(() => {
    let gone = false;
    let stop = (): void => {};
    void import("./echarts").then(({ init }) => {
      if (gone || !place.current) return;
      const chart = init(place.current, mode, { renderer: canvas ? "canvas" : "svg" });
      chart.setOption(calm(latest.current));
      chart.on("mouseover", (event) => void (hovered.current = (event as { seriesIndex?: number }).seriesIndex ?? null));
      chart.on("mouseout", () => void (hovered.current = null));
      const watch = new ResizeObserver(() => chart.resize());
      watch.observe(place.current);
      picture.current = chart;
      stop = () => {
        watch.disconnect();
        chart.dispose();
        picture.current = null;
      };
    });
    return () => {
      gone = true;
      stop();
    };
  }, [mode, canvas, picture]);

  const bucketAt = (x: number): number => Number(picture.current?.convertFromPixel({ xAxisIndex: 0 }, x) ?? NaN);
  const at = (event: PointerEvent): number => event.clientX - (place.current?.getBoundingClientRect().left ?? 0);
  const acts = Boolean(onPick ?? onRange);
  const t = useT(m);
  const [cursor, setCursor] = useState<{ from: number; to: number } | null>(null);
  const pixel = (bucket: number): number => Number(picture.current?.convertToPixel({ xAxisIndex: 0 }, bucket) ?? NaN);
  const press = (event: Press): void => {
    const next = moved(cursor, event.key, event.shiftKey && Boolean(onRange), twin.rows.length);
    if (next !== undefined) {
      event.preventDefault();
      setCursor(next);
    } else if (event.key === "Enter" && cursor) {
      event.preventDefault();
      setCursor(null);
      const [from, to] = [Math.min(cursor.from, cursor.to), Math.max(cursor.from, cursor.to)];
      if (from < to) onRange?.(from, to);
      else onPick?.(to, null);
    }
  };
  const names = cursor ? [Math.min(cursor.from, cursor.to), Math.max(cursor.from, cursor.to)].map((at) => textOf(twin.rows[at]?.[0])) : [];
  const band = cursor ? [pixel(Math.min(cursor.from, cursor.to)), pixel(Math.max(cursor.from, cursor.to))] as const : null;
  return (
    <div
      style={{ position: "relative", height, cursor: acts ? "pointer" : undefined, touchAction: "pan-y" }}
      {...(acts ? { tabIndex: 0, role: "group", "aria-label": t(onRange ? "keysRange" : "keys"), onKeyDown: press, onBlur: () => setCursor(null) } : {})}
      onPointerDown={acts ? (event) => event.button === 0 && setDrag({ from: at(event), to: at(event) }) : undefined}
      onPointerMove={drag ? (event) => setDrag({ ...drag, to: at(event) }) : undefined}
      onPointerLeave={drag ? () => setDrag(null) : undefined}
      onPointerUp={drag ? (event) => {
        const [from, to] = [bucketAt(Math.min(drag.from, at(event))), bucketAt(Math.max(drag.from, at(event)))];
        setDrag(null);
        if (!Number.isFinite(from) || !Number.isFinite(to)) return;
        if (onRange && Math.abs(drag.to - drag.from) > DRAG_PX) onRange(Math.max(0, from), Math.max(0, to));
        else if (from >= 0) onPick?.(from, hovered.current);
      } : undefined}
    >
      <div ref={place} role="img" aria-label={label} style={{ width: "100%", height: "100%" }} />
      {acts && <span className="hidden-text" role="status">{cursor && (cursor.from === cursor.to ? names[0] : t("span", { from: names[0] ?? "", to: names[1] ?? "" }))}</span>}
      {cursor && band && band.every(Number.isFinite) && (
        <>
          <div style={{ position: "absolute", top: 0, bottom: 0, left: band[0] - 1, width: Math.max(2, band[1] - band[0] + 2), background: "var(--blue-tint)", opacity: 0.6, borderInline: "1px solid var(--blue)", pointerEvents: "none" }} />
          <span aria-hidden className="note" style={{ position: "absolute", top: 0, left: band[0] + 4, background: "var(--sheet)", padding: "0 4px", pointerEvents: "none" }}>{cursor.from === cursor.to ? names[0] : t("span", { from: names[0] ?? "", to: names[1] ?? "" })}</span>
        </>
      )}
      {drag && onRange && Math.abs(drag.to - drag.from) > DRAG_PX && (
        <div style={{ position: "absolute", top: 0, bottom: 0, left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from), background: "var(--blue-tint)", opacity: 0.6, pointerEvents: "none" }} />
      )}
    </div>
  );
}

/** Where the cursor over the buckets goes by a key: null = gone, undefined = the key says nothing. */
export function moved(at: { from: number; to: number } | null, key: string, stretch: boolean, count: number): { from: number; to: number } | null | undefined {
  if (key === "Escape") return at ? null : undefined;
  const last = count - 1;
  const to = { ArrowLeft: at ? at.to - 1 : last, ArrowRight: at ? at.to + 1 : 0, Home: 0, End: last }[key];
  if (to === undefined || count === 0) return undefined;
  const held = Math.max(0, Math.min(last, to));
  return { from: stretch && at ? at.from : held, to: held };
}

/** Nothing moves by itself; the sentence is ours, so that ECharts adds none. */
const calm = (option: EChartsCoreOption): EChartsCoreOption => ({ animation: false, aria: { enabled: false }, ...option });

function svgOf(chart: EChartsType | null): string | undefined {
  const drawn = chart as (EChartsType & { renderToSVGString?: () => string }) | null;
  return drawn?.renderToSVGString?.();
}

const m = catalogue({
  zh: {
    table: "表格", chart: "图", key: "键 t", span: "{from} 至 {to}", keys: "图：方向键逐点看，回车看依据",
    keysRange: "图：方向键逐点看，按住 Shift 选一段，回车改为这一段，Esc 取消",
  },
  en: {
    table: "Table", chart: "Chart", key: "Key t", span: "{from} to {to}", keys: "Chart: arrow keys go point by point, Enter opens the evidence",
    keysRange: "Chart: arrow keys go point by point, with Shift they select a range, Enter shows it, Esc lets go",
  },
});
