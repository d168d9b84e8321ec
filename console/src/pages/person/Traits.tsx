/** The traits of one person by family: each value in its unit, where it stands among all people, and the way to its events. */
import { type CSSProperties, type ReactNode, useState } from "react";
import { Button, Checkbox, Input, Skeleton } from "antd";
import { Link } from "react-router";
import { type Schemas, useGet } from "@/api/client";
import { day, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { useMay } from "@/state/session";
import { useParam } from "@/state/url";
import { m } from "./messages";
import { Sensitive } from "./Sensitive";
import { byTelling, holds, isPlain, mostTelling, rankText, telling, traitLabel, traitText, type Rank, type TraitValue } from "./traitWords";

type Answer = Schemas["PartyTraits"];
interface Family {
  id: string;
  name: string;
  /** values that are known */
  known: number;
  rows: TraitValue[];
}

/** What is shown before anybody asks for more. */
const FAMILIES = 6;
const ROWS = 3;

export function Traits({ reference, asof }: { reference: string; asof: string }): ReactNode {
  const t = useT(m);
  const [purpose, setPurpose] = useState("");
  // Each reading of sensitive traits is logged: never again by itself, and not kept.
  const more = purpose ? { staleTime: Infinity, gcTime: 0 } : { staleTime: 60_000 };
  const { data, error, refetch, isPlaceholderData } = useGet("/v1/people/{ref}/traits", { path: { ref: reference }, query: { asof, use: "profile", purpose } }, more);
  const held = data && (!isPlaceholderData || purpose) ? data : undefined; // another moment's values never stand under this one
  return (
    <section className="card span-12" aria-labelledby="person-traits">
      {error ? <><header><h2 id="person-traits">{t("traits")}</h2></header><PageState state="error" error={error} onRetry={() => void refetch()} /></>
        : held ? <Known answer={held} reference={reference} asof={asof} onPurpose={purpose ? undefined : setPurpose} />
        : <><header><h2 id="person-traits">{t("traits")}</h2></header><PageState state="loading" text={t("traitsLoading")} skeleton={<Waiting />} /></>}
    </section>
  );
}

function Known({ answer, reference, asof, onPurpose }: { answer: Answer; reference: string; asof: string; onPurpose?: (purpose: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [shown, setShown] = useParam("traits");
  const [query, setQuery] = useState("");
  const [plain, setPlain] = useState(false);
  const rows = answer.topics.flatMap((topic) => topic.rows);
  const known = rows.filter((row) => row.state === "known").length;
  const plains = rows.filter(isPlain).length;
  const asked = query.trim();
  const all = shown === "all" || asked !== "" || answer.ranked_ms == null;
  const some = familiesOf(answer, lang, (found) => found.filter((row) => (row.state === "known" || row.state === "unknown") && (plain || asked !== "" || !isPlain(row)) && (!asked || holds(row, asked))));
  const families = all ? some : outstanding(some);
  return (
    <>
      <header className="trait-tools">
        <h2 id="person-traits">{t("traits")}</h2>
        {known > 0 && <Input value={query} onChange={(event) => setQuery(event.target.value)} allowClear placeholder={t("findTraits")} aria-label={t("findTraits")} maxLength={60} autoComplete="off" />}
        {known > 0 && !asked && answer.ranked_ms != null && <Button onClick={() => setShown(all ? "" : "all")}>{all ? t("fewTraits") : t("allTraits", { n: known })}</Button>}
      </header>
      {families.length > 0 && (
        <div className={all ? "trait-families all" : "trait-families"}>
          {families.map((family) => (
            <section key={family.id} className="trait-family" aria-labelledby={`family-${family.id}`}>
              <h3 id={`family-${family.id}`}>{family.name} <span className="note">{t("nKnown", { n: family.known })}</span></h3>
              <ul>{family.rows.map((row) => <Row key={row.name} row={row} reference={reference} asof={asof} />)}</ul>
            </section>
          ))}
        </div>
      )}
      {families.length === 0 && known > 0 && !asked && <p>{t("nothingOut")}</p>}
      {families.length === 0 && known > 0 && asked && <PageState state="empty" text={t("noSuchTraits", { q: asked })} actions={<Button onClick={() => setQuery("")}>{t("clearSearch")}</Button>} />}
      {known === 0 && answer.withheld === 0 && <p className="note">{t("noTraits")}</p>}
      {all && !asked && plains > 0 && <p style={{ marginTop: 12 }}><Checkbox checked={plain} onChange={(event) => setPlain(event.target.checked)}>{t("withPlain", { n: plains })}</Checkbox></p>}
      <Notes answer={answer} asof={asof} known={known} onPurpose={onPurpose} />
    </>
  );
}

function Row({ row, reference, asof }: { row: TraitValue; reference: string; asof: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const query = new URLSearchParams({ ref: reference, ...(asof ? { asof } : {}) });
  const rank = row.rank;
  const text = row.state === "known" ? traitText(row.value, row, lang) : t("unknownValue");
  // Times grow by themselves; another value than at midnight would make the rank look wrong.
  const moved = rank != null && row.state === "known" && row.unit !== "ms" && traitText(rank.value, row, lang) !== text;
  return (
    <li className="trait-row">
      <div>
        <Link to={`/traits/${encodeURIComponent(row.name)}?${query.toString()}`}>{traitLabel(row, lang)}</Link>
        <span className="trait-value" title={text}>{text}</span>
      </div>
      {rank && row.state === "known" && (
        <div className="trait-rank note">
          <span title={t("among", { n: exact(rank.n) })}>{rankText(rank, row.unit, lang)}{moved && ` · ${t("wasThen", { value: traitText(rank.value, row, lang) })}`}</span>
          <Bar rank={rank} />
        </div>
      )}
    </li>
  );
}

/** From the least to the most of all people: the band of those with the same value. Names have no order, so no bar. */
function Bar({ rank }: { rank: Rank }): ReactNode {
  if (rank.below == null) return null;
  const place: CSSProperties = { left: `min(${rank.below * 100}%, 100% - 4px)`, width: `${rank.equal * 100}%` };
  return <span className="rank-bar" aria-hidden><i style={place} /></span>;
}

function Notes({ answer, asof, known, onPurpose }: { answer: Answer; asof: string; known: number; onPurpose?: (purpose: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mayReveal = useMay("reveal") && onPurpose !== undefined;
  const [asking, setAsking] = useState(false);
  const lines: string[] = [];
  if (known > 0 && answer.ranked_ms != null) {
    const values = { day: lang === "zh" ? ` ${day(answer.ranked_ms - 1, lang)}` : day(answer.ranked_ms - 1, lang), n: exact(answer.ranked), people: exact(answer.people) };
    lines.push(answer.drawn < answer.people ? t("drawnOn", values) : t("rankedOn", values));
  } else if (known > 0) lines.push(t(asof ? "notRankedThen" : "notRanked"));
  if (answer.withheld > 0) lines.push(t("withheldTraits", { n: answer.withheld }));
  if (answer.hidden > 0) lines.push(t(mayReveal ? "sensitiveTraits" : "hiddenTraits", { n: answer.hidden }));
  if (lines.length === 0) return null;
  const look = (purpose: string): void => {
    setAsking(false);
    onPurpose?.(purpose);
  };
  return (
    <>
      <p className="note" style={{ marginTop: 12 }}>
        {lines.join(lang === "zh" ? "" : " ")}
        {answer.hidden > 0 && mayReveal && <Button type="link" size="small" onClick={() => setAsking(true)}>{t("sensitiveLook")}</Button>}
      </p>
      {asking && <Sensitive count={answer.hidden} onLook={look} onClose={() => setAsking(false)} />}
    </>
  );
}

function Waiting(): ReactNode {
  return <div className="trait-families">{[0, 1, 2].map((place) => <Skeleton key={place} active={false} title={{ width: 80 }} paragraph={{ rows: 4 }} />)}</div>;
}

/** Families that have a row left, each with the most telling first. */
function familiesOf(answer: Answer, lang: "zh" | "en", keep: (rows: TraitValue[]) => TraitValue[]): Family[] {
  return answer.topics
    .map((topic) => ({ id: topic.topic, name: topic[lang], known: topic.rows.filter((row) => row.state === "known").length, rows: byTelling(keep(topic.rows)) }))
    .filter((family) => family.rows.length > 0);
}

/** The few families that tell most, with the few rows of each that do. */
function outstanding(families: readonly Family[]): Family[] {
  return families
    .map((family) => ({ ...family, rows: mostTelling(family.rows, ROWS) }))
    .filter((family) => family.rows.length > 0)
    .sort((one, other) => weight(other) - weight(one))
    .slice(0, FAMILIES);
}

const weight = (family: Family): number => family.rows.reduce((sum, row) => sum + telling(row), 0) / ROWS;
