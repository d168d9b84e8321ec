/** A kind of the workspace's own: defined from what its events carry, or from nothing; every problem stands at its field. */
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { Button, Checkbox, Input, Radio, Select } from "antd";
import { ApiError, useGet, type Schemas } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { wordsOf } from "@/parts/problem";
import { draftOf, nothing, TYPES, unnamed, withProperty, wrongs, type KindDraft, type KindSeen, type Place, type PropertyDraft, type Wrong } from "./kind";
import { samplesOf } from "./KindDetail";
import { m } from "./messages";
import { FAMILY_IDS, familyName, privacyName, trustName, typeName } from "./words";

interface Props {
  /** of a kind that came or stands; "" begins with nothing */
  name: string;
  rows: readonly Schemas["KindCount"][];
  /** drafts that were left open, by name */
  kept: Map<string, KindDraft>;
  onPut: (draft: KindDraft) => Promise<unknown>;
  onSaved: (draft: KindDraft, before: KindDraft | null) => void;
  onDrop: () => void;
}

export function KindForm(props: Props): ReactNode {
  const { data, error, refetch } = useGet("/v1/kinds/{name}/seen", { path: { name: props.name } }, { enabled: props.name !== "", placeholderData: undefined, staleTime: Infinity });
  if (props.name === "") return <Form {...props} seen={undefined} />;
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  return data ? <Form {...props} seen={data} /> : <PageState state="loading" />;
}

