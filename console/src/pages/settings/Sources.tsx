import { useState, type ReactNode } from "react";
import { Button, Input } from "antd";
import { useNavigate } from "react-router";
import { useGet, type Schemas } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { Disc } from "@/parts/Disc";
import { PageState } from "@/parts/PageState";
import { platform } from "@/platforms";
import { useMay } from "@/state/session";
import { m } from "./messages";

type Source = Schemas["Source"];

export default function Sources(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const navigate = useNavigate();
  const may = useMay("configure");
  const [word, setWord] = useState("");
  const { data, error, refetch } = useGet("/v1/sources");
  const kinds = useGet("/v1/kinds");
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const called = (name: string): string => kinds.data?.rows.find((kind) => kind.name === name)?.[lang] ?? name;
  const rows = found(data.rows, word);
  const columns: Column<Source>[] = [
    { key: "platform", title: t("platform"), width: 160, render: (row) => (row.platform ? <Disc platform={row.platform} named /> : "—") },
    { key: "format", title: t("format"), always: true, width: 320, render: (row) => <>{row[lang] || row.zh} <span className="note">{row.id}</span></> },
    { key: "kinds", title: t("kinds"), render: (row) => row.kinds.map(called).join(lang === "zh" ? "、" : ", ") },
  ];
  return (
    <div className="stack">
      <DataTable
        id="sources" label={t("formats")} columns={columns} rows={rows} rowKey={(row) => row.id} total={rows.length}
        before={<Input.Search allowClear style={{ width: 280 }} placeholder={t("find")} aria-label={t("find")} value={word} onChange={(event) => setWord(event.target.value)} data-page-filter />}
        tools={may && <Button type="primary" onClick={() => void navigate("/data/import")}>{t("goImport")}</Button>}
      />
      <p className="note">{t("sourcesNote")}</p>
    </div>
  );
}

/** Rows whose name, id or platform holds the word, whatever its case. */
export function found(rows: readonly Source[], word: string): Source[] {
  const wanted = word.trim().toLowerCase();
  return rows.filter((row) => [row.id, row.zh, row.en, platform(row.platform).zh, platform(row.platform).en].some((text) => text.toLowerCase().includes(wanted)));
}
