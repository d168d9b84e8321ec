/** How fresh the sources of a card are, against their own promise: text when fresh, ◐ when late, a seal when stopped. */
import type { ReactNode } from "react";
import { Popover } from "antd";
import type { Schemas } from "@/api/client";
import { ago, duration, exact, time } from "@/format";
import { catalogue, useLang, useT } from "@/i18n";
import { Disc } from "./Disc";
import { Seal } from "./Seal";

type Freshness = Schemas["Freshness"];

/** The sources that a card reads; `asOf` is the instant that "now" stands for. */
export function FreshnessBadge({ sources, asOf }: { sources: readonly Freshness[]; asOf?: number }): ReactNode {
  const lang = useLang();
  const t = useT(m);
  const told = sources.filter((one) => one.state !== "never");
  if (told.length === 0) return <span className="note">{t("never")}</span>;
  const [stopped, late] = [told.filter((one) => one.state === "stopped"), told.filter((one) => one.state === "late")];
  const worst = stopped.length > 0 ? stopped : late;
  const newest = Math.max(...told.map((one) => one.newest_at_ms ?? 0));
  const first = worst[0];
  const text = !first ? t("fresh", { time: ago(newest, lang, asOf) })
    : worst.length > 1 ? t("several", { n: worst.length, all: told.length })
      : t("stands", { name: lang === "zh" ? first.zh : first.en, time: time(first.newest_at_ms, lang, asOf) });
  return (
    <Popover trigger={["hover", "focus"]} placement="bottomRight" content={<History sources={told} asOf={asOf} />}>
      <button type="button" className="plain note" style={{ cursor: "help", color: first && stopped.length === 0 ? "var(--amber)" : undefined }}>
        {stopped.length > 0 ? <><Seal /> </> : first ? "◐ " : ""}{text}
      </button>
    </Popover>
  );
}

function History({ sources, asOf }: { sources: readonly Freshness[]; asOf?: number }): ReactNode {
  const lang = useLang();
  const t = useT(m);
  return (
    <table className="twin" style={{ minWidth: 420 }}>
      <thead>
        <tr><th>{t("source")}</th><th>{t("state")}</th><th className="num">{t("newest")}</th><th className="num">{t("promise")}</th><th className="num">{t("events")}</th></tr>
      </thead>
      <tbody>
        {sources.map((one) => (
          <tr key={one.platform}>
            <th scope="row"><Disc platform={one.platform} named /></th>
            <td>{t(one.state === "fresh" ? "good" : one.state)}</td>
            <td className="num">{time(one.newest_at_ms, lang, asOf)}</td>
            <td className="num">{duration(one.promise_ms, lang)}</td>
            <td className="num">{exact(one.events)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const m = catalogue({
  zh: {
    never: "还没有数据", fresh: "最新 {time}", stands: "{name}停在 {time}", several: "{all} 个平台里有 {n} 个晚了", source: "来源", state: "状态", newest: "最新事件",
    promise: "承诺", events: "事件（条）", stopped: "停了", late: "◐ 晚了", good: "准时",
  },
  en: {
    never: "No data yet", fresh: "Newest {time}", stands: "{name} stands at {time}", several: "{n} of {all} platforms are late", source: "Source", state: "State",
    newest: "Newest event", promise: "Promise", events: "Events (number)", stopped: "stopped", late: "◐ late", good: "in time",
  },
});
