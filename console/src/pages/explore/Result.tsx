/** One answer, drawn as its kind asks. */
import type { Schemas } from "@/api/client";
import type { ReactNode } from "react";
import { clock, DAY_MS, days, exact, MISSING, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { Chart } from "@/parts/Chart";
import { PageState } from "@/parts/PageState";
import { SmallMultiples, sumOf } from "@/parts/SmallMultiples";
import type { Cell } from "@/parts/TableTwin";
import { scaleFor, shown, shownExact } from "@/parts/units";
import { useMode } from "@/state/prefs";
import { platformColour, TOKENS } from "@/theme";
import type { KindName } from "./Form";
import { FunnelBars } from "./FunnelBars";
import { barsOption, binName, cohortName, type Line, linesOption, partName, reached } from "./logic";
import { m } from "./messages";
import { PathFlow } from "./PathFlow";
import { RetentionGrid } from "./RetentionGrid";
import type { Answers, Kind } from "./kinds";

type Bin = Schemas["Bin"];
type Distribution = Schemas["Distribution"];
type EventTrend = Schemas["EventTrend"];
type Intervals = Schemas["Intervals"];
type Ltv = Schemas["Ltv"];

export interface Files { csv: string; xlsx: string; name: string }
interface Of<T> { data: T; files: Files; kinds: readonly KindName[] }

export function Result({ kind, data, files, kinds }: { kind: Kind; data: Answers[Kind]; files: Files; kinds: readonly KindName[] }): ReactNode {
  switch (kind) {
    case "events": return <Events data={data as Answers["events"]} files={files} kinds={kinds} />;
    case "funnel": return <FunnelBars data={data as Answers["funnel"]} files={files} />;
    case "retention": return <RetentionGrid data={data as Answers["retention"]} files={files} />;
    case "paths": return <PathFlow data={data as Answers["paths"]} files={files} kinds={kinds} />;
    case "distribution": return <Spread data={data as Answers["distribution"]} files={files} kinds={kinds} />;
    case "interval": return <Gaps data={data as Answers["interval"]} files={files} kinds={kinds} />;
    case "ltv": return <Value data={data as Answers["ltv"]} files={files} kinds={kinds} />;
  }
}

/** That nothing was found, with the days that were asked. */
export function None({ window }: { window: { start_ms: number; end_ms: number } }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return <PageState state="empty" text={t("none", { days: days(window.start_ms, window.end_ms, lang) })} />;
}

export const kindName = (name: string, kinds: readonly KindName[], lang: "zh" | "en"): string => {
  const found = kinds.find((one) => one.name === name);
  return (lang === "zh" ? found?.zh : found?.en) || name;
};

const MOST_LINES = 5;

function Events({ data, files, kinds }: Of<EventTrend>): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const points = data.series[0]?.[1] ?? [];
  if (data.series.every(([, one]) => !one.some((point) => point.value))) return <None window={data.window} />;
  const starts = points.map((point) => point.start_ms);
  const width = starts.length > 1 ? (starts[1] as number) - (starts[0] as number) : DAY_MS;
  const place = (start: number): string => (width < DAY_MS ? (clock(start) === "00:00" ? cohortName(start, "day", lang) : clock(start)) : cohortName(start, width < 7 * DAY_MS ? "day" : width < 27 * DAY_MS ? "week" : "month", lang));
  const unit = data.measure === "amount" ? "money" : "count";
  const word = data.measure === "events" ? t("timesUnit") : data.measure === "people" ? t("peopleUnit") : "";
  const name = `${kindName(data.kind, kinds, lang)} · ${t(data.measure as "events")}`;
  const parts = data.series.map(([key, one], at) => ({
    key, title: partName(key, data.by, lang), name: partName(key, data.by, lang), points: one,
    colour: data.by === "platform" ? platformColour(key, mode) : at === 0 ? TOKENS[mode].ink : TOKENS[mode].field,
  }));
  if (parts.length > MOST_LINES) return <SmallMultiples parts={parts} name={word ? `${name}（${word}）` : name} unit={unit} currency={data.currency} bucket={place} before={<h2>{name}</h2>} />;
  const scale = scaleFor(data.series.flatMap(([, one]) => one.map((point) => point.value)), unit, lang, data.currency);
  const lines: Line[] = parts.map((part) => ({ name: part.title, colour: part.colour, values: part.points.map((point) => point.value), partial: part.points.at(-1)?.partial }));
  const head = scale.name === "个" || scale.name === "number" ? word || scale.name : scale.name;
  const total = sumOf(points);
  return (
    <Chart
      before={<h2>{name}</h2>} option={linesOption(lines, starts.map(place), unit, lang, mode, data.currency, head)} name={files.name} files={files} height={360}
      label={t("trendSaid", { name, days: days(data.window.start_ms, data.window.end_ms, lang), total: data.measure === "people" ? MISSING : shown(total, unit, lang, data.currency) })}
      twin={{
        caption: name, columns: [{ title: t("time") }, ...parts.map((part) => ({ title: `${part.title}（${head}）`, numeric: true }))],
        rows: starts.map((start, at) => [place(start), ...parts.map((part): Cell => cell(part.points[at]?.value ?? null, scale, unit, data.currency))]),
      }}
    />
  );
}

