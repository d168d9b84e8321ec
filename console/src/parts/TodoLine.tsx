/** One thing that waits for a person: why it is here, since when, what waiting costs, and the verb. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "@/api/client";
import { ago, time } from "@/format";
import { catalogue, useLang, useT } from "@/i18n";
import { Seal } from "./Seal";

export type Todo = Schemas["Todo"];

/** What cannot wait takes the seal; the rest only its place in the list. */
export function TodoLine({ row, now, onLeave, roomy }: { row: Todo; now?: number; onLeave?: () => void; roomy?: boolean }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const why = lang === "zh" ? row.zh : row.en;
  const cost = lang === "zh" ? row.cost_zh : row.cost_en;
  const since = row.since_ms === null ? "" : t(row.count === 1 ? "sinceOne" : "since", { time: ago(row.since_ms, lang, now) });
  const until = row.until_ms === null ? "" : t("until", { time: time(row.until_ms, lang, now) });
  return (
    <div className="row" style={{ alignItems: "start", padding: "8px 0" }}>
      <span style={{ width: 24, flex: "none", textAlign: "center" }}>{row.patient ? <span aria-hidden>○</span> : <Seal />}</span>
      <div className="grow">
        <p style={{ overflowWrap: "anywhere" }}>{roomy ? why : <Link to={row.path} onClick={onLeave}>{why}</Link>}</p>
        {cost && <p className="note">{cost}</p>}
        {(since || until) && <p className="note">{[since, until].filter(Boolean).join(" · ")}</p>}
      </div>
      {roomy && <Link to={row.path} className="ant-btn ant-btn-default" style={{ display: "inline-flex", alignItems: "center", minHeight: 32, padding: "0 12px", border: "1px solid var(--field)", borderRadius: 4 }} aria-label={t("act", { verb: lang === "zh" ? row.act_zh : row.act_en, why })}>{lang === "zh" ? row.act_zh : row.act_en}</Link>}
    </div>
  );
}

const m = catalogue({
  zh: { since: "最早 {time}", sinceOne: "{time}开始等", until: "{time} 截止", act: "{verb}：{why}" },
  en: { since: "oldest {time}", sinceOne: "waits since {time}", until: "until {time}", act: "{verb}: {why}" },
});