function Form({ name, rows, kept, seen, onPut, onSaved, onDrop }: Props & { seen: KindSeen | undefined }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const form = useRef<HTMLFormElement>(null);
  const [first] = useState(() => (seen ? draftOf(seen) : nothing));
  const [draft, setDraft] = useState(() => kept.get(name) ?? first);
  const [shown, setShown] = useState(false); // problems are shown once it was to be saved
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const wrong = wrongs(draft, name === "" ? rows.filter((row) => row.defined).map((row) => row.name) : []);
  const count = Object.keys(wrong).length;
  const change = (part: Partial<KindDraft>): void => {
    const next = { ...draft, ...part };
    kept.set(name, next);
    setDraft(next);
    setRefused(null);
  };
  const said = (place: Place): string => {
    const why: Wrong | undefined = shown || (place === "name" && name !== "") ? wrong[place] : undefined;
    if (why) return t(why === "badName" && name !== "" ? "badSent" : why);
    if (refused?.field !== place) return "";
    const { what, mend } = wordsOf(refused);
    return `${what}。${mend}`;
  };
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (count > 0) return void setTimeout(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    setBusy(true);
    try {
      await onPut(draft);
      kept.delete(name);
      onSaved(draft, seen?.kind ? first : null);
    } catch (error) {
      setRefused(error instanceof ApiError ? error : new ApiError(0, String(error), ""));
      setBusy(false);
    }
  };
  const drop = (): void => {
    kept.delete(name);
    onDrop();
  };
  const elsewhere = refused && !(refused.field in { name, zh: 1, purpose: 1 });
  return (
    <form ref={form} className="stack" noValidate onSubmit={(event) => void save(event)}>
      <div style={{ display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(240px, 1fr))", gap: "12px 16px" }}>
        <Text id="kind-name" label={t("kindName")} note={name === "" ? t("kindNameNote") : ""} wrong={said("name")} value={draft.name} readOnly={name !== ""} max={100} onChange={(text) => change({ name: text })} />
        <Text id="kind-zh" label={t("zhName")} wrong={said("zh")} value={draft.zh} max={100} onChange={(zh) => change({ zh })} />
        <Text id="kind-en" label={t("enName")} note={t("enNote")} wrong="" value={draft.en} max={100} onChange={(en) => change({ en })} />
        <Text id="kind-purpose" label={t("purposeLabel")} note={t("purposeNote")} wrong={said("purpose")} value={draft.purpose} max={500} wide onChange={(purpose) => change({ purpose })} />
        <div className="field-block" style={{ margin: 0 }}><label htmlFor="kind-family">{t("family")}</label><Select id="kind-family" value={draft.family} onChange={(family) => change({ family })} options={FAMILY_IDS.map((value) => ({ value, label: familyName(value, lang) }))} /></div>
        <div className="field-block" style={{ margin: 0 }}><label htmlFor="kind-privacy">{t("privacy")}</label><Select<KindDraft["privacy"]> id="kind-privacy" value={draft.privacy} onChange={(privacy) => change({ privacy })} options={(["public", "behaviour", "sensitive"] as const).map((value) => ({ value, label: privacyName(value, lang) }))} /></div>
        <div className="field-block" style={{ margin: 0 }}>
          <span id="kind-trust">{t("trust")}</span>
          <Radio.Group aria-labelledby="kind-trust" value={draft.trust} onChange={(event) => change({ trust: event.target.value as KindDraft["trust"] })} options={(["server", "client"] as const).map((value) => ({ value, label: trustName(value, lang) }))} />
          <span className="note">{t("trustNote")}</span>
        </div>
      </div>
      <Carries draft={draft} />
      <Properties draft={draft} seen={seen} said={said} onChange={change} />
      <p className="note">{t("fromNow")}</p>
      {elsewhere && <p role="alert" style={{ color: "var(--amber)" }}>◐ {t("failed", wordsOf(refused))}</p>}
      <div className="row wrap">
        <Button type="primary" htmlType="submit" disabled={busy}>{t(busy ? "savingKind" : "saveKind")}</Button>
        <Button onClick={drop}>{t("dropDraft")}</Button>
        <span role="status" style={{ color: "var(--amber)" }}>{shown && count > 0 && `◐ ${t("mendFirst", { n: exact(count) })}`}</span>
      </div>
    </form>
  );
}

function Text({ id, label, note = "", wrong, value, max, wide = false, readOnly = false, onChange }: {
  id: string; label: string; note?: string; wrong: string; value: string; max: number; wide?: boolean; readOnly?: boolean; onChange: (text: string) => void;
}): ReactNode {
  return (
    <div className="field-block" style={{ margin: 0, gridColumn: wide ? "1 / -1" : undefined }}>
      <label htmlFor={id}>{label}</label>
      <Input id={id} value={value} maxLength={max} readOnly={readOnly} variant={readOnly ? "filled" : "outlined"} autoComplete="off" status={wrong ? "error" : ""} aria-invalid={wrong !== ""} aria-describedby={`${id}-note`} onChange={(event) => onChange(event.target.value)} />
      <span id={`${id}-note`} className="note" style={wrong ? { color: "var(--amber)" } : undefined}>{wrong ? `◐ ${wrong}` : note}</span>
    </div>
  );
}

/** The roles and ids that go along: those that its events carry, or that it has. */
function Carries({ draft }: { draft: KindDraft }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const list = (names: readonly string[]): string => names.map((name) => name.replace(/!$/, "")).join(lang === "zh" ? "、" : ", ");
  const parts = [draft.roles.length > 0 && t("carriedRoles", { names: list(draft.roles) }), draft.refs.length > 0 && t("carriedRefs", { names: list(draft.refs) })].filter(Boolean);
  return parts.length === 0 ? null : <p className="note">{t("carried")}{parts.join(lang === "zh" ? "；" : "; ")}</p>;
}

function Properties({ draft, seen, said, onChange }: { draft: KindDraft; seen: KindSeen | undefined; said: (place: Place) => string; onChange: (part: Partial<KindDraft>) => void }): ReactNode {
  const t = useT(m);
  const { free, bad } = unnamed(draft, seen);
  const put = (id: number, part: Partial<PropertyDraft>): void => onChange({ properties: draft.properties.map((one) => (one.id === id ? { ...one, ...part } : one)) });
  const drop = (id: number): void => onChange({ properties: draft.properties.filter((one) => one.id !== id) });
  return (
    <section aria-labelledby="kind-properties" style={{ overflowX: "auto" }}>
      <h3 id="kind-properties" style={{ marginBottom: 8 }}>{t("properties")}{seen && seen.looked > 0 && <span className="note" style={{ fontWeight: 400 }}> {t("looked", { n: exact(seen.looked) })}</span>}</h3>
      {draft.properties.length > 0 && (
        <table className="twin" style={{ marginBottom: 8, tableLayout: "fixed" }}>
          <thead><tr><th style={{ width: 190 }}>{t("propertyName")}</th><th style={{ width: 150 }}>{t("zhName")}</th><th style={{ width: 160 }}>{t("type")}</th><th style={{ width: 88 }}>{t("personal")}</th>{seen && <th>{t("seenValues")}</th>}<th style={{ width: 48 }}><span className="hidden-text">{t("actions")}</span></th></tr></thead>
          <tbody>
            {draft.properties.map((one, place) => (
              <Line key={one.id} one={one} place={place + 1} seen={seen && (seen.properties.find((row) => row.name === one.name) ?? null)} wrong={said(`property-${one.id}`)} onPut={(part) => put(one.id, part)} onDrop={() => drop(one.id)} />
            ))}
          </tbody>
        </table>
      )}
      <div className="row wrap">
        <Button size="small" onClick={() => onChange(withProperty(draft))}>{t("addProperty")}</Button>
        {free.length > 0 && <span className="note">{t("seenToo")}</span>}
        {free.map((row) => <Button key={row.name} size="small" type="dashed" aria-label={t("addSeen", { name: row.name })} onClick={() => onChange(withProperty(draft, { name: row.name, type: row.type, personal: row.personal }))}>+ {row.name}</Button>)}
      </div>
      {bad.length > 0 && <p className="note" style={{ marginTop: 8, overflowWrap: "anywhere" }}>◐ {t("badNames")}{bad.map((row) => row.name).join("、")}</p>}
    </section>
  );
}

/** One property; `seen` null: no event carries it, undefined: there was nothing to look at. */
function Line({ one, place, seen, wrong, onPut, onDrop }: {
  one: PropertyDraft; place: number; seen: KindSeen["properties"][number] | null | undefined; wrong: string; onPut: (part: Partial<PropertyDraft>) => void; onDrop: () => void;
}): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const note = `property-${one.id}-note`;
  return (
    <tr style={{ verticalAlign: "top" }}>
      <td>
        <Input size="small" value={one.name} maxLength={63} status={wrong ? "error" : ""} aria-invalid={wrong !== ""} aria-label={t("propertyNames", { n: place })} aria-describedby={note} autoCapitalize="none" autoComplete="off" spellCheck={false} onChange={(event) => onPut({ name: event.target.value })} />
        <span id={note} className="note" style={{ display: "block", whiteSpace: "normal", color: "var(--amber)" }}>{wrong && `◐ ${wrong}`}</span>
      </td>
      <td><Input size="small" value={one.zh} maxLength={100} placeholder={one.name} aria-label={t("propertyZh", { n: place })} autoComplete="off" onChange={(event) => onPut({ zh: event.target.value })} /></td>
      <td><Select size="small" style={{ width: "100%" }} value={one.type} aria-label={t("propertyType", { n: place })} onChange={(type) => onPut({ type })} options={TYPES.map((value) => ({ value, label: typeName(value, lang) }))} /></td>
      <td><Checkbox checked={one.personal} aria-label={t("propertyPersonal", { n: place })} onChange={(event) => onPut({ personal: event.target.checked })} /></td>
      {seen !== undefined && <td className="note" style={{ overflowWrap: "anywhere" }}>{seen ? <>{samplesOf(seen, t("masked"))} <span style={{ whiteSpace: "nowrap" }}>×{exact(seen.events)}</span></> : "—"}</td>}
      <td><Button size="small" type="text" aria-label={t("dropProperty", { name: one.name || t("unnamedProperty") })} onClick={onDrop}>×</Button></td>
    </tr>
  );
}
