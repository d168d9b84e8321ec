/** Imports with their states and reasons; those that run are asked about until they end. */
import { useState, type ReactNode } from "react";
import { Button } from "antd";
import { Link } from "react-router";
import { useQueryClient } from "@tanstack/react-query";
import { api, ApiError, useGet, type Schemas } from "@/api/client";
import { ago, duration, exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { useMay } from "@/state/session";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";
import { useSourceNames } from "./names";
import { goesOn } from "./upload";
import { stateName } from "./words";

type Job = Schemas["ImportJob"];
const ASK_MS = 1_000;

export function Jobs({ begun }: { begun: readonly string[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const may = useMay("configure");
  const names = useSourceNames();
  const [problem, setProblem] = useState("");
  const { data, error, refetch } = useGet("/v1/jobs", {}, { refetchInterval: (query) => ((query.state.data as { rows: Job[] } | undefined)?.rows.some(goesOn) ? ASK_MS : false) });
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const stop = async (job: Job): Promise<void> => {
    setProblem("");
    try {
      await api.post("/v1/jobs/{job_id}/stop", { path: { job_id: job.id } });
    } catch (failure) {
      setProblem(failure instanceof ApiError ? t("failed", wordsOf(failure)) : String(failure));
    }
    void client.invalidateQueries({ queryKey: ["/v1/jobs"] });
  };
  const called = (job: Job): string => names.get(job.preset)?.[lang] ?? job.preset;
  const columns: Column<Job>[] = [
    { key: "state", title: t("state"), width: 120, always: true, render: (job) => stateName(job.state, lang) },
    { key: "file", title: t("file"), always: true, render: (job) => <>{called(job)}{job.problem && <span className="note" style={{ display: "block", overflowWrap: "anywhere" }}>◐ {job.problem}</span>}</> },
    { key: "rows", title: t("rows"), numeric: true, width: 110, render: (job) => exact(job.rows) },
    { key: "accepted", title: t("accepted"), numeric: true, width: 110, render: (job) => exact(job.accepted) },
    { key: "parked", title: t("parked"), numeric: true, width: 100, render: (job) => (job.parked > 0 ? <Link to="/data/parked">{exact(job.parked)}</Link> : "0") },
    { key: "began", title: t("began"), width: 190, render: (job) => (job.started_ms === null ? "—" : <span title={time(job.started_ms, lang)}>{ago(job.started_ms, lang)}</span>) },
    { key: "took", title: t("took"), numeric: true, width: 90, render: (job) => (job.started_ms === null || job.ended_ms === null ? "—" : duration(job.ended_ms - job.started_ms, lang)) },
    { key: "acts", title: t("actions"), width: 90, render: (job) => (may && goesOn(job) ? <Button size="small" aria-label={t("stopOf", { name: called(job) })} onClick={() => void stop(job)}>{t("stop")}</Button> : "—") },
  ];
  return (
    <>
      <Now jobs={data.rows.filter((job) => begun.includes(job.id))} />
      <section>
        <h2 style={{ marginBottom: 8 }}>{t("jobs")}</h2>
        {problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {problem}</p>}
        {data.rows.length === 0 ? <p className="note">{t("noJobs")}</p> : <DataTable id="jobs" label={t("jobs")} columns={columns} rows={data.rows} rowKey={(job) => job.id} total={data.rows.length} />}
      </section>
    </>
  );
}

/** The import that was just asked for, in a sentence, with the next step. */
function Now({ jobs }: { jobs: readonly Job[] }): ReactNode {
  const t = useT(m);
  if (jobs.length === 0) return null;
  const sum = (of: (job: Job) => number): number => jobs.reduce((all, job) => all + of(job), 0);
  const [rows, accepted, parked] = [sum((job) => job.rows), sum((job) => job.accepted), sum((job) => job.parked)];
  const failed = jobs.find((job) => job.state === "failed");
  const running = jobs.some(goesOn);
  const stopped = jobs.some((job) => job.state === "stopped");
  return (
    <section className="card" aria-label={t("justNow")}>
      <h2 style={{ marginBottom: 8 }}>{t("justNow")}</h2>
      <p role="status">
        {running ? `○ ${rows > 0 ? t("jobRunning", { rows: exact(rows) }) : t("jobWaiting")}` : failed ? `◐ ${t("jobFailed", { problem: failed.problem })}` : stopped ? `◐ ${t("stopped")}` : `✓ ${t("jobDone", { rows: exact(rows), accepted: exact(accepted), parked: exact(parked) })}`}
      </p>
      {!running && (
        <div className="row wrap" style={{ marginTop: 12 }}>
          {parked > 0 && <Link to="/data/parked"><Button type="primary" tabIndex={-1}>{t("mendNow", { n: exact(parked) })}</Button></Link>}
          {accepted > 0 && <Link to="/data/live"><Button tabIndex={-1}>{t("seeEvents")}</Button></Link>}
        </div>
      )}
    </section>
  );
}
