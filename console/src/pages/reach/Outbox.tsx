/** The rows of the outbox: filters in the URL, rows picked to be taken back or tried again, the whole story of one in a drawer. */
import type { ReactNode } from "react";
import { Button, Select } from "antd";
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, urlOf, type Schemas } from "@/api/client";
import { exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { PartyChip } from "@/parts/PartyChip";
import { usePolicyName } from "@/parts/policyName";
import { useParams } from "@/state/url";
import { m } from "./messages";
import type { Verbs } from "./verbs";
import { cameTo, isDead, isOpen, MARKS, STATES, word, type Line } from "./words";

const SIZE = 100;

export interface Asked {
  state: string;
  channel: string;
  policy: string;
  run: string;
  party: string;
  error: string;
  dry: string;
  since: number;
}

export function Outbox({ asked, whole, verbs, filters }: { asked: Asked; whole: Schemas["Reach"]; verbs: Verbs; filters: ReactNode }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const policyName = usePolicyName();
  const [params, set] = useParams();
  const query = { ...asked, dry: asked.dry === "" ? undefined : asked.dry === "yes" };
  const log = useInfiniteQuery({
    queryKey: ["/v1/reach/outbox", query],
    queryFn: ({ pageParam, signal }) => api.get("/v1/reach/outbox", { query: { ...query, limit: SIZE, cursor: pageParam }, signal }),
    initialPageParam: "", getNextPageParam: (last) => last.next ?? undefined, refetchInterval: 15_000, placeholderData: (before) => before,
  });
  if (log.error && !log.data) return <PageState state="error" error={log.error} onRetry={() => void log.refetch()} />;
  if (!log.data) return <PageState state="loading" />;
  const rows = log.data.pages.flatMap((page) => page.rows);
  const open = whole.counts.filter((one) => ["waiting", "ready", "dead"].includes(one.state)).reduce((sum, one) => sum + one.rows, 0);
  const filtered = Boolean(asked.state || asked.channel || asked.policy || asked.run || asked.party || asked.error || asked.dry);
  const columns: Column<Line>[] = [
    { key: "made_ms", title: t("when"), width: 168, always: true, render: (row) => <span style={{ whiteSpace: "nowrap" }}>{time(row.made_ms, lang)}</span> },
    { key: "party", title: t("whom"), width: 130, always: true, render: (row) => <Whom line={row} /> },
    { key: "channel", title: t("channel"), width: 110, render: (row) => word("channel", row.channel, lang) },
    { key: "content", title: t("content"), width: 240, render: (row) => <span style={{ overflowWrap: "anywhere" }}>{row.content || "—"}</span> },
    { key: "state", title: t("state"), width: 130, always: true, render: (row) => <Came line={row} /> },
    { key: "policy", title: t("policy"), width: 140, render: (row) => <span className="cut" style={{ display: "block", maxWidth: 140 }} title={policyName(row.policy)}>{policyName(row.policy) || "—"}</span> },
    { key: "attempts", title: t("attempts"), numeric: true, width: 80, render: (row) => exact(row.attempts) },
    { key: "why", title: t("why"), render: (row) => <span style={{ display: "block", minWidth: 160, overflowWrap: "anywhere" }}>{[row.error && word("error", row.error, lang), row.error_text, row.uncertain && t("uncertain")].filter(Boolean).join(" · ") || "—"}</span> },
  ];
  const pick = (picked: readonly string[], clear: () => void): ReactNode => {
    const chosen = rows.filter((row) => picked.includes(row.id));
    const back = chosen.filter(isOpen).map((row) => row.id);
    const again = chosen.filter(isDead).map((row) => row.id);
    return (
      <>
        {back.length > 0 && <Button disabled={verbs.busy} onClick={() => void verbs.withdraw({ ids: back }).then(clear)}>{t("withdrawN", { n: exact(back.length) })}</Button>}
        {again.length > 0 && <Button disabled={verbs.busy} onClick={() => void verbs.retry({ ids: again }).then(clear)}>{t("retryN", { n: exact(again.length) })}</Button>}
      </>
    );
  };
  return (
    <section>
      <h2 style={{ marginBottom: 8 }}>{t("table")}</h2>
      <DataTable
        id="reach" label={t("table")} columns={columns} rows={rows} rowKey={(row) => row.id} total={log.hasNextPage ? null : rows.length} busy={log.isFetching && !log.isRefetching}
        onMore={log.hasNextPage ? () => void log.fetchNextPage() : undefined} onOpen={(row) => set({ action: row.id })} current={params.get("action") ?? undefined}
        batch={verbs.may ? pick : undefined} rowLabel={(row) => t("rowName", { channel: word("channel", row.channel, lang), content: row.content, time: time(row.made_ms, lang) })}
        empty={<PageState state="empty" text={t("nothingHere")} actions={filtered ? <Button onClick={() => set({ state: "", channel: "", policy: "", run: "", party: "", error: "", dry: "" })}>{t("clear")}</Button> : <Button onClick={() => set({ since: "all" })}>{t("allTime")}</Button>} />}
        before={<>{filters}{asked.run !== "" && verbs.may && open > 0 && !asked.state && <Button disabled={verbs.busy} onClick={() => void verbs.withdraw({ run: asked.run })}>{t("withdrawRun", { n: exact(open) })}</Button>}</>}
        tools={<ExportMenu name="outbox" csv={urlOf("/v1/reach/outbox.csv", undefined, query)} xlsx={urlOf("/v1/reach/outbox.xlsx", undefined, query)} label={t("table")} />}
      />
    </section>
  );
}

export function Whom({ line }: { line: Line }): ReactNode {
  const t = useT(m);
  if (line.party) return <PartyChip reference={line.party} name={line.person} />;
  return <span className="note">{line.kind === "notice" ? t("operators") : t("erased")}</span>;
}

/** What became of it: shape and word; a dry run says so beside it. */
export function Came({ line }: { line: Line }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { mark, text } = cameTo(line, lang);
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      <span aria-hidden style={{ color: MARKS[mark][1] }}>{MARKS[mark][0]} </span>{text}
      {line.dry && <> <span className="reach-dry" title={t("dryTip")}>{t("dry")}</span></>}
    </span>
  );
}

