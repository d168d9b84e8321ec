/** Where a trait comes from: kinds of event, measures with their conditions, the trait, and who reads it. */
import { Fragment, type ReactNode } from "react";
import { Link } from "react-router";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { type Detail, readsOf } from "./logic";
import { m } from "./messages";
import { partyName, saidOf, traitPath, windowName } from "./names";

type Measure = Detail["measures"][number];
const NAMED = 5; // kinds in sight

export function Lineage({ trait }: { trait: Detail }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <section className="card" aria-labelledby="trait-lineage">
      <header><h2 id="trait-lineage">{t("lineage")}</h2></header>
      <div className="lineage">
        <div className="lineage-measures">
          {trait.measures.map((one) => (
            <Fragment key={`${one.role} ${one.name}`}>
              <Events measure={one} />
              <Arrow />
              <MeasureNode trait={trait} measure={one} />
            </Fragment>
          ))}
        </div>
        <Arrow />
        {trait.base && (
          <>
            <div className="lineage-node">
              <p className="note">{t("base")}</p>
              {trait.base.listed ? <Link to={traitPath(trait.base.name)}>{saidOf(trait.base, lang)}</Link> : <p>{saidOf(trait.base, lang)}</p>}
              <p className="note">{t("via", { via: partyName(trait.via, lang) })}</p>
            </div>
            <Arrow />
          </>
        )}
        <div className="lineage-node self"><p className="note">{t("trait")}</p><p>{saidOf(trait, lang)}</p><p className="note">{windowName(trait.window, lang)} · {t(`fresh_${trait.plan as "window"}`)}</p></div>
        <Arrow />
        <div className="lineage-node">
          <p className="note">{t("readers")}</p>
          <ul>
            {trait.readers.map((one) => <li key={one.name}><Link to={traitPath(one.name)}>{saidOf(one, lang)}</Link></li>)}
            {trait.party === "person" && <li>{t("readPerson")}</li>}
            <li>{t("readHere")}</li>
          </ul>
        </div>
      </div>
    </section>
  );
}

function Events({ measure }: { measure: Measure }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const kinds = [...measure.kinds].sort((a, b) => b.events - a.events);
  const line = (one: (typeof kinds)[number]): ReactNode => (
    <li key={one.name} className="row"><Link className="grow" to={`/data/kinds?kind=${encodeURIComponent(one.name)}`}>{one[lang]}</Link><span className="note num">{one.events ? t("came", { n: exact(one.events) }) : t("noneCame")}</span></li>
  );
  return (
    <div className="lineage-node">
      <p className="note">{t("events")}</p>
      {kinds.length === 0 ? <p>{t("everyKind")}</p> : <ul>{kinds.slice(0, NAMED).map(line)}</ul>}
      {kinds.length > NAMED && <details><summary>{t("more", { n: exact(kinds.length - NAMED) })}</summary><ul>{kinds.slice(NAMED).map(line)}</ul></details>}
    </div>
  );
}

function MeasureNode({ trait, measure }: { trait: Detail; measure: Measure }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const reads = readsOf(trait, measure);
  const value = reads === "names" ? (lang === "zh" ? trait.by_zh : trait.by_en) : (lang === "zh" ? measure.value_zh : measure.value_en) || measure.value;
  return (
    <div className="lineage-node">
      <p className="note">{measure.role === "of" ? t("measure") : t(measure.role)}</p>
      <p>{measure[lang]}</p>
      {measure.where.length > 0 && <ul className="lineage-where">{measure.where.map((one) => <li key={one.text} title={one.text}>{t("onlyIf")}{one[lang]}</li>)}</ul>}
      <p className="note">{reads ? t("reads", { value }) : t("counted")}</p>
    </div>
  );
}

const Arrow = (): ReactNode => <span aria-hidden className="lineage-arrow">→</span>;
