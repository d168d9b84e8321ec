/** 限额: what may be used of what, how it stands, who changed it and why; changed here, with a reason and a look at the effect. */
import { type ReactNode } from "react";
import { Button, Drawer } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { useGet, urlOf } from "@/api/client";
import { useRefresh } from "@/api/live";
import { exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { amountOf, LimitBar } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { usePolicyName } from "@/parts/policyName";
import { useUndoToast } from "@/parts/UndoToast";
import { usePresent } from "@/shell/Shell";
import { useMay } from "@/state/session";
import { useParams } from "@/state/url";
import { LimitForm, LimitHistory } from "./LimitForm";
import { m } from "./limitMessages";
import { grouped, hoursText, type LimitBarRow, type LimitState } from "./limits";

const SHOWN = 5; // subjects of a limit before the history is opened

export default function Limits(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const present = usePresent();
  const may = useMay("configure") && present;
  const [params, set] = useParams();
  const [toast, tell] = useUndoToast();
  const { data, error, refetch } = useGet("/v1/limits");
  useRefresh(["/v1/limits"]);
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const [changed, seen] = [data.rows.find((row) => row.name === params.get("change")), data.rows.find((row) => row.name === params.get("limit"))];
  const open = (may ? changed : undefined) ?? seen;
  const close = (): void => set({ change: "", limit: "" });
  const saved = (text: string): void => {
    close();
    tell({ text, log: "/settings/audit" });
    void client.invalidateQueries();
  };
  const gone = data.rows.filter((row) => !row.holds);
  const line = (row: LimitState): ReactNode => <Line key={row.name} row={row} may={may} onChange={() => set({ change: row.name, limit: "" })} onHistory={() => set({ limit: row.name, change: "" })} />;
  return (
    <div className="stack">
      <div className="row wrap"><p className="note grow">{t("lead")} {t("who", { roles: lang === "zh" ? data.rows[0]?.raisers_zh.join("、") ?? "" : data.rows[0]?.raisers_en.join(", ") ?? "" })}</p><ExportMenu name="limits" csv={urlOf("/v1/limits.csv")} xlsx={urlOf("/v1/limits.xlsx")} label={t("export")} /></div>
      {grouped(data.rows).map(({ group, rows }) => (
        <section key={group} className="card" aria-labelledby={`limits-${group}`}>
          <header><h2 id={`limits-${group}`}>{t(group)} <span className="note" style={{ fontWeight: 400 }}>{t(`${group}Note`)}</span></h2></header>
          {rows.map(line)}
        </section>
      ))}
      {gone.length > 0 && (
        <section className="card" aria-labelledby="limits-gone">
          <header><h2 id="limits-gone">{t("shownGone")}</h2></header>
          {gone.map(line)}
        </section>
      )}
      <Drawer open={open !== undefined} onClose={close} size={560} title={open && (open === changed && may ? t("change", { name: open[lang] }) : open[lang])} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {open && (open === changed && may ? <LimitForm key={open.name} row={open} onSaved={saved} onClose={close} /> : <LimitHistory key={open.name} row={open} may={may} onSaved={saved} />)}
      </Drawer>
      {toast}
    </div>
  );
}

/** One limit: what it counts on the left, how it stands in the middle, what may be done on the right. */
function Line({ row, may, onChange, onHistory }: { row: LimitState; may: boolean; onChange: () => void; onHistory: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const words = lang === "zh" ? row.words_zh : row.words_en;
  const reason = lang === "zh" ? row.reason_zh : row.reason_en;
  const other = row.shipped_cap !== null && row.shipped_cap !== row.cap;
  return (
    <div className="limit-line">
      <div>
        <h3>{row[lang]}</h3>
        <p className="note">{words}</p>
        <p className="note">{row.since_ms ? t("since", { who: row.who, time: time(row.since_ms, lang), reason }) : t("asShipped", { reason })}</p>
      </div>
      <div>
        {row.holds ? <Standing row={row} /> : <p>{t("gone")}</p>}
        {row.holds && (other || row.shipped_cap === null) && <p className="note">{row.shipped_cap === null ? t("own") : t("shipped", { n: amountOf(row.shipped_cap, row.unit, lang) })}</p>}
      </div>
      <div className="row wrap" style={{ justifyContent: "flex-end" }}>
        {may && row.holds && <Button size="small" onClick={onChange} aria-label={t("change", { name: row[lang] })}>{t("edit")}</Button>}
        <Button size="small" type="link" onClick={onHistory} aria-label={`${t("history")} ${row[lang]}`}>{t("history")}</Button>
      </div>
    </div>
  );
}

/** Bars where all or each policy is counted; how many people stand where, where people are. */
function Standing({ row }: { row: LimitState }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const policyName = usePolicyName();
  if (row.bars.length > 0) {
    return (
      <div className="stack" style={{ gap: 8 }}>
        {row.bars.slice(0, SHOWN).map((bar) => (
          <LimitBar
            key={bar.account} name={subject(bar, t, policyName) || row[lang]} cap={bar.cap} used={bar.used} reserved={bar.reserved} unit={bar.unit} resetsMs={bar.resets_ms} hours={hoursText(row.hours, lang) || undefined}
            reason={bar.free < 0 && row.since_ms ? (lang === "zh" ? row.reason_zh : row.reason_en) : undefined}
          />
        ))}
      </div>
    );
  }
  const told = ([["near", row.near], ["full", row.full], ["over", row.over]] as const).filter(([, n]) => n > 0);
  return (
    <div>
      <p><b className="num">{t("cap", { n: amountOf(row.cap, row.unit, lang) })}</b></p>
      <p className="note">{row.subjects === 0 ? t("nobody") : [t("counted", { n: exact(row.subjects) }), ...told.map(([key, n]) => t(key, { n: exact(n) }))].join(" · ")}</p>
      {row.full + row.over > 0 && <p><Link to={`/decisions?by=limit&name=${row.name}`}>{t("log")}</Link></p>}
    </div>
  );
}

/** What one account of a limit counts: a policy, a channel. */
function subject(bar: LimitBarRow, t: ReturnType<typeof useT<(typeof m)["zh"]>>, policyName: (name: string) => string): string {
  const keys = { policy: "forPolicy", channel: "forChannel", platform: "forPlatform", offer: "forOffer" } as const;
  return Object.entries(bar.subject).map(([key, name]) => (key in keys ? t(keys[key as keyof typeof keys], { name: key === "policy" ? policyName(name) : name }) : name)).join(" · ");
}
