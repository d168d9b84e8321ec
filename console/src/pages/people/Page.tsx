/** Who are our people: recency by frequency, the eight segments, who comes back, and everybody by name. */
import { type ReactNode } from "react";
import { Radio } from "antd";
import { type Schemas, useGet } from "@/api/client";
import { day, exact, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { type Filters, useFilters, useParam, useParams } from "@/state/url";
import { urlOf } from "@/api/client";
import { Grid } from "./Grid";
import { Labels } from "./Labels";
import { m } from "./messages";
import { People } from "./People";
import { Segments } from "./Segments";
import "./people.css";

export type Rfm = Schemas["Rfm"];
export type Variant = "" | "quantile" | "rule"; // "": as the settings say
const ENOUGH = 30;

/** The filters of the header that these routes take; they compare nothing. */
export const scopeOf = (filters: Filters): { t: string; pf: string; asof: string } => ({ t: filters.t, pf: filters.pf.join(","), asof: filters.asof });

export default function PeoplePage(): ReactNode {
  const t = useT(m);
  const [text, setText] = useParam("variant");
  const variant: Variant = text === "rule" || text === "quantile" ? text : "";
  const [filters] = useFilters();
  const query = { ...scopeOf(filters), variant };
  const rfm = useGet("/v1/people/rfm", { query });
  const files = (ending: string): string => urlOf(`/v1/people/rfm.${ending}`, undefined, query);
  return (
    <div className="stack">
      <section className="card" aria-labelledby="people-rfm">
        <header className="row wrap">
          <h2 id="people-rfm">{t("rfm")}</h2>
          <Radio.Group aria-label={t("cuts")} size="small" optionType="button" value={variant || rfm.data?.variant} onChange={(event) => setText(String(event.target.value))} options={[{ value: "quantile", label: t("quantile") }, { value: "rule", label: t("rule") }]} />
          <ExportMenu name="rfm" label={t("rfm")} csv={files("csv")} xlsx={files("xlsx")} />
        </header>
        {rfm.error ? <PageState state="error" error={rfm.error} onRetry={() => void rfm.refetch()} /> : rfm.data ? <Scores rfm={rfm.data} /> : <PageState state="loading" />}
      </section>
      <Labels variant={variant} />
      <Repeat />
      <People variant={variant} />
    </div>
  );
}

function Scores({ rfm }: { rfm: Rfm }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [params, set] = useParams();
  const chosen = { segment: params.get("seg") ?? "", r: Number(params.get("r") ?? 0), f: Number(params.get("f") ?? 0) };
  if (rfm.buyers === 0) return <PageState state="never" text={t("noBuyers")} />;
  return (
    <>
      <p className="note">{t("buyers", { n: exact(rfm.buyers), day: day(rfm.cut_off_ms - 1, lang) })}{rfm.buyers < ENOUGH ? ` ${t("fewBuyers")}` : ""}</p>
      <div className="rfm">
        <Grid rfm={rfm} chosen={chosen} onChoose={(r, f) => set(r === chosen.r && f === chosen.f ? { r: "", f: "" } : { r: String(r), f: String(f), seg: "" })} />
        <Segments rfm={rfm} chosen={chosen.segment} onChoose={(seg) => set({ seg: seg === chosen.segment ? "" : seg, r: "", f: "" })} />
      </div>
    </>
  );
}

/** Who bought again; absent while nobody was watched long enough. */
function Repeat(): ReactNode {
  const t = useT(m);
  const [filters] = useFilters();
  const { data } = useGet("/v1/people/repeat", { query: scopeOf(filters) });
  const points = data?.points.filter((one) => one.share !== null && one.at_risk >= ENOUGH) ?? [];
  if (!data || data.buyers < ENOUGH || points.length === 0) return null;
  return (
    <section className="card" aria-labelledby="people-repeat">
      <header><h2 id="people-repeat">{t("repeat")}</h2><span className="note">{t("firstBuyers", { n: exact(data.buyers), again: exact(data.again) })}</span></header>
      <dl className="teaser">
        {points.map((one) => <div key={one.days}><dt>{t("within", { n: one.days })}</dt><dd>{share(one.share)}</dd><dd className="note">{t("watched", { n: exact(one.at_risk) })}</dd></div>)}
        {data.gap_median_days !== null && data.gaps >= ENOUGH && <div><dt>{t("gap")}</dt><dd>{t("daysN", { n: exact(data.gap_median_days, 1) })}</dd><dd className="note">{t("gapsN", { n: exact(data.gaps) })}</dd></div>}
      </dl>
    </section>
  );
}
