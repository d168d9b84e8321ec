/** 流量: what holders of a unit had, what came and left by day and reason, what they have; it adds up. */
import { type ReactNode } from "react";
import { Select } from "antd";
import { urlOf, useGet } from "@/api/client";
import { day, exact, isoDay } from "@/format";
import { useLang, useT } from "@/i18n";
import { Chart } from "@/parts/Chart";
import { PageState } from "@/parts/PageState";
import type { Twin } from "@/parts/TableTwin";
import { useMode } from "@/state/prefs";
import { useMay } from "@/state/session";
import { filterQuery, useFilters } from "@/state/url";
import { TOKENS } from "@/theme";
import { amount, byDay, byKind, signed } from "./logic";
import { kindWord, m } from "./messages";

interface Props {
  unit: string;
  units: readonly { unit: string; zh: string; en: string }[];
  onUnit: (unit: string) => void;
}

export function FlowsCard({ unit, units, onUnit }: Props): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const mayExport = useMay("export");
  const [filters] = useFilters();
  const { t: range, asof } = filterQuery(filters);
  const query = { unit, t: range, asof };
  const { data, error, refetch } = useGet("/v1/ledger/flows", { query });
  const name = (of: { zh: string; en: string } | undefined): string => (of ? (lang === "zh" ? of.zh : of.en) : unit);
  const days = data ? byDay(data.rows, data.since_ms, data.until_ms) : [];
  const kinds = data ? byKind(data.rows) : [];
  const twin: Twin = {
    caption: name(data), columns: [{ title: t("day") }, { title: t("came"), numeric: true }, { title: t("left"), numeric: true }],
    rows: days.map((one) => [isoDay(one.day), amount(one.came, unit), amount(one.left, unit)]),
  };
  const scale = unit === "fen" ? 100 : 1;
  const tokens = TOKENS[mode];
  const option = {
    grid: { left: 8, right: 8, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: "category", data: days.map((one) => day(one.day, lang)), axisTick: { show: false } },
    yAxis: { type: "value", axisLabel: { formatter: (value: number) => (value < 0 ? `−${exact(-value)}` : exact(value)) } },
    series: [
      { type: "bar", name: t("came"), stack: "flow", data: days.map((one) => one.came / scale), itemStyle: { color: tokens.blue } },
      { type: "bar", name: t("left"), stack: "flow", data: days.map((one) => -one.left / scale), itemStyle: { color: tokens.ink3 } },
    ],
  };
  return (
    <section className="card" aria-labelledby="ledger-flows">
      <header className="row wrap">
        <h2 id="ledger-flows" style={{ flex: "0 0 auto" }}>{t("flows")}</h2>
        <Select style={{ minWidth: 120 }} aria-label={t("unit")} value={unit} onChange={onUnit} options={units.map((one) => ({ value: one.unit, label: name(one) }))} />
        {data && <span className="num">{t("equation", { opening: amount(data.opening, unit), came: amount(data.came, unit), left: amount(data.left, unit), closing: amount(data.closing, unit) })}</span>}
      </header>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data ? <PageState state="loading" /> : !data.rows.length ? <PageState state="empty" text={t("noFlows", { unit: name(data) })} /> : (
        <>
          <Chart
            option={option} twin={twin} height={216} name={`flows-${unit}`} label={t("flowsLabel", { unit: name(data), came: amount(data.came, unit), left: amount(data.left, unit) })}
            files={{ csv: mayExport ? urlOf("/v1/ledger/flows.csv", undefined, query) : undefined, xlsx: mayExport ? urlOf("/v1/ledger/flows.xlsx", undefined, query) : undefined }}
            before={<span className="note row wrap"><span><i className="ledger-key ledger-came" aria-hidden /> {t("came")}</span><span><i className="ledger-key ledger-left" aria-hidden /> {t("left")}</span></span>}
          />
          <p className="row wrap note">{t("by")}{kinds.map((one) => <span key={one.kind}>{kindWord("k", one.kind, t)} <b className="num">{signed(one.came - one.left, unit)}</b></span>)}</p>
        </>
      )}
    </section>
  );
}
