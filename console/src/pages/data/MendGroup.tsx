/** A group of parked rows: what they hold, one mend tried dry as it is written, then done and replayed. */
import { useEffect, useState, type ReactNode } from "react";
import { Button, Input, Radio, Select } from "antd";
import { useQuery } from "@tanstack/react-query";
import { api, ApiError, useGet, type Schemas } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { useMay } from "@/state/session";
import { usePresent } from "@/shell/Shell";
import { wordsOf } from "@/parts/problem";
import { body, complete, HOWS, start, type Draft } from "./mend";
import { m } from "./messages";
import { reasonName, type Group } from "./words";

const NOTES = { set: "setNote", replace: "replaceNote", scale: "scaleNote", retry: "retryNote", ignore: "ignoreNote" } as const;
const WAIT_MS = 400;

export function MendGroup({ group, onDone }: { group: Group; onDone: (words: string) => void }): ReactNode {
  const t = useT(m);
  const present = usePresent();
  const may = useMay("configure") && present;
  const { data, error, refetch } = useGet("/v1/parked/group", { query: { ...group } }, { placeholderData: undefined });
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  return (
    <div className="stack">
      <Values detail={data} />
      {may ? <Mending detail={data} group={group} onDone={onDone} /> : <p className="note">{t("noRight")}</p>}
      <Samples detail={data} />
    </div>
  );
}

function Values({ detail }: { detail: Schemas["ParkedDetail"] }): ReactNode {
  const t = useT(m);
  const first = detail.samples[0];
  return (
    <section>
      {first && <p style={{ marginBottom: 8 }}>{first.what}<span className="note" style={{ display: "block" }}>{first.mend}</span></p>}
      {detail.values.length > 0 && (
        <>
          <h3 style={{ marginBottom: 4 }}>{t("values")}</h3>
          <ul className="row wrap">
            {detail.values.map((one) => <li key={one.value} style={{ background: "var(--shade)", borderRadius: 4, padding: "2px 8px" }}>{one.value || t("blank")} <span className="note">×{exact(one.rows)}</span></li>)}
          </ul>
        </>
      )}
      <p className="note" style={{ marginTop: 4 }}>{t("valuesNote", { looked: exact(detail.looked) })}</p>
    </section>
  );
}

function Mending({ detail, group, onDone }: { detail: Schemas["ParkedDetail"]; group: Group; onDone: (words: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [draft, setDraft] = useState<Draft>(() => start(detail));
  const [touched, setTouched] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const tried = useLater(draft, WAIT_MS);
  const ready = complete(draft, touched);
  const dry = useQuery<Schemas["Mended"], ApiError>({
    queryKey: ["/v1/parked/mend", group, tried], enabled: complete(tried, touched) && tried.how !== "ignore", retry: false, gcTime: 0,
    queryFn: ({ signal }) => api.post("/v1/parked/mend", { body: body(group, tried, true), signal }),
  });
  const change = (part: Partial<Draft>): void => {
    setProblem("");
    if ("value" in part) setTouched(true);
    setDraft({ ...draft, ...part });
  };
  const settled = tried === draft && !dry.isFetching;
  const result = settled && ready ? dry.data : undefined;
  const act = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await api.post("/v1/parked/mend", { body: body(group, draft, false) });
      if (draft.how === "ignore") onDone(t("ignored", { n: exact(done.ignored) }));
      else onDone(done.parked > 0 ? t("mendedLeft", { n: exact(done.replayed), events: exact(done.events), left: exact(done.parked) }) : t("mended", { n: exact(done.replayed), events: exact(done.events) }));
    } catch (error) {
      setProblem(error instanceof ApiError ? t("failed", wordsOf(error)) : String(error));
      setBusy(false);
    }
  };
  const count = draft.how === "ignore" ? detail.count : (result?.replayed ?? 0);
  return (
    <section className="card">
      <h3 style={{ marginBottom: 8 }}>{t("mend", { n: exact(detail.count) })}</h3>
      <Radio.Group aria-label={t("how")} optionType="button" value={draft.how} onChange={(event) => change({ how: event.target.value as Draft["how"] })} options={HOWS.filter((how) => how === "retry" || how === "ignore" || detail.columns.length > 0).map((value) => ({ value, label: t(value) }))} />
      <p className="note" style={{ margin: "4px 0 12px" }}>{t(NOTES[draft.how])}</p>
      <Fields draft={draft} detail={detail} change={change} />
      <div aria-live="polite" style={{ minHeight: 24, margin: "12px 0" }}>
        {problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {problem}</p>}
        {draft.how !== "ignore" && !ready && <p className="note">{t("nothingYet")}</p>}
        {draft.how !== "ignore" && ready && !settled && <p className="note">{t("trying")}</p>}
        {settled && ready && dry.error && <p style={{ color: "var(--amber)" }}>◐ {t("failed", wordsOf(dry.error))}</p>}
        {result && <Outcome result={result} lang={lang} />}
      </div>
      <Button type="primary" disabled={busy || !ready || count === 0} onClick={() => void act()}>{t(draft.how === "ignore" ? "doIgnore" : "doMend", { n: exact(count) })}</Button>
    </section>
  );
}

