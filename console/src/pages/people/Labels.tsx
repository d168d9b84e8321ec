/** Who they are by what they said of themselves: age, sex, region, tier, city, work; a bar filters the list. */
import { type ReactNode, useState } from "react";
import { Button } from "antd";
import { type Schemas, urlOf, useGet } from "@/api/client";
import { exact, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useFilters, useParams } from "@/state/url";
import { LEAST, peopleText } from "./Grid";
import { m } from "./labelMessages";
import { scopeOf, type Variant } from "./Page";
import "./labels.css";

type Label = Schemas["PeopleLabel"];
const FIRST = 8; // values of a label that are shown at once

export function Labels({ variant }: { variant: Variant }): ReactNode {
  const t = useT(m);
  const [filters] = useFilters();
  const [params, set] = useParams();
  const segment = params.get("seg") ?? "";
  const chosen = params.get("label") ?? "";
  const query = { ...scopeOf(filters), variant, segment };
  const { data, error, refetch } = useGet("/v1/people/labels", { query });
  const file = (ending: string): string => urlOf(`/v1/people/labels.${ending}`, undefined, query);
  if (data?.people === 0) return null;
  return (
    <section className="card" aria-labelledby="people-labels">
      <header className="row wrap">
        <h2 id="people-labels">{t("labels")}</h2>
        {data && <span className="note">{t(segment ? "within" : "all", { n: exact(data.people) })}{data.withheld > 0 ? ` · ${t("withheld", { n: exact(data.withheld) })}` : ""}</span>}
        <span className="grow" />
        <ExportMenu name="labels" label={t("labels")} csv={file("csv")} xlsx={file("xlsx")} />
      </header>
      {error ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data ? <PageState state="loading" /> : (
        <div className="labels">{data.labels.map((one) => <Values key={one.id} label={one} chosen={chosen} onChoose={(label) => set({ label })} />)}</div>
      )}
    </section>
  );
}

function Values({ label, chosen, onChoose }: { label: Label; chosen: string; onChoose: (label: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [all, setAll] = useState(false);
  const most = Math.max(...label.values.map((row) => row.share), 0);
  const shown = all ? label.values : label.values.slice(0, FIRST);
  return (
    <div role="group" aria-label={lang === "zh" ? label.zh : label.en}>
      <h3 title={lang === "zh" ? label.definition_zh : label.definition_en}>{lang === "zh" ? label.zh : label.en}</h3>
      <p className="note">{label.told === 0 ? t("nobody") : [t("told", { n: exact(label.told) }), t("unknown", { n: exact(label.unknown) }), ...(label.rest > 0 ? [t("rest", { n: exact(label.rest) })] : [])].join(" · ")}</p>
      <ul>
        {shown.map((row) => {
          const on = has(chosen, label.id, row.value);
          const words = lang === "zh" ? row.zh : row.en;
          return (
            <li key={row.value}>
              <button type="button" className="label-bar" aria-pressed={on} onClick={() => onChoose(toggled(chosen, label.id, row.value))}>
                <span className="cut" title={words}>{words}</span>
                <span className="label-track" aria-hidden><span style={{ width: `${most > 0 ? (row.share / most) * 100 : 0}%` }} /></span>
                <span className="num">{row.people < LEAST ? t("few") : t("of", { share: share(row.share), n: peopleText(row.people, t("few")) })}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {label.values.length > FIRST && <Button type="link" size="small" aria-expanded={all} onClick={() => setAll(!all)}>{all ? t("less") : t("more", { n: label.values.length })}</Button>}
    </div>
  );
}

const parts = (chosen: string): string[] => chosen.split(",").filter(Boolean);

/** Whether a list of labels such as "age:25-34,gender:female" holds one. */
export const has = (chosen: string, label: string, value: string): boolean => parts(chosen).includes(`${label}:${value}`);

/** The list with one more; without it when it was there. One value of a label at a time: nobody has two ages. */
export function toggled(chosen: string, label: string, value: string): string {
  const others = parts(chosen).filter((one) => !one.startsWith(`${label}:`));
  return (has(chosen, label, value) ? others : [...others, `${label}:${value}`]).join(",");
}