function Spread({ data, files, kinds }: Of<Distribution>): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const of = data.unit === "money" ? "money" : "count";
  if (data.people === 0) return <None window={data.window} />;
  const tell = (value: number | null): string => (of === "money" ? shown(value, "money", lang, data.currency) : exact(value, value !== null && Number.isInteger(value) ? 0 : 1));
  const said = t("spreadSaid", { n: exact(data.people), median: tell(data.median), mean: tell(data.mean), p90: tell(data.p90) });
  return <Bars title={`${kindName(data.of, kinds, lang)} · ${t(of)}`} said={said} bins={data.bins} place={(bin) => binName(bin, of, lang, data.currency)} unit={t("peopleUnit")} head={t("peopleCount")} files={files} />;
}

function Gaps({ data, files, kinds }: Of<Intervals>): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (data.pairs === 0) return <None window={data.window} />;
  const tell = (value: number | null): string => exact(value, 1);
  const said = t("intervalSaid", { n: exact(data.pairs), median: tell(data.median_days), p10: tell(data.p10_days), p90: tell(data.p90_days) });
  const title = `${kindName(data.start, kinds, lang)} → ${kindName(data.back, kinds, lang)}`;
  return <Bars title={title} said={said} bins={data.bins} place={(bin) => binName(bin, "days", lang)} unit={t("pairsUnit")} head={t("pairs")} files={files} />;
}

interface BarsProps { title: string; said: string; bins: readonly Bin[]; place: (bin: Bin) => string; unit: string; head: string; files: Files }

function Bars({ title, said, bins, place, unit, head, files }: BarsProps): ReactNode {
  const t = useT(m);
  const mode = useMode();
  const total = bins.reduce((sum, bin) => sum + bin.people, 0);
  return (
    <Chart
      before={<div><h2>{title}</h2><p>{said}</p></div>} label={`${title}：${said}`} name={files.name} files={files} height={360}
      option={barsOption(bins.map((bin) => bin.people), bins.map(place), unit, mode)}
      twin={{
        caption: title, columns: [{ title: t("bin") }, { title: head, numeric: true }, { title: "%", numeric: true }],
        rows: bins.map((bin) => [place(bin), exact(bin.people), total > 0 ? share(bin.people / total).replace("%", "") : MISSING]),
      }}
    />
  );
}

function Value({ data, files }: Of<Ltv>): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const people = data.rows.reduce((sum, row) => sum + row.people, 0);
  const last = data.overall.findLast((value) => value !== null) ?? null;
  if (people === 0) return <None window={data.window} />;
  const width = reached(data.overall);
  if (width === 0) return <PageState state="empty" text={t("ltvSoon")} actions={<></>} />;
  const ages = data.overall.slice(0, width).map((_, at) => t(`age_${data.period}` as "age_week", { n: at }));
  const named = data.rows.filter((row) => row.people > 0);
  const lines: Line[] = [
    ...named.map((row): Line => ({ name: cohortName(row.start_ms, data.period, lang), colour: TOKENS[mode].field, values: row.amount.slice(0, width), quiet: true })),
    { name: t("overall"), colour: TOKENS[mode].ink, values: data.overall.slice(0, width) },
  ];
  const scale = scaleFor([...data.overall, ...named.flatMap((row) => row.amount)], "money", lang, data.currency);
  return (
    <Chart
      before={<div><h2>{t("ltvUnit")}</h2><p className="note">{t("ltvNote")}</p></div>} name={files.name} files={files} height={360}
      label={t("ltvSaid", { n: named.length, last: shown(last, "money", lang, data.currency) })} option={linesOption(lines, ages, "money", lang, mode, data.currency)}
      twin={{
        caption: t("ltvUnit"), columns: [{ title: t("cohort") }, { title: t("size"), numeric: true }, ...ages.map((age) => ({ title: `${age}（${scale.name}）`, numeric: true }))],
        rows: [
          ...named.map((row): Cell[] => [cohortName(row.start_ms, data.period, lang), exact(row.people), ...row.amount.slice(0, width).map((value) => cell(value, scale, "money", data.currency))]),
          [t("overall"), exact(people), ...data.overall.slice(0, width).map((value) => cell(value, scale, "money", data.currency))],
        ],
      }}
    />
  );
}

function cell(value: number | null, scale: ReturnType<typeof scaleFor>, unit: "money" | "count", currency?: string): Cell {
  return value === null ? MISSING : { text: scale.text(value), exact: shownExact(value, unit, currency) };
}
