/** 决策日志: what was decided about whom, why, what else there was, and which limit refused how many. */
import "./decisions.css";
import { useState, type ReactNode } from "react";
import { Button, Drawer, Select } from "antd";
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, ApiError, urlOf, useGet, type Schemas } from "@/api/client";
import { exact, share, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { DecisionCard, DecisionState } from "@/parts/DecisionCard";
import { ExportMenu } from "@/parts/ExportMenu";
import { FilterBar } from "@/parts/FilterBar";
import { PageState } from "@/parts/PageState";
import { PartyChip, shortened } from "@/parts/PartyChip";
import { useParams } from "@/state/url";
import { Counted } from "./Counts";
import { m } from "./messages";
import { ARMS, FILTERS, isFiltered, MODES, readQuery, TIMES, type Query } from "./query";

type Row = Schemas["DecisionRow"];
type Summary = Schemas["DecisionSummary"];
const SIZE = 50;

export default function Decisions(): ReactNode {
  const t = useT(m);
  const columns = useColumns();
  const [params, set] = useParams();
  const query = readQuery(params);
  const open = params.get("decision") ?? "";
  const counts = useGet("/v1/decisions/counts", { query });
  const log = useInfiniteQuery({
    queryKey: ["/v1/decisions", query], queryFn: ({ pageParam, signal }) => api.get("/v1/decisions", { query: { ...query, limit: SIZE, cursor: pageParam }, signal }),
    initialPageParam: "", getNextPageParam: (last) => last.next ?? undefined, placeholderData: (before) => before,
  });
  const told = counts.data;
  if (log.error instanceof ApiError && log.error.status === 403) return <PageState state="no-people" text={t("wallOnly")} />;
  const error = log.error ?? counts.error;
  if (error && (!log.data || !told)) return <PageState state="error" error={error} onRetry={() => void Promise.all([log.refetch(), counts.refetch()])} />;
  if (!log.data || !told) return <PageState state="loading" />;
  const rows = log.data.pages.flatMap((page) => page.rows);
  const filtered = isFiltered(query);
  if (!filtered && told.decisions === 0) return <PageState state="never" text={t("never")} actions={<></>} />;
  const reset = (): void => set(Object.fromEntries(FILTERS.map((key) => [key, ""])));
  return (
    <>
      <Filters query={query} told={told} set={set} onReset={filtered ? reset : undefined} tools={<ExportMenu name="decisions" csv={urlOf("/v1/decisions.csv", undefined, query)} xlsx={urlOf("/v1/decisions.xlsx", undefined, query)} label={t("title")} />} />
      <div className="decisions">
        <DataTable<Row>
          id="decisions" label={t("title")} columns={columns} rows={rows} rowKey={(row) => row.id} total={log.hasNextPage ? null : rows.length} busy={log.isFetching} current={open}
          onMore={log.hasNextPage ? () => void log.fetchNextPage() : undefined} onOpen={(row) => set({ decision: row.id })} empty={t("empty")}
          before={<span className="note">{t("counted", { n: exact(told.decisions) })}{told.is_whole ? "" : ` · ${t("newest", { n: exact(told.decisions) })}`}</span>}
        />
        <div className="stack">
          <Counted
            title={t("whatRefused")} note={t("refusedNote")} rows={told.refused} kind={(row) => t(`by_${row.by as "limit"}`)} empty={t("noneRefused")} isOn={(row) => row.by === query.by && row.name === query.name}
            onPick={(row) => set(row.by === query.by && row.name === query.name ? { by: "", name: "" } : { by: row.by, name: row.name })}
          />
          <Counted title={t("whatChosen")} rows={told.chosen} empty={t("empty")} isOn={(row) => row.name === query.chosen} onPick={(row) => set({ chosen: row.name === query.chosen ? "" : row.name })} />
          <Counted title={t("whatArms")} rows={told.arms} label={(row) => t(`arm_${row.name as "treated"}`)} empty={t("empty")} isOn={(row) => row.name === query.arm} onPick={(row) => set({ arm: row.name === query.arm ? "" : row.name })} />
        </div>
      </div>
      <Drawer open={open !== ""} onClose={() => set({ decision: "" })} size={720} title={t("one")} closable={{ "aria-label": t("close") }} destroyOnHidden>
        {open !== "" && <One key={open} id={open} />}
      </Drawer>
    </>
  );
}

function useColumns(): Column<Row>[] {
  const t = useT(m);
  const lang = useLang();
  return [
    { key: "written_ms", title: t("decided"), width: 148, always: true, render: (row) => time(row.written_ms, lang) },
    { key: "party", title: t("person"), width: 104, always: true, render: (row) => (row.party ? <PartyChip reference={row.party} name={row.person || undefined} /> : <PartyChip reference="person::erased" erased />) },
    { key: "policy", title: t("policy"), width: 124, render: (row) => { const name = lang === "zh" ? row.policy_zh : row.policy_en; return <span className="cut" style={{ display: "block", maxWidth: 124 }} title={name}>{name}</span>; } },
    { key: "chosen", title: t("chosen"), width: 96, always: true, render: (row) => (lang === "zh" ? row.chosen_zh : row.chosen_en) },
    { key: "refused", title: t("refused"), render: (row) => <span className="decision-refused note">{row.refused.map((one) => one[lang]).join(lang === "zh" ? "、" : ", ") || "—"}</span> },
    { key: "propensity", title: t("propensity"), numeric: true, width: 64, render: (row) => share(row.propensity, 0) },
    { key: "arm", title: t("arm"), width: 84, render: (row) => t(`arm_${row.arm as "treated"}`) },
    { key: "mode", title: t("mode"), width: 72, startsHidden: true, render: (row) => t(`mode_${row.mode as "auto"}`) },
    { key: "out", title: t("out"), width: 92, render: (row) => <DecisionState row={row} /> },
    { key: "at_ms", title: t("at"), width: 168, startsHidden: true, render: (row) => time(row.at_ms, lang) },
    { key: "run", title: t("run"), width: 100, startsHidden: true, render: (row) => row.run.slice(0, 8) || "—" },
  ];
}

interface FiltersProps {
  query: Query;
  told: Summary;
  set: (change: Record<string, string>) => void;
  onReset?: () => void;
  tools: ReactNode;
}

function Filters({ query, told, set, onReset, tools }: FiltersProps): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const chosen = told.chosen.find((row) => row.name === query.chosen)?.[lang] ?? (query.chosen === "none" ? t("none") : query.chosen);
  const refused = told.refused.find((row) => row.by === query.by && row.name === query.name)?.[lang] ?? (query.name || (query.by ? t(`by_${query.by as "limit"}`) : ""));
  const chips: [string, Record<string, string>][] = [
    ...(query.person ? [[`${t("onePerson")} ${shortened(query.person.split(":").slice(2).join(":"))}`, { person: "" }] as [string, Record<string, string>]] : []),
    ...(query.chosen ? [[t("onlyChosen", { name: chosen }), { chosen: "" }] as [string, Record<string, string>]] : []),
    ...(query.by ? [[t("onlyRefused", { name: refused }), { by: "", name: "" }] as [string, Record<string, string>]] : []),
  ];
  return (
    <FilterBar onReset={onReset} tools={tools}>
      <Select style={{ width: 160 }} aria-label={t("policy")} value={query.policy} onChange={(policy) => set({ policy })} options={[{ value: "", label: t("anyPolicy") }, ...told.policies.map((one) => ({ value: one.id, label: one[lang] }))]} />
      <Select style={{ width: 128 }} aria-label={t("decided")} value={query.t} onChange={(span) => set({ t: span })} options={[{ value: "", label: t("anyTime") }, ...TIMES.map((one) => ({ value: one, label: t(one) }))]} />
      <Select style={{ width: 120 }} aria-label={t("mode")} value={query.mode} onChange={(mode) => set({ mode })} options={[{ value: "", label: t("anyMode") }, ...MODES.map((one) => ({ value: one, label: t(`mode_${one}`) }))]} />
      <Select style={{ width: 120 }} aria-label={t("arm")} value={query.arm} onChange={(arm) => set({ arm })} options={[{ value: "", label: t("anyArm") }, ...ARMS.map((one) => ({ value: one, label: t(`arm_${one}`) }))]} />
      <Select style={{ width: 152 }} aria-label={t("run")} value={query.run} onChange={(run) => set({ run })} options={[{ value: "", label: t("anyRun") }, ...[...new Set([...(query.run ? [query.run] : []), ...told.runs])].map((one) => ({ value: one, label: t("runOf", { id: one.slice(0, 8) }) }))]} />
      {chips.map(([name, change]) => <Button key={name} size="small" onClick={() => set(change)} aria-label={t("clearOne", { name })}>{name} ✕</Button>)}
    </FilterBar>
  );
}