function Fields({ draft, detail, change }: { draft: Draft; detail: Schemas["ParkedDetail"]; change: (part: Partial<Draft>) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (draft.how === "retry") return null;
  if (draft.how === "ignore") return <Field id="mend-note" label={t("noteWhy")}><Input id="mend-note" maxLength={200} value={draft.note} onChange={(event) => change({ note: event.target.value })} /></Field>;
  return (
    <div style={{ display: "grid", gridTemplateColumns: "repeat(3, minmax(0, 1fr))", gap: 12 }}>
      <Field id="mend-column" label={t("whichColumn")}>
        <Select id="mend-column" showSearch value={draft.column || undefined} onChange={(column) => change({ column })} options={[...new Set([draft.column, ...detail.columns])].filter(Boolean).map((value) => ({ value, label: value }))} />
      </Field>
      {draft.how === "replace" && <Field id="mend-find" label={t("find")}><Input id="mend-find" maxLength={200} value={draft.find} onChange={(event) => change({ find: event.target.value })} autoComplete="off" /></Field>}
      {draft.how !== "scale" && <Field id="mend-value" label={t(draft.how === "set" ? "to" : "by")}><Input id="mend-value" maxLength={1000} value={draft.value} onChange={(event) => change({ value: event.target.value })} autoComplete="off" /></Field>}
      {draft.how === "scale" && (
        <Field id="mend-unit" label={t("unitOf")}>
          <Select id="mend-unit" value={draft.unit || undefined} onChange={(unit) => change({ unit })} options={detail.units.map(([value, zh, en]) => ({ value, label: lang === "zh" ? zh : en }))} />
        </Field>
      )}
    </div>
  );
}

const Field = ({ id, label, children }: { id: string; label: string; children: ReactNode }): ReactNode => <div className="field-block" style={{ margin: 0 }}><label htmlFor={id}>{label}</label>{children}</div>;

/** What the dry run of a mend says, with cells before and after. */
function Outcome({ result, lang }: { result: Schemas["Mended"]; lang: "zh" | "en" }): ReactNode {
  const t = useT(m);
  const why = Object.entries(result.why).map(([reason, rows]) => `${reasonName(reason, lang)} ${exact(rows)}`).join(lang === "zh" ? "，" : ", ");
  return (
    <>
      <p role="status">{result.replayed > 0 ? <><span aria-hidden style={{ color: "var(--celadon)" }}>✓ </span>{t("wouldMend", { n: exact(result.replayed), events: exact(result.events) })}</> : <><span aria-hidden style={{ color: "var(--amber)" }}>◐ </span>{t("nothingMends")}</>}</p>
      {result.parked > 0 && <p className="note">{t("stillParked", { n: exact(result.parked), why })}</p>}
      {result.samples.length > 0 && (
        <DataTable
          id="mend-samples" label={t("after")} bare total={result.samples.length} rows={result.samples} rowKey={(row) => String(row.row)}
          columns={[
            { key: "row", title: t("rows"), numeric: true, width: 80, render: (row) => exact(row.row) },
            { key: "before", title: t("before"), render: (row) => row.before || t("blank") },
            { key: "after", title: t("after"), render: (row) => row.after || t("blank") },
          ]}
        />
      )}
    </>
  );
}

function Samples({ detail }: { detail: Schemas["ParkedDetail"] }): ReactNode {
  const t = useT(m);
  if (detail.samples.length === 0) return null;
  return (
    <section>
      <h3 style={{ marginBottom: 8 }}>{t("sampleRows")}</h3>
      {detail.samples.map((one) => (
        <div key={one.id} style={{ borderTop: "1px solid var(--line)", padding: "8px 0" }}>
          <span className="note">{t("rowN", { n: exact(one.row) })}</span>
          <Cells cells={one.cells} marked={detail.group.field.split("|")} />
        </div>
      ))}
    </section>
  );
}

/** A row as it stands: names and values on lines that wrap. */
export function Cells({ cells, marked = [] }: { cells: Readonly<Record<string, string>>; marked?: readonly string[] }): ReactNode {
  const t = useT(m);
  return (
    <dl className="row wrap" style={{ gap: "2px 16px" }}>
      {Object.entries(cells).map(([name, value]) => (
        <div key={name} style={{ maxWidth: "100%", overflowWrap: "anywhere" }}>
          <dt className="note" style={{ display: "inline" }}>{name} </dt>
          <dd style={{ display: "inline", fontWeight: marked.includes(name) ? 600 : 400 }}>{marked.includes(name) && <span aria-hidden style={{ color: "var(--amber)" }}>◐ </span>}{value === "" ? t("blank") : value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A value once it has stood still for a while. */
function useLater<T>(value: T, ms: number): T {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return later;
}
