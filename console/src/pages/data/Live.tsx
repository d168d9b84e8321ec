import { useMemo, useState, type ReactNode } from "react";
import { Button, Select } from "antd";
import { useNavigate } from "react-router";
import { useGet } from "@/api/client";
import { useLive, useRefresh } from "@/api/live";
import { clock, exact, moneyExact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { Disc } from "@/parts/Disc";
import { PageState } from "@/parts/PageState";
import { PartyChip } from "@/parts/PartyChip";
import { platformName, PLATFORMS } from "@/platforms";
import { useMay } from "@/state/session";
import { useParams } from "@/state/url";
import { m } from "./messages";
import { passing, waiting, type Row } from "./tail";
import { familyName, kindName } from "./words";

const KEPT = 100; // events of the tail
const OFFERED = 4; // kinds of a family that the latest events do not hold

export default function Live(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const navigate = useNavigate();
  const mayImport = useMay("configure");
  const [params, set] = useParams();
  const filter = { family: params.get("family") ?? "", platform: params.get("platform") ?? "", kind: params.get("kind") ?? "" };
  const line = useLive();
  const [paused, setPaused] = useState(false);
  const [over, setOver] = useState(false);
  const [still, setStill] = useState<{ kind: string; rows: readonly Row[] } | null>(null); // what the list shows while it is held
  const query: { limit: number; kind?: string } = filter.kind ? { limit: KEPT, kind: filter.kind } : { limit: KEPT };
  const { data, error, refetch, isPlaceholderData } = useGet("/v1/events", { query });
  const kinds = useGet("/v1/kinds", {}, { staleTime: 60_000 });
  useRefresh(["/v1/events"]);
  const known = useMemo(() => new Map(kinds.data?.rows.map((row) => [row.name, row])), [kinds.data]);
  const latest = isPlaceholderData ? undefined : data?.rows;
  const held = paused || over;
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  if (held && latest && still?.kind !== filter.kind) setStill({ kind: filter.kind, rows: latest }); // another question is held from its own answer on
  const tail = (held && still?.kind === filter.kind ? still.rows : null) ?? latest ?? [];
  const called = (kind: string): string => {
    const row = known.get(kind);
    return row ? kindName(row, lang) : kind;
  };
  const familyOf = (kind: string): string => known.get(kind)?.family ?? "custom";
  const rows = passing(tail, filter, familyOf);
  const fresh = latest ? waiting(tail, passing(latest, filter, familyOf)) : 0;
  const hold = (nowPaused: boolean, nowOver: boolean): void => {
    setStill((before) => (nowPaused || nowOver ? (before ?? (latest ? { kind: filter.kind, rows: latest } : null)) : null));
    setPaused(nowPaused);
    setOver(nowOver);
  };
  const common = [...known.values()].filter((row) => row.events > 0 && (filter.family === "" || row.family === filter.family)).sort((a, b) => b.events - a.events);
  const offered = filter.kind === "" && filter.family !== "" ? common.slice(0, OFFERED) : [];
  const filtered = filter.family !== "" || filter.platform !== "" || filter.kind !== "";
  const families = [...new Set(kinds.data?.rows.map((row) => row.family))];
  const columns: Column<Row>[] = [
    { key: "at_ms", title: t("at"), always: true, width: 220, render: (row) => <span title={time(row.at_ms, lang)}>{time(row.at_ms, lang)}{clock(row.at_ms, true).slice(5)}</span> },
    { key: "kind", title: t("kind"), always: true, render: (row) => called(row.kind) },
    { key: "family", title: t("family"), width: 110, render: (row) => familyName(familyOf(row.kind), lang) },
    { key: "platform", title: t("platform"), width: 150, render: (row) => (row.platform ? <Disc platform={row.platform} named /> : "—") },
    { key: "actor", title: t("actor"), render: (row) => (row.roles?.actor ? <PartyChip reference={row.roles.actor} /> : "—") },
    { key: "amount", title: t("money"), numeric: true, width: 130, render: (row) => (row.amount == null ? "—" : moneyExact(row.amount, row.currency || "CNY")) },
    { key: "received_ms", title: t("received"), startsHidden: true, render: (row) => time(row.received_ms, lang) },
    { key: "source", title: t("source"), startsHidden: true, render: (row) => row.source ?? "—" },
  ];
  const state = line.state === "lost" ? t("lineCut", { time: clock(line.heard, true) }) : line.state === "off" ? t("lineOff") : paused ? t("paused") : over && fresh > 0 ? t("held") : t("lineOpen");
  return (
    <div className="stack">
      {line.state === "lost" && <PageState state="stale" text={state} actions={<></>} />}
      <div onMouseEnter={() => hold(paused, true)} onMouseLeave={() => hold(paused, false)} onFocus={(event) => event.target.tagName === "TR" && hold(paused, true)} onBlur={() => hold(paused, false)}>
        <DataTable
          id="live" label={t("live")} columns={columns} rows={rows} rowKey={(row) => row.id} total={rows.length} onOpen={(row) => set({ ev: `event:${row.id}` })}
          busy={isPlaceholderData}
          empty={isPlaceholderData ? <PageState state="loading" /> : tail.length === 0
            ? <PageState state="never" text={t("noEvents2")} actions={mayImport ? <Button type="primary" onClick={() => void navigate("/data/import")}>{t("importOne")}</Button> : <></>} />
            : <PageState state="empty" text={t("noneFit", { n: exact(tail.length) })} actions={<>{offered.map((row) => <Button key={row.name} onClick={() => set({ kind: row.name })}>{t("askKind", { kind: kindName(row, lang), n: exact(row.events) })}</Button>)}<Button onClick={() => set({ family: "", platform: "", kind: "" })}>{t("clear")}</Button></>} />}
          before={
            <>
              <Button aria-pressed={paused} onClick={() => hold(!paused, over)}>{t(paused ? "resume" : "pause")}</Button>
              <Select
                style={{ width: 180 }} aria-label={t("kind")} value={filter.kind} showSearch={{ optionFilterProp: "label" }} popupMatchSelectWidth={false} onChange={(kind) => set({ kind })}
                options={[{ value: "", label: t("allKinds") }, ...(filter.kind && !common.some((row) => row.name === filter.kind) ? [{ value: filter.kind, label: called(filter.kind) }] : []), ...common.map((row) => ({ value: row.name, label: kindName(row, lang) }))]}
              />
              <Select style={{ width: 130 }} aria-label={t("family")} value={filter.family} onChange={(family) => set({ family, kind: family === "" || familyOf(filter.kind) === family ? filter.kind : "" })} options={[{ value: "", label: t("allFamilies") }, ...families.map((value) => ({ value, label: familyName(value, lang) }))]} />
              <Select style={{ width: 150 }} aria-label={t("platform")} value={filter.platform} onChange={(platform) => set({ platform })} options={[{ value: "", label: t("allPlatforms") }, ...PLATFORMS.map((one) => ({ value: one.id, label: platformName(one.id, lang) }))]} />
              {filtered && <Button type="link" onClick={() => set({ family: "", platform: "", kind: "" })}>{t("clear")}</Button>}
              <span className="note">{[line.state === "lost" ? "" : state, filter.family || filter.platform ? t("shownOf", { m: exact(rows.length), n: exact(tail.length) }) : ""].filter(Boolean).join(" · ")}</span>
              {fresh > 0 && held && (
                <span role="status" className="row" style={{ background: "var(--blue-tint)", borderRadius: 4, padding: "0 8px" }}>
                  {t("fresh", { n: exact(fresh) })}
                  <Button type="link" size="small" onClick={() => latest && setStill({ kind: filter.kind, rows: latest })}>{t("show")}</Button>
                </span>
              )}
            </>
          }
        />
      </div>
    </div>
  );
}
