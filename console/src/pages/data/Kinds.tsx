import { useState, type ReactNode } from "react";
import { Button, Checkbox, Drawer, Input, Select } from "antd";
import { Link } from "react-router";
import { useGet, urlOf, type Schemas } from "@/api/client";
import { useRefresh } from "@/api/live";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useParams } from "@/state/url";
import { m } from "./messages";
import { familyName, privacyName, trustName } from "./words";

type Row = Schemas["KindCount"];

export default function Kinds(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [params, set] = useParams();
  const [word, setWord] = useState("");
  const family = params.get("family") ?? "";
  const seen = params.get("seen") === "1";
  const open = params.get("kind") ?? "";
  const { data, error, refetch } = useGet("/v1/kinds");
  useRefresh(["/v1/kinds"]);
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const rows = data.rows.filter((row) => (family === "" || row.family === family) && (!seen || row.events > 0) && holds(row, word)).sort((a, b) => b.events - a.events);
  const families = [...new Set(data.rows.map((row) => row.family))];
  const columns: Column<Row>[] = [
    { key: "zh", title: t("kind"), always: true, render: (row) => <>{row[lang] || row.zh}{row.custom && <span className="note"> · {t("custom")}</span>}</> },
    { key: "name", title: t("english"), render: (row) => row.name },
    { key: "family", title: t("family"), width: 120, render: (row) => familyName(row.family, lang) },
    { key: "events", title: t("events"), numeric: true, width: 130, render: (row) => exact(row.events) },
    { key: "trust", title: t("trust"), width: 140, render: (row) => trustName(row.trust, lang) },
    { key: "privacy", title: t("privacy"), width: 110, render: (row) => privacyName(row.privacy, lang) },
  ];
  return (
    <>
      <DataTable
        id="kinds" label={t("kinds")} columns={columns} rows={rows} rowKey={(row) => row.name} total={rows.length} onOpen={(row) => set({ kind: row.name })} current={open} empty={t("noKind")}
        before={
          <>
            <Input.Search allowClear style={{ width: 240 }} placeholder={t("findKind")} aria-label={t("findKind")} value={word} onChange={(event) => setWord(event.target.value)} data-page-filter />
            <Select style={{ width: 150 }} aria-label={t("family")} value={family} onChange={(value) => set({ family: value })} options={[{ value: "", label: t("allFamilies") }, ...families.map((value) => ({ value, label: familyName(value, lang) }))]} />
            <Checkbox checked={seen} onChange={(event) => set({ seen: event.target.checked ? "1" : "" })}>{t("onlySeen")}</Checkbox>
          </>
        }
        tools={<ExportMenu name="kinds" csv={urlOf("/v1/kinds.csv")} xlsx={urlOf("/v1/kinds.xlsx")} label={t("kinds")} />}
      />
      <Drawer open={open !== ""} onClose={() => set({ kind: "" })} size={560} title={data.rows.find((row) => row.name === open)?.[lang] ?? open} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {open !== "" && <Detail name={open} count={data.rows.find((row) => row.name === open)} />}
      </Drawer>
    </>
  );
}

const holds = (row: Row, word: string): boolean => [row.name, row.zh, row.en].some((text) => text.toLowerCase().includes(word.trim().toLowerCase()));

function Detail({ name, count }: { name: string; count?: Row }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/kinds/{name}", { path: { name } }, { placeholderData: undefined });
  if (error?.status === 404) return <PageState state="empty" text={t("kindUnknown")} actions={<Seen name={name} />} />;
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const properties = Object.entries(data.properties).map(([id, one]) => ({ id, ...one }));
  const columns: Column<(typeof properties)[number]>[] = [
    { key: "id", title: t("property"), render: (row) => <>{row[lang] || row.zh} <span className="note">{row.id}</span></> },
    { key: "type", title: t("type"), render: (row) => row.type },
    { key: "unit", title: t("unit"), render: (row) => row.unit || "—" },
    { key: "personal", title: t("personal"), render: (row) => (row.personal ? t("yes") : "—") },
  ];
  return (
    <div className="stack">
      <p>{data.purpose}</p>
      <dl style={{ display: "grid", gridTemplateColumns: "120px minmax(0, 1fr)", gap: "4px 12px" }}>
        <Fact name={t("english")}>{data.name}</Fact>
        <Fact name={t("family")}>{familyName(data.family, lang)}</Fact>
        <Fact name={t("events")}>{exact(count?.events ?? 0)}</Fact>
        <Fact name={t("trust")}>{trustName(data.trust, lang)}</Fact>
        <Fact name={t("privacy")}>{privacyName(data.privacy, lang)}</Fact>
        <Fact name={t("roles")}><Marked names={data.roles} /></Fact>
        <Fact name={t("refs")}><Marked names={data.refs} /></Fact>
        <Fact name={t("amount")}>{data.amount || t("noneOf")}</Fact>
      </dl>
      <section>
        <h3 style={{ marginBottom: 8 }}>{t("properties")}</h3>
        {properties.length > 0 ? <DataTable id="properties" label={t("properties")} columns={columns} rows={properties} rowKey={(row) => row.id} total={properties.length} bare /> : <p className="note">{t("noneOf")}</p>}
      </section>
      <Seen name={name} />
    </div>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }): ReactNode => <><dt style={{ color: "var(--ink-2)" }}>{name}</dt><dd>{children}</dd></>;
const Seen = ({ name }: { name: string }): ReactNode => {
  const t = useT(m);
  return <Link to={`/data/live?kind=${encodeURIComponent(name)}`}><Button tabIndex={-1}>{t("seeLive")}</Button></Link>;
};

/** Names of roles or ids; the required ones say so. */
function Marked({ names }: { names: readonly string[] }): ReactNode {
  const t = useT(m);
  if (names.length === 0) return t("noneOf");
  return <span className="row wrap" style={{ gap: "0 12px" }}>{names.map((name) => <span key={name}>{name.replace(/!$/, "")}{name.endsWith("!") && <span className="note"> {t("required")}</span>}</span>)}</span>;
}
