/** One kind of event: what its row of the catalogue says, or, where nobody defined it, what its events carry. */
import { useState, type ReactNode } from "react";
import { Button } from "antd";
import { Link } from "react-router";
import { ApiError, useGet, type Schemas } from "@/api/client";
import { ago, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";
import { familyName, privacyName, trustName, typeName } from "./words";

type Row = Schemas["KindCount"];
type Property = Schemas["PropertySeen"];

interface Props {
  name: string;
  row: Row | undefined;
  /** may define kinds, and looks at the present */
  may: boolean;
  onForm: () => void;
  onTakeBack: (name: string) => Promise<void>;
}

export function KindDetail(props: Props): ReactNode {
  return props.row?.defined === false ? <Unknown {...props} /> : <Known {...props} />;
}

function Known({ name, row, may, onForm, onTakeBack }: Props): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/kinds/{name}", { path: { name } }, { placeholderData: undefined });
  if (error?.status === 404) return <PageState state="empty" text={t("kindUnknown")} actions={<Latest name={name} />} />;
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const properties = Object.entries(data.properties).map(([id, one]) => ({ id, ...one }));
  const columns: Column<(typeof properties)[number]>[] = [
    { key: "id", title: t("property"), render: (one) => <>{one[lang] || one.zh} {(one[lang] || one.zh) !== one.id && <span className="note">{one.id}</span>}</> },
    { key: "type", title: t("type"), render: (one) => typeName(one.type, lang) },
    { key: "unit", title: t("unit"), render: (one) => one.unit || "—" },
    { key: "personal", title: t("personal"), render: (one) => (one.personal ? t("yes") : "—") },
  ];
  return (
    <div className="stack">
      <p>{data.purpose}</p>
      <dl style={{ display: "grid", gridTemplateColumns: "120px minmax(0, 1fr)", gap: "4px 12px" }}>
        <Fact name={t("english")}>{data.name}</Fact>
        <Fact name={t("family")}>{familyName(data.family, lang)}</Fact>
        <Fact name={t("events")}>{exact(row?.events ?? 0)}</Fact>
        <Fact name={t("trust")}>{trustName(data.trust, lang)}</Fact>
        <Fact name={t("privacy")}>{privacyName(data.privacy, lang)}</Fact>
        <Fact name={t("roles")}><Marked names={data.roles} /></Fact>
        <Fact name={t("refs")}><Marked names={data.refs} /></Fact>
        <Fact name={t("amount")}>{data.amount || t("noneOf")}</Fact>
      </dl>
      <section>
        <h3 style={{ marginBottom: 8 }}>{t("properties")}</h3>
        {properties.length > 0 ? <DataTable id="properties" label={t("properties")} columns={columns} rows={properties} rowKey={(one) => one.id} total={properties.length} bare /> : <p className="note">{t("noneOf")}</p>}
      </section>
      {row?.custom && <Carried name={name} only="undeclared" />}
      <div className="row wrap"><Latest name={name} />{row?.custom && may && <><Button onClick={onForm}>{t("changeThis")}</Button><TakeBack name={name} onTakeBack={onTakeBack} /></>}</div>
    </div>
  );
}

/** Nobody defined it: how often it came, what it carries, and the way to a definition. */
function Unknown({ name, row, may, onForm }: Props): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <div className="stack">
      <p>{t("undefinedNote", { n: exact(row?.events ?? 0), when: row?.last_ms ? t("lastSeen", { time: ago(row.last_ms, lang) }) : "—" })}</p>
      <Carried name={name} only="all" />
      <div className="row wrap">{may && <Button type="primary" onClick={onForm}>{t("defineThis")}</Button>}<Latest name={name} /></div>
    </div>
  );
}

/** What its newest events carry; personal values are masked by the server. */
function Carried({ name, only }: { name: string; only: "all" | "undeclared" }): ReactNode {
  const t = useT(m);
  const { data, error, refetch } = useGet("/v1/kinds/{name}/seen", { path: { name } }, { placeholderData: undefined });
  if (error?.status === 403) return <p className="note">{t("noPeopleRight")}</p>;
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const rows = data.properties.filter((one) => one.events > 0 && (only === "all" || !one.declared));
  if (rows.length === 0) return only === "all" ? <p className="note">{t(data.looked > 0 ? "noneOf" : "neverCame")}</p> : null;
  return (
    <section>
      <h3>{only === "all" ? t("properties") : t("seenToo").replace(/[:：]$/, "")}</h3>
      <p className="note" style={{ marginBottom: 8 }}>{t("looked", { n: exact(data.looked) })}</p>
      <SeenTable rows={rows} />
    </section>
  );
}

function SeenTable({ rows }: { rows: readonly Property[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const columns: Column<Property>[] = [
    { key: "name", title: t("property"), render: (one) => one.name },
    { key: "type", title: t("looksLike"), width: 100, render: (one) => typeName(one.type, lang) },
    { key: "personal", title: t("personal"), width: 90, render: (one) => (one.personal ? t("yes") : "—") },
    { key: "events", title: t("inEvents"), numeric: true, width: 90, render: (one) => exact(one.events) },
    { key: "samples", title: t("seenValues"), render: (one) => samplesOf(one, t("masked")) },
  ];
  return <DataTable id="seen-properties" label={t("properties")} columns={columns} rows={rows} rowKey={(one) => one.name} total={rows.length} bare />;
}

/** Values as they came; of personal ones nothing but that there are some. */
export const samplesOf = (one: Property, masked: string): string => (one.personal ? masked : one.samples.join(" · ") || "—");

/** Takes a definition back; the page offers to undo it. */
function TakeBack({ name, onTakeBack }: Pick<Props, "name" | "onTakeBack">): ReactNode {
  const t = useT(m);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const act = async (): Promise<void> => {
    setBusy(true);
    try {
      await onTakeBack(name);
    } catch (error) {
      setProblem(error instanceof ApiError ? t("failed", wordsOf(error)) : String(error));
      setBusy(false);
    }
  };
  return (
    <>
      <Button disabled={busy} onClick={() => void act()}>{t("takeBack")}</Button>
      <span className="note">{t("takeBackNote")}</span>
      {problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {problem}</p>}
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }): ReactNode => <><dt style={{ color: "var(--ink-2)" }}>{name}</dt><dd>{children}</dd></>;
const Latest = ({ name }: { name: string }): ReactNode => {
  const t = useT(m);
  return <Link to={`/data/live?kind=${encodeURIComponent(name)}`}><Button tabIndex={-1}>{t("seeLive")}</Button></Link>;
};

/** Names of roles or ids; the required ones say so. */
function Marked({ names }: { names: readonly string[] }): ReactNode {
  const t = useT(m);
  if (names.length === 0) return t("noneOf");
  return <span className="row wrap" style={{ gap: "0 12px" }}>{names.map((name) => <span key={name}>{name.replace(/!$/, "")}{name.endsWith("!") && <span className="note"> {t("required")}</span>}</span>)}</span>;
}
