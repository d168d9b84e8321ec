/** The whole story of one action: what was known and decided, each attempt, what came back, what it used; what may still be done. */
import { useRef, type ReactNode } from "react";
import { Button } from "antd";
import { Link } from "react-router";
import { useGet, type Schemas } from "@/api/client";
import { exact, moneyExact, share, time } from "@/format";
import { useLang, useT, type Lang } from "@/i18n";
import { DataTable } from "@/parts/DataTable";
import { amountOf } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { usePolicyName } from "@/parts/policyName";
import { TraceLink, type TraceStep } from "@/parts/TraceLink";
import { m } from "./messages";
import { Came, Whom } from "./Outbox";
import type { Verbs } from "./verbs";
import { isDead, isOpen, word } from "./words";

export function Story({ id, verbs }: { id: string; verbs: Verbs }): ReactNode {
  const t = useT(m);
  const { data, error, refetch } = useGet("/v1/reach/actions/{action_id}", { path: { action_id: id } }, { placeholderData: undefined, refetchInterval: 15_000 });
  const attempts = useRef<HTMLElement>(null);
  const receipts = useRef<HTMLElement>(null);
  const steps = useSteps(data, () => attempts.current?.scrollIntoView(), () => receipts.current?.scrollIntoView());
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const { line } = data;
  return (
    <div className="stack">
      <div className="row wrap" style={{ gap: 16 }}>
        <Whom line={line} />
        <Came line={line} />
        <span className="grow" />
        {verbs.may && isDead(line) && <Button size="small" disabled={verbs.busy || line.receipts.length > 0} onClick={() => void verbs.retry({ ids: [id], uncertain: line.uncertain })}>{line.uncertain ? t("retryDoubt", { n: 1 }) : t("retryN", { n: 1 })}</Button>}
        {verbs.may && isOpen(line) && <Button size="small" disabled={verbs.busy} onClick={() => void verbs.withdraw({ ids: [id] })}>{t("withdraw")}</Button>}
      </div>
      <TraceLink steps={steps} label={t("way")} />
      <Facts told={data} />
      <section ref={attempts}><h3 style={{ marginBottom: 4 }}>{t("attemptsTitle")}</h3><Attempts told={data} /></section>
      <section ref={receipts}><h3 style={{ marginBottom: 4 }}>{t("receiptsTitle")}</h3><Receipts told={data} /></section>
    </div>
  );
}

function useSteps(told: Schemas["ActionStory"] | undefined, toAttempts: () => void, toReceipts: () => void): TraceStep[] {
  const t = useT(m);
  const lang = useLang();
  if (!told) return [];
  const at = (ms: number | null | undefined): string => (ms == null ? "" : time(ms, lang));
  return told.steps.map((step, place) => {
    const base = { key: `${step.what} ${place}`, mark: step.state, note: at(step.at_ms) };
    if (step.what === "facts") return { ...base, title: t("facts"), note: t("known", { n: exact(Number(step.id)) }) };
    if (step.what === "decision") return { ...base, title: t("decision"), note: step.state === "broken" ? t("decisionGone") : t("toHappen", { time: base.note }), to: step.state === "broken" ? undefined : `/decisions?decision=${step.id}` };
    if (step.what === "approval") return { ...base, title: t("approval"), to: `/approvals?id=${step.id}` };
    if (step.what === "attempt") return { ...base, title: t("attempt", { n: step.id }), note: [word("outcome", step.word, lang), base.note].filter(Boolean).join(" "), onPick: toAttempts };
    if (step.what === "receipt" && step.state === "open") return { ...base, title: t("awaiting"), note: "" };
    if (step.what === "receipt") return { ...base, title: word("receipt", step.word, lang), onPick: toReceipts };
    return { ...base, title: t("action") };
  });
}

