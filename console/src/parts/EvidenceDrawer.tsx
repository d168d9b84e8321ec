/** What stands behind a number: definition, rows, people, method, lineage. Open when the URL has `ev`. */
import { useState, type ReactNode } from "react";
import { Button, Drawer, Tabs } from "antd";
import { useGet, type Schemas } from "@/api/client";
import { days, exact, moneyExact, people as peopleText, time } from "@/format";
import { useLang, useT, type Lang } from "@/i18n";
import { platformName } from "@/platforms";
import { filterQuery, useFilters, useParam } from "@/state/url";
import { copyText } from "./copy";
import { m } from "./messages";
import { PageState } from "./PageState";
import { PartyChip } from "./PartyChip";
import { shownExact, type Unit } from "./units";

type Evidence = Schemas["Evidence"];
type Reading = Schemas["Reading"];

export function EvidenceDrawer({ of, onClose }: { of: string; onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters] = useFilters();
  const query = { of, ...filterQuery(filters) };
  const { data, error, refetch } = useGet("/v1/evidence", { query }, { enabled: of !== "" });
  return (
    <Drawer open={of !== ""} onClose={onClose} size={560} title={data ? data[lang] : t("evidence")} closable={{ "aria-label": t("close") }} destroyOnHidden
      footer={data && <Foot data={data} />}>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : data ? <Body data={data} /> : <PageState state="loading" />}
    </Drawer>
  );
}

/** A reading as text; `unit` is one of the metrics', or the currency of money. */
export function readingText(reading: Reading | null, unit: string): string {
  const value = reading?.value;
  if (/^[A-Z]{3}$/.test(unit)) return moneyExact(value, unit);
  return shownExact(value, (unit || "count") as Unit);
}

function Body({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [tab, setTab] = useParam("tab", "definition");
  const items = [
    { key: "definition", label: t("definition"), children: <Definition data={data} /> },
    { key: "rows", label: t("rows"), children: <Rows data={data} /> },
    { key: "people", label: t("people"), children: <People data={data} /> },
    { key: "method", label: t("method"), children: <Method data={data} /> },
    { key: "lineage", label: t("lineage"), children: <ol>{data.lineage.map((line) => <li key={line} style={{ padding: "4px 0 4px 12px", borderLeft: "2px solid var(--line)" }}>{line}</li>)}</ol> },
  ];
  return (
    <>
      {data.current && (
        <p style={{ fontSize: 28, lineHeight: "36px", fontWeight: 600 }} >
          {readingText(data.current, data.unit)}
        </p>
      )}
      {data.current?.missing && <p className="note">{data.current.missing}</p>}
      <p className="note">{t("asof", { time: time(data.as_of_ms, lang) })} · {t("knownAt", { seq: exact(data.known) })}</p>
      <Tabs size="small" activeKey={items.some((item) => item.key === tab) ? tab : "definition"} onChange={setTab} items={items} />
    </>
  );
}

function Definition({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const rows: [string, ReactNode][] = [
    ...(data.window ? [[t("window"), days(data.window.start_ms, data.window.end_ms, lang)] as [string, ReactNode]] : []),
    ...(data.compared ? [[t("compared"), readingText(data.compared, data.unit)] as [string, ReactNode]] : []),
    ...(data.unit ? [[t("unit"), unitName(data.unit, t)] as [string, ReactNode]] : []),
    ...(data.current ? [[t("n"), exact(data.current.n)] as [string, ReactNode]] : []),
  ];
  return (
    <>
      <p style={{ marginBottom: 12 }}>{lang === "zh" ? data.definition_zh : data.definition_en}</p>
      <dl style={{ display: "grid", gridTemplateColumns: "88px 1fr", gap: "4px 12px" }}>
        {rows.map(([name, value]) => [<dt key={`${name}-t`} style={{ color: "var(--ink-2)" }}>{name}</dt>, <dd key={name}>{value}</dd>])}
      </dl>
    </>
  );
}

function unitName(unit: string, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  const named = { CNY: t("unit_yuan"), money: t("unit_yuan"), count: t("unit_count"), share: "%", days: t("unit_days"), ratio: t("unit_ratio") };
  return named[unit as keyof typeof named] ?? unit;
}

/** A cell as people read it; the name of its column says what it is. Amounts are minor units. */
function cellText(column: string, cell: string | number | null, unit: string, lang: Lang): string {
  if (cell === null || cell === "") return "—";
  if (column.endsWith("_ms") && typeof cell === "number") return time(cell, lang);
  if (column === "amount" && typeof cell === "number") return moneyExact(cell, /^[A-Z]{3}$/.test(unit) ? unit : "CNY");
  return column === "platform" ? platformName(String(cell), lang) : String(cell);
}

function Rows({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const named: Record<string, string> = {
    at_ms: t("col_at"), seq: t("col_seq"), platform: t("col_platform"), ref_order: t("col_order"), person: t("people"), amount: t("col_amount"), kind: t("col_kind"), id: t("col_id"),
  };
  if (data.sample.length === 0) return <p>{t("noRows")}</p>;
  const numeric = data.columns.map((name, at) => !name.endsWith("_ms") && data.sample.every((row) => row[at] === null || typeof row[at] === "number"));
  return (
    <>
      <p className="note" style={{ marginBottom: 8 }}>{t("rowCount", { n: exact(data.rows), k: data.sample.length })}</p>
      <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label={t("rows")}>
        <table className="twin">
          <thead><tr>{data.columns.map((name, at) => <th key={name} scope="col" className={numeric[at] ? "num" : ""} title={name}>{named[name] ?? name}</th>)}</tr></thead>
          <tbody>
            {data.sample.map((row, place) => (
              <tr key={place}>{row.map((cell, at) => <td key={at} className={numeric[at] ? "num" : "cell"}>{cellText(data.columns[at] ?? "", cell, data.unit, lang)}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function People({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (data.people === null) return <p>{t("noPeopleCounted")}</p>;
  if (data.people > 0 && data.people < 5) return <p>{t("peopleFew")}</p>;
  return (
    <>
      <p style={{ marginBottom: 8 }}>{t("peopleCount", { n: peopleText(data.people, lang).replace(/ (人|people|person)$/, "") })}</p>
      {data.people > 0 && data.person_refs.length === 0 && <PageState state="no-people" />}
      <ul className="row wrap">{data.person_refs.map((ref) => <li key={ref}><PartyChip reference={ref} /></li>)}</ul>
    </>
  );
}

function Method({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <>
      <p style={{ marginBottom: 12 }}>{lang === "zh" ? data.method_zh : data.method_en}</p>
      {data.sql && (
        <details>
          <summary style={{ cursor: "pointer", color: "var(--blue)" }}>{t("query")}</summary>
          <pre tabIndex={0} style={{ whiteSpace: "pre-wrap", fontSize: 12, lineHeight: "18px", background: "var(--shade)", padding: 12 }}>{data.sql}</pre>
        </details>
      )}
    </>
  );
}

function Foot({ data }: { data: Evidence }): ReactNode {
  const t = useT(m);
  const [said, setSaid] = useState("");
  const copy = (text: string): void => void copyText(text).then((done) => setSaid(t(done ? "copied" : "copyFailed")));
  return (
    <div className="row wrap">
      <Button size="small" onClick={() => copy(window.location.href)}>{t("copyLink")}</Button>
      {data.command && <Button size="small" onClick={() => copy(data.command)} title={data.command}>{t("command")}</Button>}
      <span className="note" role="status">{said}</span>
    </div>
  );
}
