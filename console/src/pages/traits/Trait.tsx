/** One trait: what it says and why it is kept, where it comes from, how it is spread and whether it drifts, why it is this value. */
import { type ReactNode, useState } from "react";
import { Button } from "antd";
import { Link, useParams as usePath } from "react-router";
import { ApiError, useGet } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { useObjectName } from "@/shell/Shell";
import { useMay } from "@/state/session";
import { useFilters, useParams } from "@/state/url";
import { Lineage } from "./Lineage";
import type { Detail } from "./logic";
import { m } from "./messages";
import { partyName, privacyName, saidOf, unitOf, usesName, windowName } from "./names";
import { Purpose } from "./Purpose";
import { SpreadOf } from "./Spread";
import { WhyOf } from "./Why";
import "./traits.css";

export default function TraitPage(): ReactNode {
  const t = useT(m);
  const { name = "" } = usePath();
  const { data, error, refetch } = useGet("/v1/traits/{name}", { path: { name } }, { placeholderData: undefined });
  useObjectName(data?.name ?? "");
  if (error instanceof ApiError && error.status === 404) return <PageState state="nowhere" text={t("unknown", { name: name.slice(0, 120) })} actions={<Link to="/traits"><Button tabIndex={-1}>{t("toCatalogue")}</Button></Link>} />;
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  return data ? <Known key={name} trait={data} /> : <PageState state="loading" />;
}

function Known({ trait }: { trait: Detail }): ReactNode {
  const [params] = useParams();
  const [filters] = useFilters();
  const [purpose, setPurpose] = useState(""); // said once a visit; never in the address
  const ref = params.get("ref") ?? "";
  const sealed = trait.privacy === "sensitive" && !purpose;
  const why = <WhyOf trait={trait} reference={ref} asof={filters.asof} purpose={purpose} sealed={sealed ? <Sealed onPurpose={setPurpose} /> : null} />;
  return (
    <div className="stack trait">
      <Head trait={trait} />
      {ref && why}
      <SpreadOf trait={trait} reference={ref} asof={filters.asof} purpose={purpose} sealed={sealed ? <Sealed onPurpose={setPurpose} /> : null} />
      <Lineage trait={trait} />
      {!ref && why}
    </div>
  );
}

function Head({ trait }: { trait: Detail }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [params] = useParams();
  const facts: [string, string][] = [
    [t("party"), partyName(trait.party, lang)], [t("window"), windowName(trait.window, lang)], [t("unit"), unitOf(trait, lang)], [t("uses"), usesName(trait.uses, lang)],
    [t("privacy"), privacyName(trait.privacy, lang)], [t("topic"), lang === "zh" ? trait.topic_zh : trait.topic_en], [t("fresh"), t(`fresh_${trait.plan as "window"}`)],
  ];
  return (
    <section className="card" aria-labelledby="trait-said">
      <h2 id="trait-said" className="trait-said">{saidOf(trait, lang)}{trait.own && <span className="note"> · {t("own")}</span>}</h2>
      <p className="trait-why">{lang === "zh" ? trait.why_zh : trait.why_en}</p>
      <dl className="trait-facts">
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
      {trait.windows.length > 1 && (
        <nav className="row wrap trait-windows" aria-label={t("windows")}>
          <span className="note">{t("windows")}</span>
          {trait.windows.map((one) => <Link key={one.name} to={{ pathname: `/traits/${encodeURIComponent(one.name)}`, search: params.size ? `?${params}` : "" }} aria-current={one.name === trait.name ? "page" : undefined}>{windowName(one.window, lang)}</Link>)}
        </nav>
      )}
    </section>
  );
}

/** What is sensitive waits for a purpose, where the reader may see it at all. */
function Sealed({ onPurpose }: { onPurpose: (purpose: string) => void }): ReactNode {
  const t = useT(m);
  const may = useMay("reveal");
  const [open, setOpen] = useState(false);
  if (!may) return <PageState state="no-people" text={t("noRight")} />;
  return (
    <>
      <PageState state="no-people" text={t("sealed")} actions={<Button onClick={() => setOpen(true)}>{t("unseal")}</Button>} />
      {open && <Purpose onClose={() => setOpen(false)} onSaid={onPurpose} />}
    </>
  );
}
