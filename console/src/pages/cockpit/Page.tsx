/** 多平台驾驶舱: good or bad, and where did it change? */
import { type ReactNode, useEffect, useState } from "react";
import { Button, Select } from "antd";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { ask, type ApiError, type Schemas } from "@/api/client";
import { useRefresh } from "@/api/live";
import { DAY_MS, days, isoDay, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { Chart } from "@/parts/Chart";
import { DateNotes } from "@/parts/DateNotes";
import { Disc } from "@/parts/Disc";
import { FreshnessBadge } from "@/parts/FreshnessBadge";
import { PageState } from "@/parts/PageState";
import { SmallMultiples } from "@/parts/SmallMultiples";
import { discColour, platformName } from "@/platforms";
import { useMode } from "@/state/prefs";
import { useMay } from "@/state/session";
import { customRange, filterQuery, useFilters, useParam, useParams } from "@/state/url";
import { Cards } from "./Cards";
import { Changes } from "./Changes";
import { bucketName, bucketWidth, lateFor, lateSentence, nearestRange, trendHeight, trendSentence, windowSentence } from "./logic";
import { m } from "./messages";
import { TodoList } from "./TodoList";
import { trendOption, trendTwin } from "./trend";
import "./cockpit.css";

type Cockpit = Schemas["Cockpit"];

const PATH = "/v1/cockpit";

export default function CockpitPage(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  const [metric] = useParam("metric");
  const query = { ...filterQuery(filters), metric };
  const { data, error, refetch, dataUpdatedAt } = useQuery<Cockpit, ApiError>({
    queryKey: [PATH, query], queryFn: ({ signal }) => ask("GET", PATH, { query, signal }), placeholderData: keepPreviousData,
  });
  useRefresh([PATH], !filters.asof);
  useNewest(data);
  if (!data) return error ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : <PageState state="loading" />;
  if (data.newest_at_ms === null) return filters.asof ? <PageState state="empty" text={t("notYet")} /> : <PageState state="never" />;
  return (
    <div className="stack cockpit">
      {error && (
        <PageState state="stale" text={t("failedRefresh", { time: time(dataUpdatedAt, lang) })} actions={<Button size="small" onClick={() => void refetch()}>{t("retry")}</Button>} />
      )}
      {isEmpty(data) ? <Nothing data={data} onChange={change} platforms={filters.pf} /> : <Body data={data} />}
    </div>
  );
}

/** A landing that names no range shows the newest days that have data when today has none; a range that was asked for stays. */
function useNewest(data: Cockpit | undefined): void {
  const [params, set] = useParams();
  const newest = data && isEmpty(data) ? data.newest_at_ms : null;
  const start = data?.window.start_ms ?? 0;
  const free = !params.has("t") && !params.has("pf");
  useEffect(() => {
    if (free && newest !== null && newest < start) set({ t: nearestRange(newest) }, true);
  }, [free, newest, start, set]);
}

const isEmpty = (data: Cockpit): boolean => data.rows === 0 && data.cards.every((card) => card.current.n === 0);

/** The range holds nothing: say where the nearest data are. */
function Nothing({ data, platforms, onChange }: { data: Cockpit; platforms: string[]; onChange: ReturnType<typeof useFilters>[1] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const now = data.as_of_ms;
  const newest = data.newest_at_ms ?? now;
  const asked = days(data.window.start_ms, data.window.end_ms, lang, now);
  const near = nearestRange(newest);
  const text = platforms.length > 0
    ? t("emptyPlatforms", { days: asked, platforms: platforms.map((id) => platformName(id, lang)).join(lang === "zh" ? "、" : ", ") })
    : t("empty", { days: asked, newest: time(newest, lang, now) });
  return (
    <PageState state="empty" text={text} actions={
      <>
        {newest < data.window.start_ms && <Button type="primary" onClick={() => onChange({ t: near })}>{t("nearest", { days: days(newest - 6 * DAY_MS, newest + 1, lang, now) })}</Button>}
        {platforms.length > 0 && <Button onClick={() => onChange({ pf: [] })}>{t("drop")}</Button>}
      </>
    } />
  );
}

function Body({ data }: { data: Cockpit }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const navigate = useNavigate();
  const [filters] = useFilters();
  const [wall] = useParam("wall");
  const now = data.as_of_ms;
  const late = lateFor(data.freshness, data.window, filters.pf);
  const told = data.freshness.filter((one) => one.state !== "never").length;
  const against = t(filters.cmp === "none" ? "prev" : filters.cmp);
  return (
    <>
      <div className="row wrap">
        <p className="grow" style={{ color: "var(--ink-2)" }}>{windowSentence(data.window, data.compared, lang, now)}</p>
        <FreshnessBadge sources={data.freshness} asOf={now} />
      </div>
      {late.length > 0 && (
        <PageState state={late.length >= told ? "stale" : "partial"} text={lateSentence(late, told, lang, now)} actions={wall ? <></> : <Button size="small" onClick={() => void navigate("/data/import")}>{t("mend")}</Button>} />
      )}
      <Cards cards={data.cards} against={data.compared ? against : ""} wall={wall === "1"} />
      {!wall && (
        <div className="grid">
          <section className="card cockpit-wide" aria-label={t("changes")}><Changes data={data} against={against} /></section>
          <section className="card cockpit-side" aria-label={t("todo")}><TodoList todo={data.todo} now={now} /></section>
          <section className="card cockpit-trend" aria-label={t("trend")}><Trend data={data} /></section>
          <section className="card cockpit-multiples" aria-label={t("platforms")}><Multiples data={data} /></section>
        </div>
      )}
      {wall && <section className="card" aria-label={t("platforms")}><Multiples data={data} /></section>}
    </>
  );
}

function Trend({ data }: { data: Cockpit }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const [params, set] = useParams();
  const [filters] = useFilters();
  const client = useQueryClient();
  const may = useMay("view") && !filters.asof;
  const [told, setTold] = useState("");
  const now = data.as_of_ms;
  const card = data.cards.find((one) => one.metric === data.metric) ?? data.cards[0];
  if (!card) return <PageState state="empty" />;
  const of = { trend: data.trend, notes: data.notes, end: data.window.end_ms, name: card[lang], unit: card.unit, currency: card.currency };
  const points = data.trend[0]?.points ?? [];
  const starts = points.map((point) => point.start_ms);
  const width = bucketWidth(starts);
  const endOf = (at: number): number => starts[at + 1] ?? data.window.end_ms;
  const write = async (work: Promise<unknown>, said: string): Promise<void> => {
    await work;
    setTold(said);
    await client.invalidateQueries({ queryKey: [PATH] });
  };
  return (
    <>
      <Chart
        before={(
          <div className="row wrap">
            <h2>{t("trend")}</h2>
            <Select<string>
              aria-label={t("metric")} size="small" value={card.metric} style={{ minWidth: 140 }} popupMatchSelectWidth={false}
              options={data.cards.map((one) => ({ value: one.metric, label: one[lang] }))} onChange={(id) => set({ metric: id === data.cards[0]?.metric ? "" : id })}
            />
          </div>
        )}
        option={trendOption(of, lang, mode, now)} twin={trendTwin(of, lang, now)} name={`${data.metric}-${isoDay(data.window.start_ms)}`} height={trendHeight(data.multiples.length)}
        label={trendSentence(points, { ...of, days: days(data.window.start_ms, data.window.end_ms, lang, now) }, lang, now)}
        onPick={(at) => set({ ev: `metric:${card.metric}`, ...(width >= DAY_MS && starts[at] !== undefined ? { t: customRange(starts[at], endOf(at)) } : {}) })}
        onRange={width >= DAY_MS ? (from, to) => set({ t: customRange(starts[from] ?? data.window.start_ms, endOf(to)) }) : undefined}
      />
      <DateNotes
        key={params.get("t") ?? ""} notes={data.notes} start={isoDay(data.window.end_ms - 1)}
        onAdd={may ? (day, text) => write(ask("POST", "/v1/notes", { body: { day, text } }), "") : undefined}
        onRemove={may ? (id) => write(ask("DELETE", "/v1/notes/{id}", { path: { id } }), t("removed", { text: data.notes.find((note) => note.id === id)?.text ?? "" })) : undefined}
      />
      <span className="hidden-text" role="status">{told}</span>
    </>
  );
}

function Multiples({ data }: { data: Cockpit }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const [filters, change] = useFilters();
  const card = data.cards.find((one) => one.metric === data.metric) ?? data.cards[0];
  if (!card) return <PageState state="empty" />;
  const width = bucketWidth(data.multiples[0]?.points.map((point) => point.start_ms) ?? []);
  const late = lateFor(data.freshness, data.window, []);
  const parts = data.multiples.map((one) => ({
    key: one.key, title: platformName(one.key, lang), name: <Disc platform={one.key} named />, colour: discColour(one.key, mode), points: one.points,
    note: late.some((source) => source.platform === one.key) ? <span className="note" style={{ color: "var(--amber)" }}>{t("lateData")}</span> : undefined,
  }));
  return (
    <SmallMultiples
      parts={parts} name={card[lang]} unit={card.unit} currency={card.currency} bucket={(start) => bucketName(start, width, lang, data.as_of_ms)} chosen={filters.pf}
      onPick={(id) => change({ pf: filters.pf.length === 1 && filters.pf[0] === id ? [] : [id] })} before={<h2>{t("platforms")} · {card[lang]}</h2>}
    />
  );
}
