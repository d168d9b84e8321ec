/** 审批: what waits for agreement, one at a time, by keyboard. */
import "./approvals.css";
import { useCallback, useEffect, useState, type ReactNode } from "react";
import { Button, Input, Modal, Segmented } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, useGet } from "@/api/client";
import { exact, money, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { problemOf } from "@/parts/problem";
import { Seal } from "@/parts/Seal";
import { useUndoToast } from "@/parts/UndoToast";
import { useShortcuts } from "@/shell/keys";
import { useParams } from "@/state/url";
import { Detail } from "./Detail";
import { inOrder, leftOf, moved, type Effect, type Line, type View } from "./logic";
import { m } from "./messages";

const EACH_MS = 15_000;
const ROWS = 200;

export default function Approvals(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const [params, set] = useParams();
  const [toast, tell] = useUndoToast();
  const ended = params.get("tab") === "ended";
  const id = params.get("id") ?? "";
  const list = useGet("/v1/approvals", { query: { state: ended ? "" : "open", limit: ROWS } }, { refetchInterval: EACH_MS });
  const rows = ended ? (list.data?.rows ?? []).filter((row) => row.state !== "open") : inOrder((list.data?.rows ?? []).filter((row) => row.state === "open"));
  const shown = id || rows[0]?.id || "";
  const { data, error, refetch } = useGet("/v1/approvals/{approval_id}", { path: { approval_id: shown } }, { enabled: shown !== "", refetchInterval: EACH_MS });
  const next = moved(rows, shown, 1);
  useGet("/v1/approvals/{approval_id}", { path: { approval_id: next } }, { enabled: next !== "" && next !== shown }); // preloaded
  const view = data?.line.id === shown ? data : undefined;
  const select = (to: string): void => { if (to) set({ id: to }, true); };

  const again = useCallback(
    () => Promise.all(["/v1/approvals", "/v1/approvals/{approval_id}", "/v1/todo", "/v1/cockpit"].map((path) => client.invalidateQueries({ queryKey: [path] }))),
    [client],
  );
  const acts = useActs(view, tell, again);
  useShortcuts({
    j: () => select(moved(rows, shown, 1)), k: () => select(moved(rows, shown, -1)),
    1: () => { if (view?.line.part === "decide") void acts.approve(); }, 2: () => { if (view?.line.part === "decide") acts.ask(); },
    u: () => { if (view?.line.part === "undo") void acts.undo(); },
  });

  if (list.error && !list.data) return <PageState state="error" error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <PageState state="loading" />;
  return (
    <div className={id ? "approvals one" : "approvals"}>
      <nav aria-label={t("list")} className="approvals-list">
        <Segmented<string> aria-label={t("which")} value={ended ? "ended" : ""} onChange={(tab) => set({ tab, id: "" })} options={[{ value: "", label: t("open") }, { value: "ended", label: t("ended") }]} />
        {rows.length === 0 ? (ended ? <p className="note approvals-none">{t("noneEnded")}</p> : <Nothing />) : (
          <ul>{rows.map((row) => <li key={row.id}><Row row={row} now={list.dataUpdatedAt} current={row.id === shown} onOpen={() => select(row.id)} /></li>)}</ul>
        )}
        {(rows.length > 0 || view) && <p className="note approvals-keys">{t("keys")}</p>}
      </nav>
      <section className="approvals-detail">
        <Button type="link" className="approvals-back" onClick={() => set({ id: "" })}>← {t("back")}</Button>
        {error && !view ? <PageState state="error" error={error} onRetry={() => void refetch()} />
          : view ? <div className="card"><Detail view={view} acts={<Verbs view={view} acts={acts} />} /></div>
            : shown ? <PageState state="loading" /> : null}
      </section>
      {acts.asking && view && <Refuse key={shown} title={lang === "zh" ? view.line.title_zh : view.line.title_en} n={view.counts.waiting ?? 0} onCancel={acts.closeAsk} onRefuse={acts.refuse} />}
      {toast}
    </div>
  );
}

/** Nothing waits: what was done last, so that an empty page still says something. */
function Nothing(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data } = useGet("/v1/approvals", { query: { limit: 20 } });
  const last = data?.rows.filter((row) => row.ended_ms !== null).sort((a, b) => (b.ended_ms ?? 0) - (a.ended_ms ?? 0))[0];
  return <PageState state="done" text={last ? t("nothingLast", { time: time(last.ended_ms, lang), state: t(`s_${last.state}`) }) : t("nothing")} actions={<></>} />;
}

