/** 待办: one list of all that waits for this person, what waiting costs first. */
import type { ReactNode } from "react";
import { useGet } from "@/api/client";
import { useRefresh } from "@/api/live";
import { time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { TodoLine } from "@/parts/TodoLine";
import { m } from "./messages";

const EACH_MS = 30_000;

export default function TodoPage(): ReactNode {
  const t = useT(m);
  const { data, error, refetch } = useGet("/v1/todo", {}, { refetchInterval: EACH_MS });
  useRefresh(["/v1/todo"]);
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  const rows = data.filter((row) => row.count > 0);
  if (rows.length === 0) return <Nothing />;
  return (
    <div className="stack" style={{ maxWidth: 860 }}>
      <p>{rows.length === 1 ? t("single") : t("one", { n: rows.length })}{rows.some((row) => !row.patient) && <span className="note"> {t("seal")}</span>}</p>
      <ul className="card" aria-label={t("list")} style={{ padding: "0 16px" }}>
        {rows.map((row, place) => <li key={`${row.kind} ${row.id}`} style={place ? { borderTop: "1px solid var(--line)" } : undefined}><TodoLine row={row} roomy /></li>)}
      </ul>
    </div>
  );
}

/** An empty list says what was done last. */
function Nothing(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data } = useGet("/v1/approvals", { query: { limit: 20 } });
  const last = data?.rows.filter((row) => row.ended_ms !== null).sort((a, b) => (b.ended_ms ?? 0) - (a.ended_ms ?? 0))[0];
  const text = last ? t("noneLast", { time: time(last.ended_ms, lang), title: lang === "zh" ? last.title_zh : last.title_en, state: t(`s_${last.state}`) }) : t("none");
  return <PageState state="done" text={text} actions={<></>} />;
}