function Facts({ told }: { told: Schemas["ActionStory"] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const policyName = usePolicyName();
  const { line, decision, approval, hold } = told;
  const body = [...told.body].sort((a, b) => ORDER.indexOf(String(a[0])) - ORDER.indexOf(String(b[0]))).map((pair) => [word("body", String(pair[0]), lang), bodyText(String(pair[0]), pair[1], lang)] as const);
  const rows: (readonly [string, ReactNode])[] = [
    [t("channel"), [word("channel", line.channel, lang), told.sender].filter(Boolean).join(" · ")], ...body.filter(([name]) => name !== t("channel")),
    ...(decision ? [[t("decision"), <Link key="d" to={`/decisions?decision=${decision.id}`}>{t("decisionOf", { policy: policyName(decision.policy), share: share(decision.propensity, 0) })}</Link>] as const, ["", <span key="p" className="note">{t("proposed", { mode: word("mode", decision.mode, lang), arm: word("arm", decision.arm, lang) })}</span>] as const] : []),
    ...(approval ? [[t("approval"), <Link key="a" to={`/approvals?id=${approval.id}`}>{lang === "zh" ? approval.title_zh : approval.title_en}</Link>] as const] : []),
    [t("window"), t("windowText", { from: time(line.not_before_ms, lang), to: time(line.not_after_ms, lang) })],
    ...(line.state === "ready" && line.next_ms > line.not_before_ms ? [[t("next"), time(line.next_ms, lang)] as const] : []),
    ...(hold ? [[t("hold"), t("holdText", { amounts: Object.entries(hold.amounts).map(([unit, amount]) => amountOf(amount, unit, lang)).join(lang === "zh" ? "，" : ", "), state: word("hold", hold.state, lang) })] as const] : []),
    ...(told.receipt ? [[t("receiver"), told.receipt] as const] : []),
    ...(line.error || line.error_text ? [[t("why"), [line.error && word("error", line.error, lang), line.error_text, line.uncertain && t("uncertain")].filter(Boolean).join(" · ")] as const] : []),
  ];
  return (
    <section>
      <h3 style={{ marginBottom: 4 }}>{t("what")}</h3>
      <dl className="reach-facts">{rows.map(([name, value], place) => <div key={place} style={{ display: "contents" }}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

/** What is said comes before its terms; a word of somebody else's first of all. */
const ORDER: readonly string[] = ["title", "content", "text", "amount", "threshold", "days", "purpose", "channel"];

function bodyText(name: string, value: unknown, lang: Lang): string {
  if (name === "channel" || name === "purpose") return word(name, String(value), lang);
  if ((name === "amount" || name === "threshold") && typeof value === "number") return moneyExact(value);
  return name === "days" && lang === "zh" ? `${String(value)} 天` : String(value);
}

function Attempts({ told }: { told: Schemas["ActionStory"] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (told.attempts.length === 0) return <p className="note">{t("noAttempts")}</p>;
  return (
    <DataTable
      id="reach-attempts" label={t("attemptsTitle")} bare rows={told.attempts} rowKey={(row) => String(row.attempt)} total={told.attempts.length}
      columns={[
        { key: "attempt", title: t("attempts"), numeric: true, width: 64, render: (row) => exact(row.attempt) },
        { key: "begun_ms", title: t("begun"), width: 160, render: (row) => time(row.begun_ms, lang) },
        { key: "outcome", title: t("outcome"), width: 150, render: (row) => (row.ended_ms == null ? t("underWay") : word("outcome", row.outcome, lang)) },
        { key: "detail", title: t("said"), render: (row) => <span style={{ overflowWrap: "anywhere" }}>{row.detail || "—"}</span> },
      ]}
    />
  );
}

function Receipts({ told }: { told: Schemas["ActionStory"] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (told.receipts.length === 0) return <p className="note">{t("noReceipts")}</p>;
  return (
    <DataTable
      id="reach-receipts" label={t("receiptsTitle")} bare rows={told.receipts} rowKey={(row) => row.state} total={told.receipts.length}
      columns={[
        { key: "state", title: t("state"), width: 110, render: (row) => word("receipt", row.state, lang) },
        { key: "at_ms", title: t("happened"), width: 160, render: (row) => time(row.at_ms, lang) },
        { key: "heard_ms", title: t("heardAt"), width: 160, render: (row) => time(row.heard_ms, lang) },
        { key: "detail", title: t("said"), render: (row) => <span style={{ overflowWrap: "anywhere" }}>{row.problem ? t("notCounted", { why: t(row.problem === "unknown" ? "unknown" : "unsent") }) : row.detail || "—"}</span> },
      ]}
    />
  );
}
