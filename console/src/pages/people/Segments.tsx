/** The eight classic segments: how many, what they bring, the middle one of them, and the rule in words. */
import type { ReactNode } from "react";
import { Button } from "antd";
import { exact, money, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { type Column, DataTable } from "@/parts/DataTable";
import { LEAST, peopleText } from "./Grid";
import { m } from "./messages";
import type { Rfm } from "./Page";

type Segment = Rfm["segments"][number];

export function Segments({ rfm, chosen, onChoose }: { rfm: Rfm; chosen: string; onChoose: (segment: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const told = (row: Segment, text: string): string => (row.people === 0 || row.people >= LEAST ? text : "—");
  const columns: Column<Segment>[] = [
    {
      key: "segment", title: t("segment"), always: true,
      render: (row) => (
        <>
          <Button size="small" type={row.id === chosen ? "primary" : "link"} className="segment" aria-pressed={row.id === chosen} disabled={row.people === 0} onClick={() => onChoose(row.id)}>{lang === "zh" ? row.zh : row.en}</Button>
          <span className="note rule" title={lang === "zh" ? row.rule_zh : row.rule_en}>{gist(lang === "zh" ? row.rule_zh : row.rule_en)}</span>
        </>
      ),
    },
    { key: "people", title: t("people"), render: (row) => peopleText(row.people, t("few")), numeric: true },
    { key: "share", title: t("share"), render: (row) => told(row, share(row.share)), numeric: true },
    { key: "amount", title: t("amount"), render: (row) => told(row, money(row.amount, rfm.currency, lang)), numeric: true },
    { key: "recency", title: t("midRecency"), unit: t("days"), render: (row) => told(row, exact(row.recency_days, 0)), numeric: true },
    { key: "frequency", title: t("midFrequency"), unit: t("times"), render: (row) => told(row, exact(row.frequency, Number.isInteger(row.frequency) ? 0 : 1)), numeric: true },
    { key: "monetary", title: t("midMoney"), render: (row) => told(row, money(row.monetary, rfm.currency, lang)), numeric: true },
  ];
  return <DataTable id="people-segments" label={t("segments")} bare columns={columns} rows={rfm.segments} rowKey={(row) => row.id} total={rfm.segments.length} current={chosen} />;
}

/** What a rule means, which it says in its brackets; the whole rule where it has none. */
export const gist = (rule: string): string => /[(（]([^()（）]+)[)）]\s*$/.exec(rule)?.[1] ?? rule;
