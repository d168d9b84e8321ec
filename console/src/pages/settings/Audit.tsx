import { useState, type ReactNode } from "react";
import { Button, Input, Select } from "antd";
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, urlOf } from "@/api/client";
import type { Schemas } from "@/api/client";
import { time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useParams } from "@/state/url";
import { m } from "./messages";
import { facts, operationName, OPERATIONS } from "./operations";

const SIZE = 100;

export default function Audit(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [params, set] = useParams();
  const query = { who: params.get("who") ?? "", verb: params.get("verb") ?? "" };
  const [who, setWho] = useState(query.who);
  const log = useInfiniteQuery({
    queryKey: ["/v1/operations", query],
    queryFn: ({ pageParam, signal }) => api.get("/v1/operations", { query: { ...query, limit: SIZE, cursor: pageParam }, signal }),
    initialPageParam: "", getNextPageParam: (last) => last.next ?? undefined,
  });
  const columns: Column<Schemas["Operation"]>[] = [
    { key: "at_ms", title: t("when"), width: 200, always: true, render: (row) => time(row.at_ms, lang) },
    { key: "who", title: t("who"), width: 140, render: (row) => row.who },
    { key: "verb", title: t("did"), width: 160, always: true, render: (row) => <span title={row.verb}>{operationName(row.verb, lang)}</span> },
    { key: "object", title: t("object"), width: 220, render: (row) => row.object },
    { key: "detail", title: t("detail"), render: (row) => <span style={{ overflowWrap: "anywhere" }}>{facts(row.detail) || "—"}</span> },
    { key: "ip", title: t("ip"), width: 130, render: (row) => row.ip || "—" },
  ];
  if (log.error) return <PageState state="error" error={log.error} onRetry={() => void log.refetch()} />;
  if (!log.data) return <PageState state="loading" />;
  const rows = log.data.pages.flatMap((page) => page.rows);
  const filtered = query.who !== "" || query.verb !== "";
  return (
    <div className="stack">
      <DataTable
        id="operations" label={t("audit")} columns={columns} rows={rows} rowKey={(row) => String(row.seq)} total={log.hasNextPage ? null : rows.length} busy={log.isFetching}
        onMore={log.hasNextPage ? () => void log.fetchNextPage() : undefined}
        empty={t("auditEmpty")}
        before={
          <>
            <Input.Search allowClear style={{ width: 200 }} placeholder={t("whoLabel")} aria-label={t("whoLabel")} value={who} onChange={(event) => setWho(event.target.value)} onSearch={(text) => set({ who: text.trim() })} />
            <Select
              style={{ width: 200 }} aria-label={t("verbLabel")} showSearch={{ optionFilterProp: "label" }} value={query.verb} onChange={(verb) => set({ verb })}
              options={[{ value: "", label: t("anything") }, ...OPERATIONS.map((verb) => ({ value: verb, label: operationName(verb, lang) }))]}
            />
            {filtered && <Button type="link" onClick={() => { setWho(""); set({ who: "", verb: "" }); }}>{t("clearFilter")}</Button>}
          </>
        }
        tools={<ExportMenu name="operations" csv={urlOf("/v1/operations.csv", undefined, query)} xlsx={urlOf("/v1/operations.xlsx", undefined, query)} label={t("audit")} />}
      />
      <p className="note">{t("newest")}</p>
    </div>
  );
}
