import { useState, type ReactNode } from "react";
import { Button, Space } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, ApiError, useGet } from "@/api/client";
import { ago, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { bytes, DropZone } from "@/parts/DropZone";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { usePresent } from "@/shell/Shell";
import { useParams } from "@/state/url";
import { wordsOf } from "@/parts/problem";
import { Jobs } from "./Jobs";
import { m } from "./messages";
import { OneUpload } from "./OneUpload";
import { bring, type Upload } from "./upload";

export default function Import(): ReactNode {
  const t = useT(m);
  const client = useQueryClient();
  const present = usePresent();
  const [params, set] = useParams();
  const number = params.get("up") ?? "";
  const begun = (params.get("jobs") ?? "").split(",").filter(Boolean);
  const [sending, setSending] = useState<{ stop: AbortController; share: number } | null>(null);
  const [problem, setProblem] = useState("");
  const [toast, tell] = useUndoToast();
  const take = async (file: File): Promise<void> => {
    const stop = new AbortController();
    setSending({ stop, share: 0 });
    setProblem("");
    try {
      const made = await bring(file, stop.signal, (share) => setSending({ stop, share }));
      void client.invalidateQueries({ queryKey: ["/v1/uploads"] });
      set({ up: made.id, jobs: "" });
    } catch (error) {
      if (error instanceof ApiError) setProblem(t("failed", wordsOf(error)));
      else if (!stop.signal.aborted) setProblem(String(error));
    } finally {
      setSending(null);
    }
  };
  const remove = async (row: Pick<Upload, "id" | "name">): Promise<void> => {
    try {
      await api.delete("/v1/uploads/{upload_id}", { path: { upload_id: row.id } });
      if (row.id === number) set({ up: "" });
      tell({ text: t("removed", { name: row.name }), log: "/settings/audit" });
    } catch (error) {
      setProblem(error instanceof ApiError ? t("failed", wordsOf(error)) : String(error));
    }
    void client.invalidateQueries({ queryKey: ["/v1/uploads"] });
  };
  return (
    <div className="stack">
      {present && number === "" && <DropZone onFile={(file) => void take(file)} hint={t("bring")} busy={sending !== null} progress={sending?.share} onStop={() => sending?.stop.abort()} accept=".csv,.tsv,.txt,.xlsx,.xls,.json,.jsonl,.ndjson,.zip,.gz" />}
      {problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {problem}</p>}
      {present && number !== "" && <OneUpload key={number} number={number} onRemove={(row) => void remove(row)} onOther={() => set({ up: "" })} onBegun={(jobs) => { set({ up: "", jobs: jobs.join(",") }); void client.invalidateQueries({ queryKey: ["/v1/jobs"] }); }} />}
      <Jobs begun={begun} />
      {number === "" && <Waiting onGo={(id) => set({ up: id, jobs: "" })} onRemove={(row) => void remove(row)} />}
      {toast}
    </div>
  );
}

/** Files that were brought and not imported; after a week they go by themselves. */
function Waiting({ onGo, onRemove }: { onGo: (id: string) => void; onRemove: (row: Upload) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/uploads");
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  const rows = (data?.rows ?? []).filter((row) => row.present && row.jobs.length === 0);
  if (rows.length === 0) return null;
  const columns: Column<Upload>[] = [
    { key: "name", title: t("uploadFile"), render: (row) => <>{row.name}{row.problem && <span className="note" style={{ display: "block" }}>◐ {row.problem}</span>}</> },
    { key: "bytes", title: t("size"), numeric: true, width: 120, render: (row) => bytes(row.bytes) },
    { key: "at_ms", title: t("when"), width: 200, render: (row) => <span title={time(row.at_ms, lang)}>{ago(row.at_ms, lang)}</span> },
    { key: "acts", title: t("actions"), width: 160, render: (row) => <Space><Button size="small" onClick={() => onGo(row.id)}>{t("go")}</Button><Button size="small" onClick={() => onRemove(row)}>{t("remove")}</Button></Space> },
  ];
  return (
    <section>
      <h2 style={{ marginBottom: 8 }}>{t("uploads")}</h2>
      <DataTable id="uploads" label={t("uploads")} columns={columns} rows={rows} rowKey={(row) => row.id} total={rows.length} bare />
    </section>
  );
}