function Row({ row, now, current, onOpen }: { row: Line; now: number; current: boolean; onOpen: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const left = leftOf(row.until_ms - now);
  const second = row.state === "open" && row.needs === 2 && row.missing === 1;
  const said = row.state !== "open" ? t(`s_${row.state}`) : row.part === "own" ? t("mine") : row.part === "voted" ? t("voted") : second ? t("needSecond") : "";
  return (
    <button type="button" className="plain approvals-row" aria-current={current || undefined} onClick={onOpen}>
      <span className="approvals-mark">{row.part === "decide" ? <Seal /> : <span aria-hidden>{row.state === "approved" ? "✓" : "○"}</span>}</span>
      <span className="grow">
        <span className="approvals-title">{lang === "zh" ? row.title_zh : row.title_en}</span>
        <span className="note approvals-facts">
          <span>{t("people", { n: exact(row.people) })}</span>
          {row.state === "open" && left && <span>{t("left", { time: t(left.unit, { n: left.n }) })}</span>}
          {said && <span>{said}</span>}
        </span>
      </span>
    </button>
  );
}

interface Acts {
  busy: boolean;
  problem: string;
  asking: boolean;
  ask: () => void;
  closeAsk: () => void;
  approve: () => Promise<void>;
  refuse: (reason: string) => Promise<void>;
  withdraw: () => Promise<void>;
  undo: () => Promise<void>;
}

/** The writes of an open approval; each says afterwards what it did, and to how many. */
function useActs(view: View | undefined, tell: (done: { text: string; undo?: () => Promise<unknown>; log?: string }) => void, again: () => Promise<unknown>): Acts {
  const t = useT(m);
  const lang = useLang();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ id: string; text: string }>({ id: "", text: "" });
  const [asking, setAsking] = useState("");
  const id = view?.line.id ?? "";
  const path = { approval_id: id };
  const sure = async (write: () => Promise<Effect>, then: (done: Effect) => void): Promise<void> => {
    if (busy || !id) return;
    setBusy(true);
    setProblem({ id, text: "" });
    try {
      const done = await write();
      setAsking("");
      then(done);
    } catch (failed) {
      setProblem({ id, text: t("failed", { problem: problemOf(failed, lang).text }) });
    } finally {
      setBusy(false);
      await again();
    }
  };
  const undone = (done: Effect): string => t(done.sending ? "doneUnder" : "doneUndone", { sent: exact(done.sent), gone: exact(done.withdrawn), n: exact(done.sending) });
  const undo = async (): Promise<void> => sure(() => api.post("/v1/approvals/{approval_id}/undo", { path, body: { reason: "" } }), (done) => tell({ text: undone(done), log: "/settings/audit" }));
  const cast = (ballot: "approve" | "refuse", reason: string): Promise<Effect> => api.post("/v1/approvals/{approval_id}/vote", { path, body: { ballot, content: view?.content ?? "", reason } });
  return {
    busy, problem: problem.id === id ? problem.text : "", asking: asking === id && id !== "", ask: () => setAsking(id), closeAsk: () => setAsking(""), undo,
    approve: () => sure(() => cast("approve", ""), (done) => tell(
      done.approval.state === "approved" ? { text: t("doneApproved", { n: exact(done.freed) }), undo } : { text: t("doneFirst", { n: done.missing }) },
    )),
    refuse: (reason) => sure(() => cast("refuse", reason), (done) => tell({ text: t("doneRefused", { n: exact(done.withdrawn) }) })),
    withdraw: () => sure(() => api.post("/v1/approvals/{approval_id}/withdraw", { path, body: { reason: "" } }), (done) => tell({ text: t("doneWithdrawn", { n: exact(done.withdrawn) }) })),
  };
}

function Verbs({ view, acts }: { view: View; acts: Acts }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { line } = view;
  const n = exact(line.people);
  const second = line.needs === 2;
  const gone = (view.counts.withdrawn ?? 0) + (view.counts.expired ?? 0) + (view.counts.refused ?? 0);
  const approve = line.dry ? t("approveDry", { n }) : !second ? t("approve", { n }) : line.missing === 2 ? t("approveFirst") : t("approveSecond", { n });
  return (
    <>
      {line.part === "decide" && (
        <div className="row wrap">
          <Button type="primary" loading={acts.busy} onClick={() => void acts.approve()} aria-keyshortcuts="1"><kbd aria-hidden>1</kbd> {approve}</Button>
          <Button disabled={acts.busy} onClick={acts.ask} aria-keyshortcuts="2"><kbd aria-hidden>2</kbd> {t("refuse")}</Button>
        </div>
      )}
      {line.part === "own" && <div className="row wrap"><span>{t("ownNote")}</span><Button disabled={acts.busy} onClick={() => void acts.withdraw()}>{t("withdraw")}</Button></div>}
      {line.part === "voted" && <p><span aria-hidden style={{ color: "var(--celadon)" }}>✓</span> {t("votedNote", { n: line.missing })}</p>}
      {line.part === "right" && <p className="note">{t("rightNote")}</p>}
      {line.part === "undo" && <Button disabled={acts.busy} onClick={() => void acts.undo()} aria-keyshortcuts="u"><kbd aria-hidden>u</kbd> {t("undo")}</Button>}
      {line.state === "open" && gone > 0 && <p className="note"><span aria-hidden style={{ color: "var(--amber)" }}>◐</span> {t("goneNote", { n: exact(gone) })}</p>}
      {second && line.state === "open" && <p className="note">{t("twoNote", { people: exact(view.four_eyes_people), money: money(view.four_eyes_fen, "CNY", lang) })}</p>}
      {acts.problem && <p role="alert"><span aria-hidden style={{ color: "var(--amber)" }}>◐</span> {acts.problem}</p>}
    </>
  );
}

function Refuse({ title, n, onCancel, onRefuse }: { title: string; n: number; onCancel: () => void; onRefuse: (reason: string) => Promise<void> }): ReactNode {
  const t = useT(m);
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const given = reason.trim() !== "";
  const send = async (): Promise<void> => {
    setAsked(true);
    if (!given || busy) return;
    setBusy(true);
    await onRefuse(reason.trim());
    setBusy(false);
  };
  useEffect(() => document.getElementById("approval-reason")?.focus(), []);
  return (
    <Modal open title={t("refuseTitle", { title })} onCancel={onCancel} onOk={() => void send()} okText={t("refuseOk", { n: exact(n) })} cancelText={t("cancel")} confirmLoading={busy} okButtonProps={{ disabled: !given }}>
      <label className="field-block" htmlFor="approval-reason">{t("refuseLabel")}
        <Input id="approval-reason" value={reason} maxLength={240} aria-describedby="approval-reason-note" onChange={(event) => setReason(event.target.value)} onPressEnter={() => void send()} />
        <span id="approval-reason-note" className="note">{asked && !given ? t("reasonNeeded") : t("refuseHint")}</span>
      </label>
    </Modal>
  );
}
