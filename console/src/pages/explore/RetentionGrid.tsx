/** Cohorts as a heat grid that is a table: the picture and its twin are one. */
import type { Schemas } from "@/api/client";
import type { ReactNode } from "react";
import { exact, MISSING, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { TableTwin, type Twin, Wide } from "@/parts/TableTwin";
import { cohortName, heat, percent, reached } from "./logic";
import { m } from "./messages";
import { type Files, None } from "./Result";

type Cohorts = Schemas["Cohorts"];

export function RetentionGrid({ data, files }: { data: Cohorts; files: Files }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const rows = data.rows.filter((row) => row.people > 0);
  if (rows.length === 0) return <None window={data.window} />;
  const shares = rows.map((row) => row.kept.map((kept) => (kept === null ? null : kept / row.people)));
  const most = Math.max(0, ...shares.flatMap((row) => row.slice(1).map((value) => value ?? 0)));
  const one = data.overall[1] ?? null;
  const width = reached(data.overall);
  const people = rows.reduce((sum, row) => sum + row.people, 0);
  const twin: Twin = {
    caption: t("keptHead"),
    columns: [{ title: t("cohort") }, { title: t("size"), numeric: true }, ...data.overall.slice(0, width).map((_, at) => ({ title: t(`age_${data.period}` as "age_week", { n: at }), numeric: true }))],
    rows: [
      ...rows.map((row, at) => [
        cohortName(row.start_ms, data.period, lang), exact(row.people),
        ...(shares[at] ?? []).slice(0, width).map((value, age) => (value === null ? "" : { text: percent(value), exact: `${exact(row.kept[age])} / ${exact(row.people)}` })),
      ]),
      [t("overall"), exact(people), ...data.overall.slice(0, width).map((value) => (value === null ? MISSING : percent(value)))],
    ],
  };
  return (
    <figure className="chart">
      <div className="row" style={{ minHeight: 32 }}>
        <p className="grow">{one === null ? t("keptFew") : t("keptSaid", { n: rows.length, share: share(one) })}</p>
        <ExportMenu name={files.name} label={t("keptHead")} table={twin} csv={files.csv} xlsx={files.xlsx} />
      </div>
      <p className="note" style={{ marginBottom: 8 }}>{t("keptHead")}</p>
      {most === 0 && one !== null && <PageState state="partial" text={t("keptSaid", { n: rows.length, share: share(0) })} actions={<></>} />}
      <Wide label={t("keptHead")} className="retention">
        <TableTwin twin={twin} shade={(row, column) => (column < 3 || row >= rows.length ? undefined : heat(shares[row]?.[column - 2] ?? null, most))} />
      </Wide>
    </figure>
  );
}
