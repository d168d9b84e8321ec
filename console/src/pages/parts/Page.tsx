import type { ReactNode } from "react";
import { Button, Segmented } from "antd";
import { ApiError, useGet } from "@/api/client";
import { change, count, day, money, moneyExact, points, share, time, week } from "@/format";
import { useLang, useT } from "@/i18n";
import { CertaintyWord } from "@/parts/CertaintyWord";
import { Disc } from "@/parts/Disc";
import { FilterBar } from "@/parts/FilterBar";
import { PageState, type State } from "@/parts/PageState";
import { Seal } from "@/parts/Seal";
import { PLATFORMS } from "@/platforms";
import { useMode } from "@/state/prefs";
import { useParam } from "@/state/url";
import { TOKENS } from "@/theme";
import { m } from "./messages";
import { More } from "./More";

const AT = Date.UTC(2026, 10, 15, 6, 20);
const PLAIN: State[] = ["never", "empty", "done", "few", "no-permission", "no-people", "erased", "nowhere"];

/** Every part in every state, to be looked at and photographed. */
export default function Parts(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const colours = TOKENS[useMode()];
  const { data, refetch } = useGet("/v1/roles");
  const [variant, setVariant] = useParam("variant", "paid");
  return (
    <div className="stack">
      <section className="card">
        <header><h2>{t("states")}</h2><Button onClick={() => void refetch()}>{t("again")}</Button><span className="note" role="status">{t("said", { what: "/v1/roles", n: data?.rows.length ?? 0 })}</span></header>
        <div className="grid">
          {PLAIN.map((state) => <div key={state} style={{ gridColumn: "span 6", borderTop: "1px solid var(--line)" }}><PageState state={state} n={11} /></div>)}
          <div style={{ gridColumn: "span 6" }}><PageState state="partial" text={t("partialText")} /></div>
          <div style={{ gridColumn: "span 6" }}><PageState state="stale" text={t("staleText")} /></div>
          <div style={{ gridColumn: "span 6" }}><PageState state="error" error={new ApiError(503, "all readers are in use", "Ask again in a moment")} onRetry={() => void refetch()} /></div>
          <div style={{ gridColumn: "span 6" }}><PageState state="refused" error={new ApiError(403, t("refusedWhat"), "11月16日")} /></div>
          <div style={{ gridColumn: "span 12" }}><PageState state="loading" progress={{ done: 4_712_000, total: 12_400_000 }} onStop={() => {}} /></div>
        </div>
      </section>
      <div className="grid">
        <section className="card" style={{ gridColumn: "span 6" }}>
          <header><h2>{t("marks")}</h2></header>
          <p className="row wrap">
            <span><Seal /> {t("waiting")}</span><Seal>18</Seal><span style={{ color: "var(--celadon)" }}>✓ {t("settled")}</span>
            <span style={{ color: "var(--amber)" }}>◐ {t("doubt")}</span><span>○ {t("running")}</span>
          </p>
          <p className="row wrap" style={{ marginTop: 12 }}>{(["proven", "likely", "possible", "unknown"] as const).map((word) => <CertaintyWord key={word} word={word} />)}</p>
          <h2 style={{ margin: "16px 0 8px" }}>{t("platforms")}</h2>
          <p className="row wrap">{PLATFORMS.map((one) => <Disc key={one.id} platform={one.id} named />)}</p>
        </section>
        <section className="card" style={{ gridColumn: "span 6" }}>
          <header><h2>{t("numbers")}</h2></header>
          <p style={{ fontSize: 28, lineHeight: "36px", fontWeight: 600 }}>{money(1_324_900_000, "CNY", lang)}</p>
          <p>{change(0.083, lang)} · {points(-0.013, lang)} · {share(0.413)} · {count(308_000_000, lang)} · {moneyExact(-8800)}</p>
          <p>{day(AT, lang)} · {time(AT, lang)} · {week(AT, lang)}</p>
        </section>
      </div>
      <section className="card">
        <header><h2>{t("filters")}</h2></header>
        <FilterBar onReset={variant === "paid" ? undefined : () => setVariant("paid")}>
          <Segmented aria-label={t("variant")} value={variant} onChange={setVariant} options={[{ value: "paid", label: t("paid") }, { value: "placed", label: t("placed") }]} />
        </FilterBar>
      </section>
      <More />
      <section className="card">
        <header><h2>{t("colours")}</h2></header>
        <div className="row wrap">
          {Object.entries(colours).map(([name, value]) => (
            <span key={name} className="note" style={{ width: 96 }}><span style={{ display: "block", height: 32, background: value, border: "1px solid var(--line)" }} />{name}</span>
          ))}
        </div>
      </section>
    </div>
  );
}
