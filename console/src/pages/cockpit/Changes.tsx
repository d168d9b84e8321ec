/** 变在哪里: the parts that moved most, with their share of the whole change. */
import type { ReactNode } from "react";
import { Button } from "antd";
import type { Schemas } from "@/api/client";
import { exact, money, share } from "@/format";
import { say, useLang, useT, type Lang } from "@/i18n";
import { Disc } from "@/parts/Disc";
import { EvidenceButton, Move } from "@/parts/MetricNumber";
import { PageState } from "@/parts/PageState";
import { shown } from "@/parts/units";
import { platformName } from "@/platforms";
import { useFilters } from "@/state/url";
import { m } from "./messages";

type Cockpit = Schemas["Cockpit"];
type MetricChange = Schemas["MetricChange"];

export function Changes({ data, against }: { data: Cockpit; against: string }): ReactNode {
  const t = useT(m);
  return (
    <>
      <header className="row" style={{ marginBottom: 8 }}><h2>{t("changes")}</h2><span className="note">{data.compared ? `${t("changesNote")} · ${against}` : t("changesNote")}</span></header>
      {data.changes.length === 0 ? <PageState state="empty" text={data.compared ? t("noChanges") : t("noCompare")} actions={<></>} /> : (
        <ol className="changes">
          {data.changes.map((one) => <Row key={`${one.metric}:${one.dimension}:${one.part}`} one={one} currency={currencyOf(data, one.metric)} />)}
        </ol>
      )}
    </>
  );
}

function Row({ one, currency }: { one: MetricChange; currency: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  const byPlatform = one.dimension === "platform";
  const part = byPlatform ? platformName(one.part, lang) : one.part_zh;
  const moved = t("from", { then: shown(one.compared, one.unit, lang, currency), now: shown(one.current, one.unit, lang, currency) });
  return (
    <li>
      <span className="change-what">{byPlatform ? <Disc platform={one.part} named /> : part} {one[lang]}</span>
      <span className="change-move"><Move change={one.change} unit={one.unit} title={moved} /></span>
      <span className="change-worth num" title={one.effect === null ? undefined : t("ruleHint")}>{worth(one, currency, lang)}</span>
      <span className="change-of">{one.stale ? <span style={{ color: "var(--amber)" }}>{t("stalePart")}</span> : one.of_total === null ? moved : ofTotal(one.of_total, t)}</span>
      <span className="change-acts">
        <EvidenceButton of={byPlatform && one.part ? `change:${one.metric}:${one.part}` : `metric:${one.metric}`} label={t("evidenceOf", { part, metric: one[lang] })}><span className="link">{t("evidence")}</span></EvidenceButton>
        {byPlatform && !(filters.pf.length === 1 && filters.pf[0] === one.part) && <Button size="small" type="text" onClick={() => change({ pf: [one.part] })}>{t("only")}<span className="hidden-text">{lang === "zh" ? "：" : ": "}{part}</span></Button>}
      </span>
    </li>
  );
}

/** What a change is worth: money where it can be carried there, else how unusual it is. */
export function worth(one: Pick<MetricChange, "effect" | "unusual">, currency: string, lang: Lang): string {
  const t = say(m, lang);
  if (one.effect !== null) return t(one.effect < 0 ? "less_money" : "more_money", { money: money(Math.abs(one.effect), currency, lang) });
  return one.unusual === null ? "" : t("unusualBy", { n: exact(Math.abs(one.unusual), 1) });
}

/** Share of the whole change in words: a part that moved the other way has none. */
export function ofTotal(part: number, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  return part < 0 ? t("against") : t("ofTotal", { share: share(part, 0) });
}

const currencyOf = (data: Cockpit, metric: string): string => data.cards.find((card) => card.metric === metric)?.currency ?? "CNY";
