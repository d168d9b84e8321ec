/** What a file would become: counts, rows to mend and why, rows beside their events. */
import { useState, type ReactNode } from "react";
import { Button } from "antd";
import { useGet, type Schemas } from "@/api/client";
import { exact, moneyExact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { Cells } from "./MendGroup";
import { m } from "./messages";
import { totals } from "./upload";
import { reasonName } from "./words";
import { useKindNames } from "./names";

const FIRST = 5;

export function DryRun({ run }: { run: Schemas["DryRun"] }): ReactNode {
  const t = useT(m);
  const all = totals(run);
  return (
    <section className="stack" aria-label={t("dryTitle")}>
      <div>
        <h3>{t("dryTitle")}</h3>
        <p className="note">{t(all.whole ? "dryWhole" : "dryNote", { rows: exact(all.rows) })}</p>
        <p role="status" style={{ marginTop: 4 }}>
          <span aria-hidden style={{ color: "var(--celadon)" }}>✓ </span>{t("become", { rows: exact(all.accepted), events: exact(all.events) })}
          {" · "}{all.parked > 0 ? <><span aria-hidden style={{ color: "var(--amber)" }}>◐ </span>{t("wouldPark", { n: exact(all.parked) })}</> : t("noPark")}
          {all.skipped > 0 && <span className="note"> · {t("skipped", { n: exact(all.skipped) })}</span>}
        </p>
      </div>
      {run.sources.map((source) => <Source key={source.source} source={source} named={run.sources.length > 1} />)}
    </section>
  );
}

function Source({ source, named }: { source: Schemas["SourceRun"]; named: boolean }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const kindName = useKindNames();
  const [more, setMore] = useState(false);
  const problems: Column<Schemas["WouldPark"]>[] = [
    { key: "reason", title: t("reason"), width: 220, render: (row) => reasonName(row.reason, lang) },
    { key: "field", title: t("field"), width: 140, render: (row) => row.field || "—" },
    { key: "count", title: t("rowsN"), numeric: true, width: 70, render: (row) => exact(row.count) },
    { key: "what", title: t("wrong"), render: (row) => <>{row.what}<span className="note" style={{ display: "block" }}>{row.mend}</span></> },
    { key: "cells", title: t("example"), width: 200, render: (row) => (row.field.split("|").some((name) => name in row.cells) ? row.field.split("|").flatMap((name) => (name in row.cells ? [row.cells[name] || t("blank")] : [])).join(" · ") : "—") },
  ];
  const samples = more ? source.samples : source.samples.slice(0, FIRST);
  return (
    <div className="stack">
      {named && <h3>{source.source} · {source.mapping_zh}</h3>}
      <p>
        {source.kinds.map((kind) => `${kindName(kind.kind)} ${exact(kind.events)}`).join(" · ")}
        {source.first_ms !== null && <span className="note"> · {t("fromTo", { from: time(source.first_ms, lang), to: time(source.last_ms, lang) })}</span>}
      </p>
      {source.problems.length > 0 && (
        <section>
          <h3 style={{ marginBottom: 8 }}>{t("parkedBecause")}</h3>
          <DataTable id="would-park" label={t("parkedBecause")} columns={problems} rows={source.problems} rowKey={(row) => `${row.reason} ${row.field} ${row.kind}`} total={source.problems.length} bare />
        </section>
      )}
      {source.samples.length > 0 && (
        <section>
          <DataTable
            id="beside" label={t("dryTitle")} bare total={samples.length} rows={samples} rowKey={(row) => String(row.row)}
            columns={[
              { key: "row", title: t("rows"), numeric: true, width: 60, render: (row) => exact(row.row) },
              { key: "raw", title: t("raw"), width: "50%", render: (row) => <Cells cells={filled(row.cells)} /> },
              { key: "becomes", title: t("becomes"), render: (row) => (row.events.length === 0 ? <span className="note">{t("noEvents")}</span> : row.events.map((event, index) => <Sample key={index} event={event} name={kindName(event.kind)} />)) },
            ]}
          />
          {source.samples.length > FIRST && <Button type="link" aria-expanded={more} onClick={() => setMore(!more)}>{more ? t("fewRows") : t("moreRows", { n: source.samples.length - FIRST })}</Button>}
        </section>
      )}
    </div>
  );
}

const filled = (cells: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(cells).filter(([, value]) => value !== ""));

/** An event as it would be stored, its properties named and written as the catalogue types them. */
function Sample({ event, name }: { event: Schemas["SampleEvent"]; name: string }): ReactNode {
  const lang = useLang();
  const { data } = useGet("/v1/kinds/{name}", { path: { name: event.kind } }, { staleTime: 600_000, retry: false });
  const facts: Record<string, string> = { ...event.roles, ...event.refs };
  for (const [key, value] of Object.entries(event.properties)) {
    const one = data?.name === event.kind ? data.properties[key] : undefined;
    facts[one?.[lang] || one?.zh || key] = typeof value === "number" && one?.type === "money" ? moneyExact(value, event.currency || "CNY") : typeof value === "number" && one?.type === "time" ? time(value, lang) : String(value);
  }
  return (
    <div style={{ marginBottom: 4 }}>
      <strong>{name}</strong> <span className="note">{time(event.at_ms, lang)}</span>{event.amount !== null && <span> · {moneyExact(event.amount, event.currency || "CNY")}</span>}
      <Cells cells={facts} />
    </div>
  );
}
