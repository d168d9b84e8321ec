/** One file: what it is, what it would become, and the import. */
import { useEffect, useState, type ReactNode } from "react";
import { Button, Input, Radio } from "antd";
import { useMutation } from "@tanstack/react-query";
import { api, ApiError, useGet, type Schemas } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { bytes } from "@/parts/DropZone";
import { PageState } from "@/parts/PageState";
import { wordsOf } from "@/parts/problem";
import { DryRun } from "./DryRun";
import { Mapping } from "./Mapping";
import { m } from "./messages";
import { first, fits, type Fit, type Upload } from "./upload";

const BY_HAND = "by hand";

interface Props {
  number: string;
  onRemove: (row: Upload) => void;
  onOther: () => void;
  onBegun: (jobs: string[]) => void;
}

export function OneUpload({ number, onRemove, onOther, onBegun }: Props): ReactNode {
  const t = useT(m);
  const file = useGet("/v1/uploads/{upload_id}", { path: { upload_id: number } });
  const suggestion = useGet("/v1/uploads/{upload_id}/suggest", { path: { upload_id: number } }, { enabled: file.data?.problem === "", staleTime: 600_000 });
  if (file.error && !file.data) return <PageState state="error" error={file.error} actions={<Button onClick={onOther}>{t("other")}</Button>} />;
  if (!file.data) return <PageState state="loading" />;
  const row = file.data;
  return (
    <section className="card stack">
      <div className="row wrap">
        <h2 className="grow cut" title={row.name}>{row.name}</h2>
        <span className="note">{bytes(row.bytes)}</span>
        <Button size="small" onClick={onOther}>{t("other")}</Button>
        <Button size="small" onClick={() => onRemove(row)}>{t("cancel")}</Button>
      </div>
      {row.problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {t("unopened", { name: row.name, problem: row.problem })}</p>}
      {suggestion.error && <PageState state="error" error={suggestion.error} onRetry={() => void suggestion.refetch()} />}
      {!row.problem && !suggestion.data && !suggestion.error && <PageState state="loading" text={t("reading")} />}
      {suggestion.data && <Chosen row={row} suggestion={suggestion.data} onBegun={onBegun} />}
    </section>
  );
}

/** The format, its dry run, and the import. A sure format is tried at once. */
function Chosen({ row, suggestion, onBegun }: { row: Upload; suggestion: Schemas["Suggestion"]; onBegun: (jobs: string[]) => void }): ReactNode {
  const t = useT(m);
  const found = fits(suggestion);
  const sure = first(suggestion);
  const [mapping, setMapping] = useState<string>(sure ?? (found.length > 0 ? "none" : BY_HAND));
  const [settings, setSettings] = useState<Record<string, string>>({});
  const fit = found.find((one) => one.mapping === mapping);
  const asked = fit?.settings ?? [];
  const missing = asked.some((one) => one.default === null && !settings[one.name]);
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ""));
  const dry = useMutation<Schemas["DryRun"], ApiError, string>({
    mutationFn: (name) => api.post("/v1/uploads/{upload_id}/dry-run", { path: { upload_id: row.id }, body: { mapping: name, settings: given, rows: 2_000 } }),
  });
  const begin = useMutation<string[], ApiError, string>({
    mutationFn: async (name) => (await api.post("/v1/uploads/{upload_id}/import", { path: { upload_id: row.id }, body: { mapping: name, settings: given } })).rows.map((job) => job.id),
    onSuccess: onBegun,
  });
  const { mutate, reset } = dry;
  const automatic = mapping !== "none" && mapping !== BY_HAND && asked.every((one) => one.default !== null);
  useEffect(() => {
    if (automatic) mutate(mapping);
  }, [automatic, mapping, mutate]);
  const choose = (next: string): void => {
    reset();
    begin.reset();
    setSettings({});
    setMapping(next);
  };
  const failed = dry.error ?? begin.error;
  return (
    <>
      {found.length === 0 && <p>◐ {t("unknown", { problem: suggestion.problem })}</p>}
      {(found.length > 0 || suggestion.columns.length > 0) && <Formats found={found} each={sure === "" ? row.sources.length : 0} mapping={mapping} byHand={suggestion.columns.length > 0} onChoose={choose} />}
      {asked.length > 0 && <Settings asked={asked} values={settings} onChange={setSettings} />}
      {mapping === BY_HAND && suggestion.columns.length > 0 && <Mapping row={row} suggestion={suggestion} onKept={(name) => { setMapping(name); mutate(name); }} />}
      {mapping !== BY_HAND && mapping !== "none" && (
        <div className="row wrap">
          <Button disabled={dry.isPending || missing} onClick={() => mutate(mapping)}>{t(dry.data || dry.error ? "dryAgain" : "dryRun")}</Button>
          {dry.data && <Button type="primary" disabled={begin.isPending || missing} onClick={() => begin.mutate(mapping)}>{begin.isPending ? t("importing") : t("importAll", { name: row.name })}</Button>}
          {dry.isPending && <span role="status" className="note">{t("dryRunning")}</span>}
        </div>
      )}
      {failed && <p role="alert" style={{ color: "var(--amber)" }}>◐ {t("failed", wordsOf(failed))}</p>}
      {dry.data && <DryRun run={dry.data} />}
    </>
  );
}

function Formats({ found, each, mapping, byHand, onChoose }: { found: readonly Fit[]; each: number; mapping: string; byHand: boolean; onChoose: (mapping: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <section>
      <h3 style={{ marginBottom: 4 }}>{t(found.length > 0 ? "recognised" : "byHand")}</h3>
      <Radio.Group aria-label={t("fits")} value={mapping} onChange={(event) => onChoose(event.target.value as string)} style={{ display: "grid", gap: 4 }}>
        {each > 0 && <Radio value="">{found.slice(0, each).map((fit) => fit[lang] || fit.zh).join(lang === "zh" ? "、" : ", ")}</Radio>}
        {found.map((fit) => (
          <Radio key={fit.mapping} value={fit.mapping}>
            {fit[lang] || fit.zh} <span className="note">{t(fit.certainty)}{fit.own ? ` · ${t("own")}` : ""} · {t("why", { why: fit.why })}</span>
          </Radio>
        ))}
        {byHand && <Radio value={BY_HAND}>{t("byHand")} <span className="note">{t("byHandNote")}</span></Radio>}
      </Radio.Group>
    </section>
  );
}

function Settings({ asked, values, onChange }: { asked: Fit["settings"]; values: Readonly<Record<string, string>>; onChange: (values: Record<string, string>) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ padding: 0, fontWeight: 600, marginBottom: 4 }}>{t("settings")}</legend>
      <div className="row wrap" style={{ gap: 16 }}>
        {asked.map((one) => (
          <div key={one.name} className="field-block" style={{ margin: 0, minWidth: 200 }}>
            <label htmlFor={`setting-${one.name}`}>{one[lang] || one.zh}{one.default === null && <span className="note"> {t("required")}</span>}</label>
            <Input id={`setting-${one.name}`} value={values[one.name] ?? ""} placeholder={one.default ?? undefined} onChange={(event) => onChange({ ...values, [one.name]: event.target.value })} />
          </div>
        ))}
      </div>
    </fieldset>
  );
}
