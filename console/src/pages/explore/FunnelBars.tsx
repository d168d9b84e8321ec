/** The funnel as bars from the left: people, share of the step before, median time; the split as a table below. */
import type { Schemas } from "@/api/client";
import { type ReactNode, useRef } from "react";
import { Button } from "antd";
import { duration, exact, MISSING, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { useTwin } from "@/parts/Chart";
import { ExportMenu } from "@/parts/ExportMenu";
import { TableTwin, type Twin, Wide } from "@/parts/TableTwin";
import { partName, percent } from "./logic";
import { terms } from "@/i18n/terms";
import { m } from "./messages";
import { type Files, None } from "./Result";

type Funnel = Schemas["Funnel"];
type FunnelStep = Schemas["FunnelStep"];

export function FunnelBars({ data, files }: { data: Funnel; files: Files }): ReactNode {
  const t = useT(m);
  const term = useT(terms);
  const lang = useLang();
  const place = useRef<HTMLElement>(null);
  const [table, toggle] = useTwin(place);
  const whole = data.groups.find(([key]) => key === "")?.[1] ?? [];
  const [first, last] = [whole[0], whole.at(-1)];
  if (!first || !last || first.people === 0) return <None window={data.window} />;
  const name = (step: FunnelStep): string => (lang === "zh" ? step.zh : step.kind);
  const said = t("funnelSaid", { n: exact(first.people), first: name(first), m: exact(last.people), last: name(last), share: share(last.of_first) });
  const twin: Twin = {
    caption: said,
    columns: [
      ...(data.by ? [{ title: t("part") }] : []), { title: t("stepName") }, { title: t("peopleCount"), numeric: true }, { title: t("previousHead"), numeric: true },
      { title: t("firstHead"), numeric: true }, { title: t("medianHead"), numeric: true },
    ],
    rows: data.groups.flatMap(([key, steps]) => steps.map((step, at) => [
      ...(data.by ? [partName(key, data.by, lang)] : []), `${at + 1} ${name(step)}`, exact(step.people), at === 0 ? MISSING : percent(step.of_previous), percent(step.of_first), duration(step.median_ms, lang),
    ])),
  };
  return (
    <figure className="chart" ref={place}>
      <div className="row" style={{ minHeight: 32 }}>
        <p className="grow">{said}</p>
        <Button size="small" type="text" aria-pressed={table} onClick={toggle}>{table ? term("chart") : term("table")}</Button>
        <ExportMenu name={files.name} label={said} table={twin} csv={files.csv} xlsx={files.xlsx} />
      </div>
      {table ? <Wide label={said}><TableTwin twin={twin} /></Wide> : (
        <>
          <ol className="funnel">
            {whole.map((step, at) => (
              <li key={`${at}:${step.kind}`}>
                {at > 0 && <p className="note funnel-between">↓ {t("ofPrevious", { share: share(step.of_previous) })}{step.median_ms === null ? "" : ` · ${t("median", { time: duration(step.median_ms, lang) })}`}</p>}
                <div className="funnel-step">
                  <span className="cut" title={name(step)}>{at + 1} {name(step)}</span>
                  <span className="funnel-track"><span style={{ width: `${100 * (step.of_first ?? 0)}%` }} /></span>
                  <span className="num">{exact(step.people)} {t("peopleUnit")}</span>
                  <span className="num note">{t("ofFirst")} {share(step.of_first)}</span>
                </div>
              </li>
            ))}
          </ol>
          {data.by && <Wide label={said}><TableTwin twin={twin} /></Wide>}
        </>
      )}
    </figure>
  );
}
