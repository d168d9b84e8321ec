import type { ReactNode } from "react";
import { useGet, type Schemas } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { m } from "./messages";

export default function Consent(): ReactNode {
  const t = useT(m);
  return (
    <div className="stack">
      <section>
        <h2 style={{ marginBottom: 8 }}>{t("purposes")}</h2>
        <Purposes />
        <p className="note" style={{ marginTop: 8, maxWidth: 720 }}>{t("purposesNote")}</p>
      </section>
      <section>
        <h2 style={{ marginBottom: 8 }}>{t("masking")}</h2>
        <Masking />
      </section>
    </div>
  );
}

function Purposes(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/consents");
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const columns: Column<Schemas["Purpose"]>[] = [
    { key: "purpose", title: t("purpose"), render: (row) => row[lang] },
    { key: "bit", title: t("bit"), numeric: true, width: 80, render: (row) => row.bit },
    { key: "given", title: t("given"), unit: t("peopleUnit"), numeric: true, width: 200, render: (row) => exact(row.given) },
    { key: "withdrawn", title: t("withdrawn"), unit: t("peopleUnit"), numeric: true, width: 200, render: (row) => exact(row.withdrawn) },
  ];
  const none = data.rows.every((row) => row.given === 0 && row.withdrawn === 0);
  return (
    <>
      <DataTable id="purposes" label={t("purposes")} columns={columns} rows={data.rows} rowKey={(row) => row.purpose} total={data.rows.length} bare />
      {none && <p className="note" style={{ marginTop: 8 }}>{t("noConsent")}</p>}
    </>
  );
}

function Masking(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/masking");
  const roles = useGet("/v1/roles");
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const comma = lang === "zh" ? "、" : ", ";
  const named = (zh: string): string => roles.data?.rows.find((role) => role.zh === zh)?.[lang] ?? zh;
  const columns: Column<Schemas["MaskedField"]>[] = [
    { key: "field", title: t("field"), render: (row) => row[lang] },
    { key: "example", title: t("example"), render: (row) => row.example },
    { key: "masked", title: t("masked"), render: (row) => row.masked },
    { key: "roles", title: t("revealers"), render: (row) => row.roles.map(named).join(comma) },
  ];
  return (
    <>
      <DataTable id="masking" label={t("masking")} columns={columns} rows={data.fields} rowKey={(row) => row.field} total={data.fields.length} bare />
      <p className="note" style={{ marginTop: 8, maxWidth: 720 }}>{t("maskingNote")}</p>
      <p className="note" style={{ maxWidth: 720 }}>{t("revealPurposes", { list: data.purposes.map((pair) => (lang === "zh" ? pair[0] : pair[1])).join(comma) })}</p>
    </>
  );
}