/** One decision in the drawer, and deciding it again from the log. */
function One({ id }: { id: string }): ReactNode {
  const t = useT(m);
  const [asked, setAsked] = useState(false);
  const { data, error, refetch } = useGet("/v1/decisions/{decision}", { path: { decision: id } });
  const again = useGet("/v1/decisions/{decision}/replay", { path: { decision: id } }, { enabled: asked });
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const actions = !data.proof.kept ? undefined : !asked ? <Button onClick={() => setAsked(true)}>{t("replay")}</Button> : <div role="status">{again.error ? <PageState state="error" error={again.error} onRetry={() => void again.refetch()} /> : again.data ? <Replay found={again.data} /> : t("replaying")}</div>;
  return <DecisionCard decision={data} actions={actions} />;
}

function Replay({ found }: { found: Schemas["Replayed"] }): ReactNode {
  const t = useT(m);
  const words = { log: "differLog", policy: "differPolicy", choice: "differChoice" } as const;
  if (found.decisions === 0) return t("gone");
  if (found.same === found.decisions) return <span style={{ color: "var(--celadon)" }}>✓ {t("same")}</span>;
  const cause = Object.keys(found.differ)[0] as keyof typeof words;
  return <span style={{ color: "var(--amber)" }}>◐ {t(words[cause] ?? "differChoice")}</span>;
}
