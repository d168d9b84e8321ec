import { useState, type ReactNode } from "react";
import { Button, Checkbox, Drawer, Input, Select } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, useGet, urlOf, type Schemas } from "@/api/client";
import { useRefresh } from "@/api/live";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { usePresent } from "@/shell/Shell";
import { useMay } from "@/state/session";
import { useParams } from "@/state/url";
import { draftOfKind, kindBody, type Kind, type KindDraft } from "./kind";
import { KindDetail } from "./KindDetail";
import { KindForm } from "./KindForm";
import { m } from "./messages";
import { familyName, kindName, privacyName, trustName } from "./words";

type Row = Schemas["KindCount"];
const NAMED = 6; // undefined kinds that are named above the list

export default function Kinds(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const present = usePresent();
  const may = useMay("configure") && present;
  const [params, set] = useParams();
  const [word, setWord] = useState("");
  const [drafts] = useState(() => new Map<string, KindDraft>()); // what was typed waits for the form to be opened again
  const [toast, tell] = useUndoToast();
  const again = useKindsAgain();
  const family = params.get("family") ?? "";
  const seen = params.get("seen") === "1";
  const open = params.get("kind") ?? "";
  const form = may && params.get("form") === "1";
  const { data, error, refetch } = useGet("/v1/kinds");
  useRefresh(["/v1/kinds"]);
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const rows = data.rows.filter((row) => (family === "" || row.family === family) && (!seen || row.events > 0) && holds(row, word)).sort((a, b) => b.events - a.events);
  const families = [...new Set(data.rows.map((row) => row.family))];
  const chosen = data.rows.find((row) => row.name === open);
  const put = (draft: KindDraft): Promise<unknown> => api.put("/v1/kinds/{name}", { path: { name: draft.name }, body: kindBody(draft) }).finally(again);
  const remove = (name: string): Promise<Kind> => api.delete("/v1/kinds/{name}", { path: { name } }).finally(again);
  const saved = (draft: KindDraft, before: KindDraft | null): void => {
    set({ kind: draft.name, form: "" });
    tell({ text: t(before ? "kindChanged" : "kindSaved", { name: draft.zh }), undo: () => (before ? put(before) : remove(draft.name)), log: "/settings/audit" });
  };
  const takeBack = async (name: string): Promise<void> => {
    const gone = await remove(name);
    set({ kind: "" });
    tell({ text: t("kindRemoved", { name: gone.zh, n: exact(chosen?.events ?? 0) }), undo: () => put(draftOfKind(gone)), log: "/settings/audit" });
  };
  const close = (): void => set(form && open ? { form: "" } : { kind: "", form: "" });
  const columns: Column<Row>[] = [
    { key: "zh", title: t("kind"), always: true, render: (row) => <>{kindName(row, lang)}{row.custom && <span className="note"> · {t(row.defined ? "custom" : "notDefined")}</span>}</> },
    { key: "name", title: t("english"), render: (row) => row.name },
    { key: "family", title: t("family"), width: 120, render: (row) => familyName(row.family, lang) },
    { key: "events", title: t("events"), numeric: true, width: 130, render: (row) => exact(row.events) },
    { key: "trust", title: t("trust"), width: 140, render: (row) => trustName(row.trust, lang) },
    { key: "privacy", title: t("privacy"), width: 110, render: (row) => privacyName(row.privacy, lang) },
  ];
  return (
    <>
      <Undefined rows={data.rows.filter((row) => !row.defined)} onOpen={(kind) => set({ kind })} />
      <DataTable
        id="kinds" label={t("kinds")} columns={columns} rows={rows} rowKey={(row) => row.name} total={rows.length} onOpen={(row) => set({ kind: row.name })} current={open} empty={t("noKind")}
        before={
          <>
            <Input allowClear style={{ width: 240 }} placeholder={t("findKind")} aria-label={t("findKind")} value={word} onChange={(event) => setWord(event.target.value)} data-filter />
            <Select style={{ width: 150 }} aria-label={t("family")} value={family} onChange={(value) => set({ family: value })} options={[{ value: "", label: t("allFamilies") }, ...families.map((value) => ({ value, label: familyName(value, lang) }))]} />
            <Checkbox checked={seen} onChange={(event) => set({ seen: event.target.checked ? "1" : "" })}>{t("onlySeen")}</Checkbox>
          </>
        }
        tools={<>{may && <Button onClick={() => set({ kind: "", form: "1" })}>{t("define")}</Button>}<ExportMenu name="kinds" csv={urlOf("/v1/kinds.csv")} xlsx={urlOf("/v1/kinds.xlsx")} label={t("kinds")} /></>}
      />
      <Drawer open={open !== "" || form} onClose={close} size={form ? 840 : 560} title={form ? t(chosen?.defined ? "changeThis" : open ? "defineThis" : "define") : chosen ? kindName(chosen, lang) : open} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {form ? <KindForm key={open} name={open} rows={data.rows} kept={drafts} onPut={put} onSaved={saved} onDrop={close} /> : open !== "" && <KindDetail key={open} name={open} row={chosen} may={may} onForm={() => set({ form: "1" })} onTakeBack={takeBack} />}
      </Drawer>
      {toast}
    </>
  );
}

/** What came and nobody defined, in one line above the list. */
function Undefined({ rows, onOpen }: { rows: readonly Row[]; onOpen: (name: string) => void }): ReactNode {
  const t = useT(m);
  if (rows.length === 0) return null;
  const most = [...rows].sort((a, b) => b.events - a.events).slice(0, NAMED);
  return (
    <p className="row wrap" style={{ marginBottom: 12, gap: "0 8px" }}>
      <span>○ {t("undefinedKinds", { n: exact(rows.length) })}</span>
      {most.map((row) => <Button key={row.name} type="link" size="small" style={{ paddingInline: 0 }} onClick={() => onOpen(row.name)}>{row.name}<span className="note num">{exact(row.events)}</span></Button>)}
    </p>
  );
}

/** Asks again for all that the catalogue decides. */
function useKindsAgain(): () => void {
  const client = useQueryClient();
  return () => void Promise.all(["/v1/kinds", "/v1/kinds/{name}", "/v1/kinds/{name}/seen"].map((path) => client.invalidateQueries({ queryKey: [path] })));
}

const holds = (row: Row, word: string): boolean => [row.name, row.zh, row.en].some((text) => text.toLowerCase().includes(word.trim().toLowerCase()));
