import { type ReactNode } from "react";
import { Drawer } from "antd";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, urlOf, type ApiError } from "@/api/client";
import { useRefresh } from "@/api/live";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { useParam } from "@/state/url";
import { m } from "./messages";
import { MendGroup } from "./MendGroup";
import { useKindNames, useSourceNames } from "./names";
import { groupOf, groupText, reasonName, sameGroup, sourceName, type Group } from "./words";

/** As GET /v1/parked answers. */
interface ParkedGroup extends Group {
  count: number;
  what: string;
  mend: string;
}

export default function Parked(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const [text, setText] = useParam("group");
  const [toast, tell] = useUndoToast();
  const kindName = useKindNames();
  const sources = useSourceNames();
  const { data, error, refetch } = useQuery<{ rows: ParkedGroup[] }, ApiError>({
    queryKey: ["/v1/parked"], queryFn: ({ signal }) => ask("GET", "/v1/parked", { signal }),
  });
  useRefresh(["/v1/parked"]);
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const wanted = groupOf(text);
  const open = data.rows.find((row) => wanted !== null && sameGroup(row, wanted));
  const named = (row: Group): string => (row.field ? t("group", { reason: reasonName(row.reason, lang), field: row.field.replaceAll("|", lang === "zh" ? "、" : ", ") }) : reasonName(row.reason, lang));
  const columns: Column<ParkedGroup>[] = [
    { key: "reason", title: t("reason"), always: true, width: 240, render: (row) => reasonName(row.reason, lang) },
    { key: "field", title: t("field"), width: 180, render: (row) => row.field.replaceAll("|", lang === "zh" ? "、" : ", ") || "—" },
    { key: "count", title: t("count"), numeric: true, width: 90, always: true, render: (row) => exact(row.count) },
    { key: "source", title: t("source"), width: 200, render: (row) => sourceName(row.source, sources, lang) },
    { key: "kind", title: t("kind"), width: 140, render: (row) => (row.kind ? kindName(row.kind) : "—") },
    { key: "what", title: t("apiSays"), render: (row) => <><span style={{ overflowWrap: "anywhere" }}>{row.what}</span><span className="note" style={{ display: "block" }}>{row.mend}</span></> },
  ];
  const total = data.rows.reduce((sum, row) => sum + row.count, 0);
  return (
    <>
      {data.rows.length === 0 ? <PageState state="done" text={t("allDone")} actions={<></>} /> : (
        <DataTable
          id="parked" label={t("groups")} columns={columns} rows={data.rows} rowKey={groupText} total={data.rows.length} onOpen={(row) => setText(groupText(row))} current={open && groupText(open)}
          before={<span>{t("total", { n: exact(total) })}<span className="note" style={{ marginLeft: 12 }}>{t("lookFirst")}</span></span>}
          tools={<ExportMenu name="parked" csv={urlOf("/v1/parked.csv")} xlsx={urlOf("/v1/parked.xlsx")} label={t("groups")} />}
        />
      )}
      <Drawer open={open !== undefined} onClose={() => setText("")} size={720} title={open && named(open)} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {open && (
          <MendGroup
            key={groupText(open)} group={{ reason: open.reason, field: open.field, source: open.source, kind: open.kind }}
            onDone={(words) => {
              setText("");
              tell({ text: words, log: "/settings/audit" });
              void Promise.all(["/v1/parked", "/v1/parked/group", "/v1/events", "/v1/kinds", "/v1/status", "/v1/todo"].map((path) => client.invalidateQueries({ queryKey: [path] })));
            }}
          />
        )}
      </Drawer>
      {toast}
    </>
  );
}