export function Filters({ asked, whole, since }: { asked: Asked; whole: Schemas["Reach"]; since: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const policyName = usePolicyName();
  const [, set] = useParams();
  const policies = [...new Set(whole.runs.map((run) => run.policy).concat(asked.policy))].filter(Boolean);
  const channels = [...new Set(whole.counts.map((one) => one.channel).concat(asked.channel))].filter(Boolean);
  const runs = whole.runs.filter((run) => !asked.policy || run.policy === asked.policy);
  const filtered = Boolean(asked.state || asked.channel || asked.policy || asked.run || asked.party || asked.error || asked.dry);
  const pick = (name: keyof Asked, label: string, any: string, options: { value: string; label: string }[], width = 128): ReactNode => (
    <Select style={{ width }} aria-label={label} value={String(asked[name])} onChange={(value) => set({ [name]: value })} options={[{ value: "", label: any }, ...options]} />
  );
  return (
    <div role="search" aria-label={t("table")} data-filter className="row wrap">
      <Select style={{ width: 132 }} aria-label={t("since")} value={since} onChange={(value) => set({ since: value === "30d" ? "" : value })} options={[{ value: "7d", label: t("d7") }, { value: "30d", label: t("d30") }, { value: "all", label: t("all") }]} />
      {pick("state", t("stateLabel"), t("anyState"), STATES.map((value) => ({ value, label: word("state", value, lang) })))}
      {pick("channel", t("channelLabel"), t("anyChannel"), channels.map((value) => ({ value, label: word("channel", value, lang) })))}
      {policies.length > 0 && pick("policy", t("policyLabel"), t("anyPolicy"), policies.map((value) => ({ value, label: policyName(value) })), 160)}
      {runs.length > 0 && pick("run", t("runLabel"), t("anyRun"), runs.map((run) => ({ value: run.id, label: `${policyName(run.policy)} · ${time(run.begun_ms, lang)}` })), 232)}
      {pick("dry", t("dryLabel"), t("anyDry"), [{ value: "no", label: t("noDry") }, { value: "yes", label: t("onlyDry") }])}
      {asked.error && <Button onClick={() => set({ error: "" })}>{word("error", asked.error, lang)} ×</Button>}
      {asked.party && <Button onClick={() => set({ party: "" })}>{t("onlyOne")} ×</Button>}
      {filtered && <Button type="link" onClick={() => set({ state: "", channel: "", policy: "", run: "", party: "", error: "", dry: "" })}>{t("clear")}</Button>}
    </div>
  );
}
