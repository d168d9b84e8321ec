/** The references of one person, why each belongs here, and the two verbs: join another, take a join back. */
import { type ReactNode, useState } from "react";
import { Button, Input } from "antd";
import { api, type Schemas } from "@/api/client";
import { day, exact, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { shortened } from "@/parts/PartyChip";
import { m } from "./messages";
import type { Person } from "./Page";

export type Change = Schemas["IdentityChange"];
type Identity = Schemas["Identity"];

export interface AccountsProps {
  person: Person;
  mayChange: boolean;
  onOpen: (event: string) => void;
  onChanged: (text: string, undo: () => Promise<Change>) => Promise<void>;
}

const merge = (keep: string, other: string, reason: string): Promise<Change> => api.post("/v1/people/merge", { body: { keep, other, reason } });
const split = (id: string, reason: string): Promise<Change> => api.post("/v1/people/split", { body: { merge: id, reason } });
/** An undo gives the reason that the server proposes for one. */
const why = (change: Change): string => String(change.undo.body.reason);
const FIRST = 8;

export function Accounts({ person, mayChange, onOpen, onChanged }: AccountsProps): ReactNode {
  const t = useT(m);
  const [all, setAll] = useState(false);
  const [other, setOther] = useState("");
  const [asking, setAsking] = useState<"" | "merge" | Identity>("");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const identities = person.identities ?? [];
  const begin = (next: "" | "merge" | Identity): void => {
    setAsking(next);
    setReason("");
    setError(null);
  };
  const act = async (ask: () => Promise<Change>, text: string, back: (change: Change) => () => Promise<Change>): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const change = await ask();
      begin("");
      setOther("");
      await onChanged(text, back(change));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const join = (): Promise<void> => act(() => merge(person.ref, other.trim(), reason.trim()), t("merged"), (change) => () => split(change.event, why(change)));
  const part = (one: Identity): Promise<void> => act(() => split(one.merge ?? "", reason.trim()), t("parted"), (change) => () => merge(one.with_ref || person.ref, one.ref, why(change)));
  return (
    <div>
      <ul>
        {identities.slice(0, all ? undefined : FIRST).map((one) => <Account key={one.ref} one={one} onOpen={onOpen} onSplit={mayChange && one.merge ? () => begin(one) : undefined} busy={busy} />)}
      </ul>
      {identities.length > FIRST && !all && <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setAll(true)}>{t("allAccounts", { n: identities.length })}</Button>}
      {mayChange && !asking && <Button size="small" style={{ marginTop: 8 }} onClick={() => begin("merge")}>{t("merge")}</Button>}
      {mayChange && asking && (
        <form className="stack" style={{ gap: 8, marginTop: 8 }} onSubmit={(event) => { event.preventDefault(); void (asking === "merge" ? join() : part(asking)); }}>
          {asking === "merge" ? (
            <><label htmlFor="merge-other">{t("mergeOther")}</label>
              <Input id="merge-other" value={other} onChange={(event) => setOther(event.target.value)} maxLength={512} placeholder="account:taobao:…" autoComplete="off" spellCheck={false} /></>
          ) : <p>{t("splitThis", { ref: shortened(asking.ref.split(":").slice(2).join(":")) })}</p>}
          <label htmlFor="merge-reason">{t("reason")}</label>
          <Input id="merge-reason" value={reason} onChange={(event) => setReason(event.target.value)} maxLength={200} placeholder={t(asking === "merge" ? "reasonMerge" : "reasonSplit")} autoComplete="off" aria-describedby="merge-reason-note" />
          <span id="merge-reason-note" className="note">{t("reasonNote")}</span>
          <div className="row"><Button htmlType="submit" type="primary" size="small" disabled={busy || reason.trim().length < 2 || (asking === "merge" && !other.trim())}>{t(asking === "merge" ? "mergeDo" : "split")}</Button><Button size="small" onClick={() => begin("")}>{t("cancel")}</Button></div>
        </form>
      )}
      {error !== null && <PageState state="refused" error={error} />}
    </div>
  );
}

function Account({ one, onOpen, onSplit, busy }: { one: Identity; onOpen: (event: string) => void; onSplit?: () => void; busy: boolean }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const key = one.ref.split(":").slice(2).join(":");
  return (
    <li className="account">
      <div className="row wrap">
        <span className="ref" title={one.ref}>{shortened(key)}</span>
        <span className="note">{one.platform_zh && lang === "zh" ? one.platform_zh : one.platform} {lang === "zh" ? one.type_zh : one.type_en} · {t("nEvents", { n: exact(one.events) })}{one.masked ? ` · ${t("maskedRef")}` : ""}</span>
      </div>
      {one.merge && (
        <div className="row wrap note">
          <span>{t("why", { method: methodText(one.method ?? "", t), day: day(one.since_ms, lang) })}{one.confidence != null ? ` · ${t("sure", { share: share(one.confidence, 0) })}` : ""}</span>
          <Button type="link" size="small" onClick={() => onOpen(one.merge ?? "")}>{t("evidence")}</Button>
          {onSplit && <Button type="link" size="small" disabled={busy} onClick={onSplit}>{t("split")}</Button>}
        </div>
      )}
    </li>
  );
}

function methodText(method: string, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  return method === "operator" ? t("byOperator") : method || t("bySource");
}
