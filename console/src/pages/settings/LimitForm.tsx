/** Changing a limit: the new cap, what it would do, the reason; and its history, from which any version comes back. */
import { useId, useState, type FormEvent, type ReactNode } from "react";
import { Button, Input } from "antd";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, ApiError, useGet, type Schemas } from "@/api/client";
import { exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { amountOf } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { wordsOf } from "@/parts/problem";
import { m } from "./limitMessages";
import { capText, hoursText, typedCap, type LimitState } from "./limits";

export function LimitForm({ row, onSaved, onClose }: { row: LimitState; onSaved: (text: string) => void; onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const id = useId();
  const [text, setText] = useState(capText(row.cap, row.unit));
  const [hours, setHours] = useState<readonly string[]>(row.hours);
  const [reason, setReason] = useState("");
  const [note, setNote] = useState("");
  const timed = row.hours.length === 2; // what holds at some hours alone is changed by its hours
  const cap = timed ? row.cap : typedCap(text, row.unit);
  const moved = cap !== null && (timed ? hours.join() !== row.hours.join() && hours.every((one) => one !== "") : cap !== row.cap);
  const becomes = timed ? hoursText(hours, lang) : amountOf(cap ?? 0, row.unit, lang);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (cap === null) return setNote(t("whole"));
    if (!reason.trim()) return setNote(t("needReason"));
    try {
      await api.put("/v1/limits/{name}", { path: { name: row.name }, body: timed ? { hours: [...hours], reason } : { cap, reason } });
      onSaved(t("saved", { name: row[lang], n: becomes }));
    } catch (error) {
      setNote(error instanceof ApiError ? t("failed", wordsOf(error)) : String(error));
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <p className="note" style={{ marginBottom: 16 }}>{lang === "zh" ? row.words_zh : row.words_en}</p>
      {timed ? (
        <div className="row" style={{ marginBottom: 16, gap: 16 }}>
          {([["from", 0], ["to", 1]] as const).map(([key, at]) => (
            <div key={key} className="field-block" style={{ margin: 0 }}>
              <label htmlFor={`${id}-${key}`}>{t(key)}</label>
              <Input id={`${id}-${key}`} type="time" value={hours[at]} onChange={(event) => setHours(hours.map((one, place) => (place === at ? event.target.value : one)))} />
            </div>
          ))}
        </div>
      ) : (
        <>
          <div className="field-block">
            <label htmlFor={`${id}-cap`}>{t("newCap")}</label>
            <Input id={`${id}-cap`} value={text} inputMode="decimal" onChange={(event) => setText(event.target.value)} suffix={row.unit === "fen" ? t("unit_fen") : amountOf(0, row.unit, lang).replace(/^0 /, "")} style={{ maxWidth: 240 }} aria-describedby={`${id}-effect`} />
          </div>
          <div id={`${id}-effect`} aria-live="polite" style={{ minHeight: 66, marginBottom: 16 }}>{moved ? <Effect row={row} cap={cap} /> : cap === null && <p className="note">{t("whole")}</p>}</div>
        </>
      )}
      <div className="field-block">
        <label htmlFor={`${id}-reason`}>{t("reason")}</label>
        <Input.TextArea id={`${id}-reason`} value={reason} onChange={(event) => { setReason(event.target.value); setNote(""); }} placeholder={t("reasonHint")} maxLength={240} autoSize={{ minRows: 2, maxRows: 4 }} />
      </div>
      <p role={note ? "alert" : undefined} style={{ color: "var(--amber)", marginBottom: note ? 12 : 0 }}>{note && `◐ ${note}`}</p>
      <div className="row wrap">
        <Button htmlType="submit" type="primary" disabled={!moved}>{moved ? t("save", { n: becomes }) : t("saveNothing")}</Button>
        <Button onClick={onClose}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

/** How many would stand above the new cap. */
function Effect({ row, cap }: { row: LimitState; cap: number }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error } = useQuery({ queryKey: ["limit-preview", row.name, cap], queryFn: () => api.post("/v1/limits/{name}/preview", { path: { name: row.name }, body: { cap } }) });
  if (error) return <p className="note">{error instanceof ApiError ? t("failed", wordsOf(error)) : String(error)}</p>;
  if (!data) return <p className="note">{t("previewing")}</p>;
  const [n, over, most] = [exact(data.subjects), exact(data.over), amountOf(data.over_most, row.unit, lang)];
  return (
    <>
      <p>{data.over > 0 ? <span style={{ color: "var(--amber)" }}>◐ {t("exceeds", { n, over, most })}</span> : data.subjects > 0 ? t("fits", { n }) : t("noAccounts")}</p>
      {data.over > 0 && <p className="note">{t("exceedsNote")}</p>}
      {row.per.includes("person") && data.subjects > 0 && <p className="note">{t("later")}</p>}
    </>
  );
}

/** Every version, the newest first; what may configure brings one back or takes the limit away. */
export function LimitHistory({ row, may, onSaved }: { row: LimitState; may: boolean; onSaved: (text: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [asked, setAsked] = useState<Schemas["LimitStep"] | "remove" | null>(null);
  const { data, error, refetch } = useGet("/v1/limits/{name}/history", { path: { name: row.name } });
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const amount = (cap: number | null): string => (cap === null ? t("takenAway") : amountOf(cap, row.unit, lang));
  const restore = async (step: Schemas["LimitStep"], reason: string): Promise<void> => {
    await api.post("/v1/limits/{name}/restore", { path: { name: row.name }, body: { number: step.number, reason } });
    onSaved(t("restored", { name: row[lang], n: amount(step.cap) }));
  };
  const remove = async (reason: string): Promise<void> => {
    await api.post("/v1/limits/{name}/remove", { path: { name: row.name }, body: { reason } });
    onSaved(t("removed", { name: row[lang] }));
  };
  return (
    <div className="stack">
      <p className="note">{lang === "zh" ? row.words_zh : row.words_en}</p>
      <table className="twin">
        <thead><tr><th>{t("at")}</th><th className="num">{t("capHead")}</th><th>{t("by")}</th><th>{t("why")}</th>{may && <th>{t("act")}</th>}</tr></thead>
        <tbody>
          {data.history.map((step, at) => (
            <tr key={step.number}>
              <td>{step.since_ms ? time(step.since_ms, lang) : t("shippedRow")}</td>
              <td className="num">{amount(step.cap)}</td>
              <td>{step.who}</td>
              <td style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>{lang === "zh" ? step.reason_zh : step.reason_en}</td>
              {may && <td>{at === 0 ? <span className="note">{t("nowHolds")}</span> : step.cap !== null && <Button size="small" type="link" onClick={() => setAsked(step)} aria-label={`${t("restoreTo")} ${amount(step.cap)}`}>{t("restore")}</Button>}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {asked === null ? (
        <div className="row wrap">
          <Link to={`/decisions?by=limit&name=${row.name}`}>{t("log")}</Link>
          {may && row.holds && <Button size="small" onClick={() => setAsked("remove")}>{t("remove")}</Button>}
        </div>
      ) : (
        <Why
          key={asked === "remove" ? "remove" : asked.number} title={asked === "remove" ? t("removeAsk", { name: row[lang] }) : t("restoreAsk", { name: row[lang], n: amount(asked.cap) })}
          note={asked === "remove" ? t("removeNote") : ""} onDo={(reason) => (asked === "remove" ? remove(reason) : restore(asked, reason))} onCancel={() => setAsked(null)}
        />
      )}
    </div>
  );
}

/** The reason of what cannot be done without one. */
function Why({ title, note, onDo, onCancel }: { title: string; note: string; onDo: (reason: string) => Promise<void>; onCancel: () => void }): ReactNode {
  const t = useT(m);
  const id = useId();
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState("");
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!reason.trim()) return setWrong(t("needReason"));
    try {
      await onDo(reason);
    } catch (error) {
      setWrong(error instanceof ApiError ? t("failed", wordsOf(error)) : String(error));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} style={{ borderTop: "1px solid var(--line)", paddingTop: 16 }}>
      <h3>{title}</h3>
      {note && <p className="note">{note}</p>}
      <div className="field-block" style={{ marginTop: 8 }}>
        <label htmlFor={id}>{t("reason")}</label>
        <Input.TextArea id={id} autoFocus value={reason} onChange={(event) => setReason(event.target.value)} maxLength={240} autoSize={{ minRows: 2, maxRows: 4 }} />
      </div>
      {wrong && <p role="alert" style={{ color: "var(--amber)", marginBottom: 12 }}>◐ {wrong}</p>}
      <div className="row wrap"><Button htmlType="submit" type="primary">{title}</Button><Button onClick={onCancel}>{t("cancel")}</Button></div>
    </form>
  );
}
