/** How a trait is spread over all its parties now, over a month before, and in a word how far it moved. */
import type { ReactNode } from "react";
import { Button, Skeleton } from "antd";
import { useGet } from "@/api/client";
import { day, exact, MISSING, share, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { traitText } from "@/pages/person/traitWords";
import { Chart } from "@/parts/Chart";
import { PageState } from "@/parts/PageState";
import { useMode } from "@/state/prefs";
import { useFilters } from "@/state/url";
import { barAt, barName, type Detail, limitOf, medianOf, ordered, partiesText, type Spread, spreadHeight, spreadOption, spreadTwin } from "./logic";
import { m } from "./messages";
import { partyName, partyOf } from "./names";
import { onceIf, useWhy } from "./useWhy";

const KEPT_MS = 60_000;
const QUANTILES: [number, "q" | "median"][] = [[0.05, "q"], [0.25, "q"], [0.5, "median"], [0.75, "q"], [0.95, "q"], [0.99, "q"]];
const VERDICTS = {
  stable: ["stable", "✓", "var(--celadon)"], moved: ["moved", "◐", "var(--amber)"], far: ["far", "◐", "var(--amber)"], few: ["tooFew", "○", "var(--ink-3)"], none: ["noBefore", "○", "var(--ink-3)"],
} as const;

export function SpreadOf({ trait, reference, asof, purpose, sealed }: { trait: Detail; reference: string; asof: string; purpose: string; sealed: ReactNode }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const asks = trait.spread === "parties" && !sealed;
  const { data, error, refetch, isFetching } = useGet("/v1/traits/{name}/distribution", { path: { name: trait.name }, query: { asof, purpose } }, { enabled: asks, placeholderData: undefined, staleTime: KEPT_MS, refetchOnMount: false, ...onceIf(purpose) });
  const why = useWhy(trait, reference, asof, purpose, { asks });
  return (
    <section className="card" aria-labelledby="trait-spread">
      <header className="row wrap"><h2 id="trait-spread">{t("spread")}</h2>{data && <span className="note">{t("asOf", { time: time(data.until_ms, lang) })}</span>}{data && !asof && <Button size="small" type="text" disabled={isFetching} onClick={() => void refetch()}>{t("again")}</Button>}</header>
      {trait.spread !== "parties" ? <p className="note">{t(`notSpread_${trait.spread}`)}</p>
        : sealed ?? (error ? <PageState state="error" error={error} onRetry={() => void refetch()} />
          : data ? <Told trait={trait} spread={data} mine={reference ? (why.data?.value ?? null) : null} /> : <PageState state="loading" text={t("slow")} skeleton={<Skeleton active={false} title={false} paragraph={{ rows: 8 }} />} />)}
    </section>
  );
}

function Told({ trait, spread, mine }: { trait: Detail; spread: Spread; mine: number | string | null }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const [filters, change] = useFilters();
  if (spread.parties === 0 && filters.asof) return <PageState state="empty" text={t("noThen", { party: partyName(trait.party, lang) })} actions={<Button onClick={() => change({ asof: "" })}>{t("toNow")}</Button>} />;
  if (spread.parties === 0) return <PageState state="never" text={t("noParties", { party: partyName(trait.party, lang) })} />;
  const parties = partiesText(spread.parties, trait.party, lang);
  const bars = ordered(spread.bars, trait.by);
  if (bars.length === 0) return <><p>{t("noValues", { parties })}</p><Facts trait={trait} spread={spread} /></>;
  const top = [...spread.bars].filter((bar) => bar.text).sort((a, b) => b.parties - a.parties)[0];
  const label = top ? t("saidNames", { name: trait[lang], parties, top: barName(top, 0, bars, trait, lang) }) : t("said", { name: trait[lang], parties, median: traitText(medianOf(spread), trait, lang) });
  return (
    <div className="trait-spread">
      <Chart option={spreadOption(spread, trait, lang, mode, mine)} label={label} twin={spreadTwin(spread, trait, label, lang)} height={spreadHeight(spread, trait)} name={trait.name} before={<Legend past={spread.parties_before > 0} mine={barAt(bars, mine) >= 0} party={partyName(trait.party, lang)} />} />
      <div className="stack" style={{ gap: 12 }}><Verdict spread={spread} /><Facts trait={trait} spread={spread} /></div>
    </div>
  );
}

function Legend({ past, mine, party }: { past: boolean; mine: boolean; party: string }): ReactNode {
  const t = useT(m);
  return <p className="row wrap note"><span>{t("ofKnown")}</span><span className="row trait-key"><i className="key-now" aria-hidden />{t("now")}</span>{past && <span className="row trait-key"><i className="key-before" aria-hidden />{t("before")}</span>}{mine && <span className="row trait-key"><i className="key-mine" aria-hidden />{t("mine", { party })}</span>}</p>;
}

/** In a word how far it moved, with both days and the index. */
function Verdict({ spread }: { spread: Spread }): ReactNode {
  const t = useT(m);
  const [word, mark, colour] = VERDICTS[spread.drift];
  const told = spread.psi !== null && spread.drift !== "few";
  return (
    <div>
      <h3>{t("drift")}</h3>
      <p className="trait-verdict"><span aria-hidden style={{ color: colour }}>{mark}</span> {t(word)}</p>
      {told && <p className="note" title={t("past")}>{t("psi", { psi: exact(spread.psi, 2), limit: exact(limitOf(spread), 2) })}</p>}
    </div>
  );
}

const unknownText = (part: number | null): string => share(part, part === 0 ? 0 : 1);

/** The figures of now and of a month before, side by side. */
function Facts({ trait, spread }: { trait: Detail; spread: Spread }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const past = spread.parties_before > 0;
  const tell = (value: number | null | undefined): string => traitText(value ?? null, trait, lang);
  const at = (of: Spread["quantiles"], place: number): number | undefined => of.find((one) => one.share === place)?.value;
  const rows: [string, string, string][] = [
    [t("n", { party: lang === "zh" ? partyName(trait.party, lang) : partyOf(trait.party).some.en }), partiesText(spread.parties, trait.party, lang, true), partiesText(spread.parties_before, trait.party, lang, true)],
    [t("unknownShare"), unknownText(spread.unknown), unknownText(spread.unknown_before)],
  ];
  if (spread.quantiles.length > 0) {
    rows.push([t("mean"), tell(spread.mean), tell(spread.mean_before)]);
    for (const [place, word] of QUANTILES) rows.push([word === "q" ? t("q", { n: place * 100 }) : t("median"), tell(at(spread.quantiles, place)), tell(at(spread.quantiles_before, place))]);
  }
  return (
    <table className="twin trait-figures">
      <caption className="hidden-text">{t("spread")}</caption>
      <thead><tr><th scope="col"><span className="hidden-text">{t("value")}</span></th><th scope="col" className="num">{day(spread.until_ms, lang)}</th>{past && <th scope="col" className="num">{day(spread.before_ms, lang)}</th>}</tr></thead>
      <tbody>{rows.map(([name, now, before]) => <tr key={name}><th scope="row">{name}</th><td className="num">{now}</td>{past && <td className="num">{before || MISSING}</td>}</tr>)}</tbody>
    </table>
  );
}
