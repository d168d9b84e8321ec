/** What is not sent yet, by what it waits for; and what was given up, with what to do about it. */
import type { ReactNode } from "react";
import { Button } from "antd";
import { Link } from "react-router";
import { useGet, type Schemas } from "@/api/client";
import { exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { Seal } from "@/parts/Seal";
import { useParams } from "@/state/url";
import { m } from "./messages";
import type { Verbs } from "./verbs";
import { word } from "./words";

export function Waits({ waits }: { waits: readonly Schemas["WaitCount"][] }): ReactNode {
  const t = useT(m);
  return (
    <section className="card reach-half">
      <h2 style={{ marginBottom: 12 }}>{t("waitTitle")}</h2>
      {waits.length === 0 ? <PageState state="done" text={t("waitNone")} actions={<></>} /> : (
        <ul className="reach-list">{waits.map((one) => <li key={`${one.why} ${one.channel} ${one.approval}`}><Wait one={one} /></li>)}</ul>
      )}
    </section>
  );
}

function Wait({ one }: { one: Schemas["WaitCount"] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const n = { n: exact(one.rows), channel: word("channel", one.channel, lang) };
  const title = lang === "zh" ? one.title_zh : one.title_en;
  const at = (ms: number | null | undefined): string => time(ms, lang);
  if (one.why === "approval") {
    const text = title ? t("wApprovalOf", { ...n, title }) : t("wApproval", n);
    return <><span aria-hidden>○ </span><Link to={`/approvals?id=${one.approval}`}>{text}</Link>{one.last_ms != null && <span className="note" style={{ display: "block" }}>{t("wUntil", { time: at(one.last_ms) })}</span>}</>;
  }
  const [text, note] = {
    time: [t("wTime", n), t("wFrom", { from: at(one.first_ms) })], retry: [t("wRetry", n), t("wNext", { why: word("error", one.error, lang), time: at(one.first_ms) })],
    turn: [t("wTurn", n), t("wTurnNote")], sending: [t("wSending", n), ""],
  }[one.why as "time" | "retry" | "turn" | "sending"] ?? [`${one.rows} ${one.why}`, ""];
  return <><span aria-hidden>○ </span>{text}{note && <span className="note" style={{ display: "block" }}>{note}</span>}</>;
}

export function Dead({ verbs }: { verbs: Verbs }): ReactNode {
  const t = useT(m);
  const { data, error, refetch } = useGet("/v1/reach/dead", {}, { refetchInterval: 15_000 });
  const rows = data?.rows ?? [];
  return (
    <section className="card reach-half" aria-label={t("deadTitle")}>
      <h2 style={{ marginBottom: 12 }}>{t("deadTitle")} {rows.length > 0 && <Seal>{exact(rows.reduce((sum, row) => sum + row.rows, 0))}</Seal>}</h2>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} />
        : data && rows.length === 0 ? <PageState state="done" text={t("deadNone")} actions={<></>} />
        : <ul className="reach-list">{rows.map((row) => <li key={`${row.error} ${row.channel} ${row.sender}`}><Group row={row} verbs={verbs} /></li>)}</ul>}
    </section>
  );
}

function Group({ row, verbs }: { row: Schemas["DeadLetters"]; verbs: Verbs }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [, set] = useParams();
  const group = { error: row.error, channel: row.channel, sender: row.sender };
  const doubtful = Math.max(0, Math.min(row.uncertain, row.rows - row.arrived - row.late));
  const facts = [
    row.text && t("deadSaid", { text: row.text }), row.uncertain > 0 && t("uncertainRows", { n: exact(row.uncertain) }), row.arrived > 0 && t("arrivedRows", { n: exact(row.arrived) }),
    row.late > 0 && t("lateRows", { n: exact(row.late) }), row.first_ms < row.last_ms ? t("deadWhen", { first: time(row.first_ms, lang), last: time(row.last_ms, lang) }) : time(row.last_ms, lang),
  ].filter(Boolean);
  return (
    <>
      <p><span aria-hidden style={{ color: "var(--amber)" }}>◐ </span><b>{lang === "zh" ? row.what_zh : row.what_en}</b> <span>{t("deadOf", { channel: word("channel", row.channel, lang), n: exact(row.rows) })}</span></p>
      <p>{t("deadDo", { what: lang === "zh" ? row.do_zh : row.do_en })}</p>
      <p className="note" style={{ overflowWrap: "anywhere" }}>{facts.join(" · ")}</p>
      <div className="row wrap" style={{ marginTop: 4 }}>
        {verbs.may && row.again > 0 && <Button size="small" disabled={verbs.busy} onClick={() => void verbs.retry(group)}>{t("retryN", { n: exact(row.again) })}</Button>}
        {verbs.may && doubtful > 0 && <Button size="small" disabled={verbs.busy} onClick={() => void verbs.retry({ ...group, uncertain: true })}>{t("retryDoubt", { n: exact(doubtful + row.again) })}</Button>}
        <Button size="small" type="link" onClick={() => set({ state: "dead", channel: row.channel, error: row.error, since: "all" })}>{t("seeRows")}</Button>
      </div>
    </>
  );
}
