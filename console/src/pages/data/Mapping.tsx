/** Saying column by column what a file holds, over what was guessed. */
import { useState, type ReactNode } from "react";
import { Button, Input, Select } from "antd";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type ApiError, type Schemas } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { platformName, PLATFORMS } from "@/platforms";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";
import { isMappingId, mappingId, said, type Upload } from "./upload";

type Guess = Schemas["ColumnGuess"];

export function Mapping({ row, suggestion, onKept }: { row: Upload; suggestion: Schemas["Suggestion"]; onKept: (mapping: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [name, setName] = useState(() => mappingId(row.name));
  const [title, setTitle] = useState(row.name.replace(/\.[^.]*$/, "").slice(0, 60));
  const [platform, setPlatform] = useState("");
  const keep = useMutation<Schemas["SavedMapping"], ApiError>({
    mutationFn: () => api.post("/v1/mappings", { body: { id: name, upload: row.id, zh: title, platform, columns: said(suggestion.columns, chosen), toml: "" } }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["/v1/mappings"] });
      onKept(made.mapping);
    },
  });
  const words = suggestion.words.map(([value, zh, en]) => ({ value, label: lang === "zh" ? zh : en }));
  const unmapped = { value: "", label: t("notUsed") };
  const columns: Column<Guess>[] = [
    { key: "column", title: t("column"), width: 220, render: (one) => one.column },
    { key: "samples", title: t("samples"), render: (one) => <span style={{ overflowWrap: "anywhere" }}>{one.samples.join(" · ") || t("blank")}</span> },
    {
      key: "what", title: t("means"), width: 260, render: (one) => (
        <Select style={{ width: "100%" }} aria-label={one.column} showSearch={{ optionFilterProp: "label" }} value={chosen[one.column] ?? one.what} onChange={(word) => setChosen({ ...chosen, [one.column]: word })} options={one.what === "" ? [unmapped, ...words] : words} />
      ),
    },
  ];
  return (
    <section className="stack">
      <DataTable id="mapping" label={t("byHand")} columns={columns} rows={suggestion.columns} rowKey={(one) => one.column} total={suggestion.columns.length} bare />
      <div className="row wrap" style={{ gap: 16, alignItems: "flex-start" }}>
        <div className="field-block" style={{ margin: 0, width: 200 }}><label htmlFor="mapping-title">{t("mapTitle")}</label><Input id="mapping-title" maxLength={60} value={title} onChange={(event) => setTitle(event.target.value)} /></div>
        <div className="field-block" style={{ margin: 0, width: 240 }}>
          <label htmlFor="mapping-id">{t("mapName")}</label>
          <Input id="mapping-id" maxLength={40} value={name} status={isMappingId(name) ? "" : "error"} aria-describedby="mapping-id-note" onChange={(event) => setName(event.target.value)} autoCapitalize="none" spellCheck={false} />
          <span id="mapping-id-note" className="note">{t("mapNameNote")}</span>
        </div>
        <div className="field-block" style={{ margin: 0, width: 180 }}>
          <label htmlFor="mapping-platform">{t("mapPlatform")}</label>
          <Select id="mapping-platform" value={platform} onChange={setPlatform} options={[{ value: "", label: "—" }, ...PLATFORMS.map((one) => ({ value: one.id, label: platformName(one.id, lang) }))]} />
        </div>
      </div>
      {keep.error && <p role="alert" style={{ color: "var(--amber)" }}>◐ {t("failed", wordsOf(keep.error))}</p>}
      <div className="row wrap"><Button type="primary" disabled={keep.isPending || !isMappingId(name)} onClick={() => keep.mutate()}>{t("keep")}</Button><span className="note">{t("keepNote")}</span></div>
    </section>
  );
}
