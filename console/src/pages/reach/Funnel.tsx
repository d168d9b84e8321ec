/** From sent to redeemed, by channel or by run: how many, which share, in which interval. */
import type { ReactNode } from "react";
import { Radio } from "antd";
import { urlOf, useGet, type Schemas } from "@/api/client";
import { digitsFor, exact, MISSING, range, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { usePolicyName } from "@/parts/policyName";
import { useParams } from "@/state/url";
import { m } from "./messages";
import { word } from "./words";

type FunnelRow = Schemas["ReachFunnelLine"];
const FEW = 30;

export function Funnel({ query, runs }: { query: { channel: string; policy: string; run: string; since: number }; runs: readonly Schemas["ReachRun"][] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const policyName = usePolicyName();
  const [params, set] = useParams();
  const by = params.get("by") === "run" ? "run" : "channel";
  const { data, error, refetch } = useGet("/v1/reach/funnel", { query });
  if (error && !data) return <section><h2>{t("funnelTitle")}</h2><PageState state="error" error={error} onRetry={() => void refetch()} /></section>;
  const rows = by === "run" ? (data?.runs ?? []) : (data?.channels ?? []);
  const redeems = rows.some((row) => row.redeemed !== null);
  const columns: Column<FunnelRow>[] = [
    { key: "channel", title: t("channel"), always: true, width: 180, render: (row) => whatBy(row, lang) },
    ...(by === "run" ? [{ key: "run", title: t("run"), always: true, width: 240, render: (row: FunnelRow) => runName(row, runs, lang, t("noRun"), policyName) }] : []),
    { key: "sent", title: t("sent"), numeric: true, width: 110, always: true, render: (row) => exact(row.sent) },
    { key: "delivered", title: t("delivered"), numeric: true, width: 170, render: (row) => <Share hits={row.delivered} of={row} share={row.delivered_share} /> },
    { key: "opened", title: t("opened"), numeric: true, width: 170, render: (row) => <Share hits={row.opened} of={row} share={row.opened_share} /> },
    ...(redeems ? [{ key: "redeemed", title: t("redeemed"), numeric: true, width: 170, render: (row: FunnelRow) => (row.redeemed === null ? MISSING : <Share hits={row.redeemed} of={row} share={row.redeemed_share} />) }] : []),
    { key: "failed", title: t("failed"), numeric: true, width: 170, render: (row) => <Share hits={row.failed} of={row} share={row.failed_share} /> },
    { key: "heard", title: t("heard"), numeric: true, width: 110, startsHidden: true, render: (row) => exact(row.heard) },
  ];
  return (
    <section className="card">
      <header>
        <h2>{t("funnelTitle")}</h2>
        <Radio.Group size="small" aria-label={t("funnelTitle")} optionType="button" value={by} onChange={(event) => set({ by: event.target.value === "run" ? "run" : "" })} options={[{ value: "channel", label: t("byChannel") }, { value: "run", label: t("byRun") }]} />
        <ExportMenu name="reach-funnel" csv={urlOf("/v1/reach/funnel.csv", undefined, query)} xlsx={urlOf("/v1/reach/funnel.xlsx", undefined, query)} label={t("funnelTitle")} />
      </header>
      <DataTable id="reach-funnel" label={t("funnelTitle")} bare columns={columns} rows={rows} rowKey={(row) => `${row.channel} ${row.kind} ${row.run}`} total={rows.length} empty={t("funnelNone")} />
      <p className="note" style={{ marginTop: 8 }}>{t("funnelNote")}</p>
    </section>
  );
}

/** A share with its interval; few: counts alone; no receipt at all: unknown, never 0. */
function Share({ hits, of, share }: { hits: number; of: FunnelRow; share: Schemas["Estimate"] | null }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (share === null) return <span title={t("noReceipt")}>{MISSING}</span>;
  if (of.sent < FEW) return t("countOnly", { n: exact(hits), of: exact(of.sent) });
  const digits = digitsFor(share.low * 100, share.high * 100);
  const tell = (value: number): string => `${exact(value * 100, digits)}%`;
  return <span title={t("countOnly", { n: exact(hits), of: exact(of.sent) })}>{tell(share.value)}<span className="note" style={{ display: "block" }}>{t("interval", { range: range(tell(share.low), tell(share.high), lang) })}</span></span>;
}

/** 应用推送消息; a coupon that goes by a channel of messages says so. */
function whatBy(row: FunnelRow, lang: "zh" | "en"): string {
  const channel = word("channel", row.channel, lang);
  return row.kind === "coupon" && row.channel !== "coupon" ? `${word("channel", "coupon", lang)} · ${channel}` : channel;
}

export function runName(row: { run: string; policy: string }, runs: readonly Schemas["ReachRun"][], lang: "zh" | "en", none: string, policyName: (name: string) => string): string {
  if (!row.run) return none;
  const found = runs.find((one) => one.id === row.run);
  return [policyName(row.policy || found?.policy || "") || row.run.slice(0, 8), found ? time(found.begun_ms, lang) : ""].filter(Boolean).join(" · ");
}
