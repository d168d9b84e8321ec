/** 分析: the question on the left, its answer as a picture and a table on the right. */
import type { ReactNode } from "react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation } from "react-router";
import { ask, type ApiError, urlOf, useGet } from "@/api/client";
import { days, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { filterQuery, useFilters, useParams } from "@/state/url";
import { Form, type KindName } from "./Form";
import { queryOf } from "./logic";
import { m } from "./messages";
import { type Files, Result } from "./Result";
import { type Answers, type Kind, KINDS } from "./kinds";
import "./explore.css";

export default function ExplorePage(): ReactNode {
  const { pathname } = useLocation();
  const kind = KINDS.find((one) => pathname === `/explore/${one}`);
  const kinds = useGet("/v1/kinds");
  if (!kind) return <PageState state="nowhere" />;
  if (!kinds.data) return kinds.error ? <PageState state="error" error={kinds.error} onRetry={() => void kinds.refetch()} /> : <PageState state="loading" />;
  const occurring = kinds.data.rows.filter((row) => row.events > 0).sort((a, b) => b.events - a.events);
  if (occurring.length === 0) return <PageState state="never" />;
  return <Asked key={kind} kind={kind} kinds={occurring} />;
}

function Asked({ kind, kinds }: { kind: Kind; kinds: readonly KindName[] }): ReactNode {
  const t = useT(m);
  const [filters] = useFilters();
  const [params] = useParams();
  const asked = queryOf(kind, params, kinds.map((one) => one.name));
  const { t: time, pf, asof } = filterQuery(filters);
  const query = { t: time, pf, asof, ...asked };
  const path = `/v1/explore/${kind}`;
  const ready = kind !== "funnel" || (asked.steps ?? "").split(",").length > 1;
  const { data, error, refetch } = useQuery<Answers[Kind], ApiError>({
    queryKey: [path, query], queryFn: ({ signal }) => ask("GET", path, { query, signal }), placeholderData: keepPreviousData, enabled: ready,
  });
  const files: Files = { csv: urlOf(`${path}.csv`, undefined, query), xlsx: urlOf(`${path}.xlsx`, undefined, query), name: `${kind}-${time.replace(/[^\w-]+/g, "_")}` };
  return (
    <div className="explore">
      <Form kind={kind} query={asked} kinds={kinds} />
      <section className="card" aria-live="polite">
        {!ready ? <PageState state="empty" text={t("few")} actions={<></>} />
          : error ? <PageState state="error" error={error} onRetry={() => void refetch()} />
            : data ? <Answered kind={kind} data={data} files={files} kinds={kinds} /> : <PageState state="loading" />}
      </section>
    </div>
  );
}

function Answered({ kind, data, files, kinds }: { kind: Kind; data: Answers[Kind]; files: Files; kinds: readonly KindName[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <>
      <p className="note">{t("asked", { days: days(data.window.start_ms, data.window.end_ms, lang), known: exact(data.known) })}</p>
      <Result kind={kind} data={data} files={files} kinds={kinds} />
    </>
  );
}
