import "./reach.css";
import { useState, type ReactNode } from "react";
import { Drawer } from "antd";
import { Link } from "react-router";
import { useGet, type Schemas } from "@/api/client";
import { exact, MISSING, share } from "@/format";
import { useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { useParams } from "@/state/url";
import { Funnel } from "./Funnel";
import { m } from "./messages";
import { Filters, Outbox, type Asked } from "./Outbox";
import { Story } from "./Story";
import { useVerbs } from "./verbs";
import { Dead, Waits } from "./Waits";
import { sinceOf, sums } from "./words";

export default function Page(): ReactNode {
  const t = useT(m);
  const [params, set] = useParams();
  const [now] = useState(() => Date.now());
  const [toast, tell] = useUndoToast();
  const verbs = useVerbs(tell);
  const text = (name: string): string => params.get(name) ?? "";
  const since = text("since") || "30d";
  const asked: Asked = { state: text("state"), channel: text("channel"), policy: text("policy"), run: text("run"), party: text("party"), error: text("error"), dry: text("dry"), since: sinceOf(since, now) };
  const query = { channel: asked.channel, policy: asked.policy, run: asked.run, since: asked.since };
  const whole = useGet("/v1/reach", { query }, { refetchInterval: 15_000 });
  const funnel = useGet("/v1/reach/funnel", { query }, { refetchInterval: 15_000 });
  const none = whole.data !== undefined && whole.data.counts.length === 0 && whole.data.runs.length === 0 && whole.data.waits.length === 0 && whole.data.dead === 0 && !asked.channel && !asked.policy;
  const ever = useGet("/v1/reach", { query: { since: 0 } }, { enabled: none }); // nothing in this time: was there ever anything?
  if (whole.error && !whole.data) return <PageState state="error" error={whole.error} onRetry={() => void whole.refetch()} />;
  if (!whole.data) return <PageState state="loading" />;
  if (none && ever.data?.counts.length === 0) return <PageState state="never" text={t("never")} actions={<Link to="/approvals">{t("seePlays")}</Link>} />;
  return (
    <div className="stack">
      <Glance whole={whole.data} channels={funnel.data?.channels} onState={(state) => set({ state, error: "" })} />
      <div className="grid">
        <Dead verbs={verbs} />
        <Waits waits={whole.data.waits} />
      </div>
      <Funnel query={query} runs={whole.data.runs} />
      <Outbox asked={asked} whole={whole.data} verbs={verbs} filters={<Filters asked={asked} whole={whole.data} since={since} />} />
      <Drawer open={text("action") !== ""} onClose={() => set({ action: "" })} size={720} title={t("story")} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {text("action") && <Story key={text("action")} id={text("action")} verbs={verbs} />}
      </Drawer>
      {toast}
    </div>
  );
}

/** Six numbers, and what else there is in a line of words. */
function Glance({ whole, channels, onState }: { whole: Schemas["Reach"]; channels?: readonly Schemas["ReachFunnelLine"][]; onState: (state: string) => void }): ReactNode {
  const t = useT(m);
  const all = sums(whole.counts);
  const of = (name: "sent" | "heard" | "delivered" | "opened" | "failed"): number => (channels ?? []).reduce((sum, one) => sum + one[name], 0);
  const [sent, heard] = [of("sent"), of("heard")];
  const came = (hits: number): [string, string] => (heard === 0 ? [MISSING, sent > 0 ? t("noReceipt") : ""] : [exact(hits), sent < 30 ? t("countOnly", { n: exact(hits), of: exact(sent) }) : t("ofSent", { share: share(hits / sent) })]);
  const waits = whole.waits.reduce((sum, one) => sum + one.rows, 0);
  const numbers: { key: string; name: string; value: string; note?: ReactNode; state?: string }[] = [
    { key: "sent", name: t("sent"), value: exact(all.sent), state: "sent" },
    ...(["delivered", "opened", "failed"] as const).map((key) => ({ key, name: t(key), value: came(of(key))[0], note: came(of(key))[1] })),
    { key: "waits", name: t("waits"), value: exact(waits) },
    { key: "dead", name: t("dead"), value: exact(all.dead), state: "dead" },
  ];
  const more = [
    { key: "dry", text: t("dryRows", { n: exact(all.dry) }), n: all.dry, state: "dry" }, { key: "refused", text: t("refusedRows", { n: exact(all.refused) }), n: all.refused, state: "refused" },
    { key: "withdrawn", text: t("withdrawnRows", { n: exact(all.withdrawn) }), n: all.withdrawn, state: "withdrawn" }, { key: "expired", text: t("expiredRows", { n: exact(all.expired) }), n: all.expired, state: "expired" },
  ].filter((one) => one.n > 0);
  return (
    <section aria-label={t("glance")}>
      <dl className="reach-strip">
        {numbers.map((one) => (
          <div key={one.key}>
            <dt>{one.name}</dt>
            <dd>
              {one.state ? <button type="button" className="plain" aria-label={`${one.name} ${one.value}`} onClick={() => onState(one.state ?? "")}>{one.value}</button> : <span>{one.value}</span>}
              {one.note && <span className="note" style={{ display: "block" }}>{one.note}</span>}
            </dd>
          </div>
        ))}
      </dl>
      <p className="row wrap note" style={{ marginTop: 12, gap: "0 16px" }}>
        {more.length > 0 && <span>{t("also")}</span>}
        {more.map((one) => <button key={one.key} type="button" className="plain" style={{ color: "var(--blue)" }} onClick={() => onState(one.state)}>{one.text}</button>)}
        {whole.parked > 0 && <span title={t("parkedNote")}>◐ {t("parkedRows", { n: exact(whole.parked) })}</span>}
        {whole.relay > 0 && <span>○ {t("relayRows", { n: exact(whole.relay) })}</span>}
      </p>
    </section>
  );
}
