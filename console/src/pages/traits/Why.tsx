/** Why a trait is what it is for one party: the value, its window, and the very events that count. */
import { type FormEvent, type ReactNode, useState } from "react";
import { Button, Input, Space } from "antd";
import { Link } from "react-router";
import { ApiError, type Schemas, useGet } from "@/api/client";
import { clock, day, exact, MISSING, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { traitText } from "@/pages/person/traitWords";
import { type Column, DataTable } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { PartyChip, personPath } from "@/parts/PartyChip";
import { useParams } from "@/state/url";
import { type Detail, howText, lately, ofUnit, readsOf, targetOf, type Why } from "./logic";
import { m } from "./messages";
import { codeName, isHuman, likeOf, partyName, partyOf, saidOf, windowLength } from "./names";
import { STEPS, useWhy } from "./useWhy";

const SAMPLE = 60; // newest events among which parties are looked for
const FOUND = 6;
const FINE = 60; // minutes of a window
interface Props { trait: Detail; reference: string; asof: string; purpose: string; sealed: ReactNode }

export function WhyOf(props: Props): ReactNode {
  const t = useT(m);
  const [, set] = useParams();
  const { trait, reference, sealed } = props;
  return (
    <section className="card" aria-labelledby="trait-explain">
      <header className="row wrap"><h2 id="trait-explain">{t("explain")}</h2>{reference && <Button size="small" onClick={() => set({ ref: "" })}>{t("another")}</Button>}</header>
      {sealed ?? (reference ? <Explained key={reference} {...props} /> : <Choose trait={trait} asof={props.asof} onChoose={(ref) => set({ ref })} />)}
    </section>
  );
}

/** One party: by its reference, by the beginning of a person's id, or one that was seen lately. */
function Choose({ trait, asof, onChoose }: { trait: Detail; asof: string; onChoose: (ref: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<"" | "phone">("");
  const [asked, setAsked] = useState("");
  const kind = trait.measures[0]?.kinds.toSorted((a, b) => b.events - a.events)[0]?.name;
  const newest = useGet("/v1/events", { query: { kind, limit: SAMPLE, until: asof } }, { placeholderData: undefined });
  const people = useGet("/v1/people", { query: { q: asked, size: FOUND } }, { enabled: asked !== "", placeholderData: undefined });
  const party = partyName(trait.party, lang);
  const { types } = partyOf(trait.party);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!text.trim()) return;
    const target = targetOf(text, trait.party);
    setProblem("problem" in target ? target.problem : "");
    setAsked("search" in target ? target.search : "");
    if ("ref" in target) onChoose(target.ref);
  };
  const found = people.data?.rows.flatMap((row) => [row.ref]) ?? [];
  const seen = lately(newest.data?.rows ?? [], trait.party, FOUND);
  return (
    <div className="stack" style={{ gap: 12 }}>
      <form role="search" aria-label={t("choose", { party })} onSubmit={submit} data-filter>
        <Space.Compact style={{ width: 480, maxWidth: "100%" }}>
          <Input aria-label={t("choose", { party })} placeholder={t("chooseNote", { like: likeOf(trait.party, lang) })} value={text} maxLength={300} autoComplete="off" spellCheck={false} onChange={(event) => setText(event.target.value)} />
          <Button htmlType="submit">{t("look")}</Button>
        </Space.Compact>
        {isHuman(trait.party) && types.includes("account") && <p className="note">{t("choosePerson")}</p>}
      </form>
      {problem && <p role="alert" style={{ color: "var(--amber)" }}>◐ {t("phone")} <Link to="/people">{lang === "zh" ? "人群" : "People"}</Link></p>}
      {people.error && <PageState state="error" error={people.error} onRetry={() => void people.refetch()} />}
      {asked && people.data && (found.length > 0 ? <Refs refs={found} onChoose={onChoose} /> : <p role="status">{t("nobody")}</p>)}
      {newest.error instanceof ApiError && newest.error.status === 403 ? <PageState state="no-people" /> : seen.length > 0 && !asked && <div><p className="note">{t("recent")}</p><Refs refs={seen} onChoose={onChoose} /></div>}
    </div>
  );
}

function Refs({ refs, onChoose }: { refs: readonly string[]; onChoose: (ref: string) => void }): ReactNode {
  return <ul className="why-found">{refs.map((ref) => <li key={ref}><Button type="link" size="small" style={{ paddingInline: 0, whiteSpace: "normal", height: "auto" }} onClick={() => onChoose(ref)}>{ref}</Button></li>)}</ul>;
}

function Explained({ trait, reference, asof, purpose }: Props): ReactNode {
  const t = useT(m);
  const [limit, setLimit] = useState<number>(STEPS[0]);
  const { data, error, refetch, isFetching } = useWhy(trait, reference, asof, purpose, { limit });
  if (error) return <Refused error={error} trait={trait} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" text={t("slow")} />;
  const next = STEPS.find((one) => one > limit);
  const rows = trait.via ? data.neighbours.length : data.events.length;
  return (
    <div className="why" aria-busy={isFetching}>
      <Value why={data} trait={trait} asof={asof} />
      <div>
        <header className="row wrap" style={{ marginBottom: 8 }}><h3 className="grow">{t(trait.via ? "neighbours" : "eventsBehind")}</h3><span className="note">{t(trait.via ? "neighboursN" : "eventsN", { n: exact(data.total) })}</span></header>
        {trait.via ? <Neighbours why={data} trait={trait} /> : <Events why={data} trait={trait} onMore={next ? () => setLimit(next) : undefined} />}
        {rows < data.total && (
          <div className="row" style={{ marginTop: 8 }}>
            <span className="note">{t("shownN", { n: exact(rows) })}</span>
            {next && <Button size="small" disabled={isFetching} onClick={() => setLimit(next)}>{t("showMore")}</Button>}
          </div>
        )}
      </div>
    </div>
  );
}

/** Whatever keeps the value from being seen, in words that say what can be done. */
function Refused({ error, trait, onRetry }: { error: ApiError; trait: Detail; onRetry: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (error.status === 403 && /does not allow/.test(error.what)) return <PageState state="refused" error={error} text={t("refusedConsent")} />;
  if (error.status === 403) return <PageState state="no-people" />;
  if (error.status === 404) return <PageState state="erased" text={t("erased")} />;
  if (error.status === 400 && error.field === "ref") return <PageState state="refused" error={error} text={t("wrongType", { party: partyName(trait.party, lang) })} />;
  return <PageState state="error" error={error} onRetry={onRetry} />;
}

function Value({ why, trait, asof }: { why: Why; trait: Detail; asof: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const to = time(why.until_ms, lang);
  const counted = why.start_ms === null ? t("nothingCounted", { to }) : t(why.window === "life" ? "sinceStart" : "range", { from: time(why.start_ms, lang), to });
  const how = howText(why, lang === "zh" ? trait.by_zh : trait.by_en, lang);
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div>
        <p><PartyChip reference={why.ref} type={partyName(trait.party, lang)} /></p>
        <p className="why-value" role="status">{why.value === null ? t(why.aggregate === "versus" ? "atEvent" : "unknownValue") : traitText(why.value, why, lang)}</p>
        {why.value === null && <p className="note">{t(why.aggregate === "versus" ? "unknownVersus" : "unknownNote")}</p>}
      </div>
      <dl className="why-facts">
        <dt>{t("window")}</dt><dd>{counted}</dd>
        {how && <><dt>{t("made")}</dt><dd>{how}</dd></>}
      </dl>
      {["account", "person"].includes(why.ref.split(":")[0] ?? "") && <p><Link to={{ pathname: personPath(why.ref), search: asof ? `?asof=${asof}` : "" }}>{t("timeline")}</Link></p>}
    </div>
  );
}

function Events({ why, trait, onMore }: { why: Why; trait: Detail; onMore?: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [, set] = useParams();
  const names = useKinds();
  const several = why.measures.length > 1;
  const fine = windowLength(trait.window) <= FINE; // where seconds tell events apart
  const unit = (role: string): string => why.measures.find((one) => one.role === role)?.unit ?? "";
  const reading = trait.measures.filter((one) => readsOf(trait, one) === "value").map((one) => one.role as string);
  const valued = why.events.some((one) => one.value !== null && reading.includes(one.role));
  const coded = why.events.some((one) => one.code !== "");
  const columns: Column<Schemas["EventBehind"]>[] = [
    { key: "time", title: t("time"), always: true, render: (row) => <time title={row.at_ms === row.clock_ms ? undefined : time(row.at_ms, lang)}>{fine ? `${day(row.clock_ms, lang)} ${clock(row.clock_ms, true)}` : time(row.clock_ms, lang)}</time> },
    { key: "kind", title: t("kind"), always: true, render: (row) => <Button type="link" size="small" style={{ padding: 0 }} title={row.kind} onClick={() => set({ ev: `event:${row.id}` })}>{lang === "zh" ? row.zh || row.kind : names(row.kind)}</Button> },
    ...(several ? [{ key: "role", title: t("role"), render: (row: Schemas["EventBehind"]) => t(`role_${row.role as "of"}`) }] : []),
    ...(valued ? [{ key: "value", title: t("counts"), numeric: true, render: (row: Schemas["EventBehind"]) => (row.value === null || !reading.includes(row.role) ? MISSING : traitText(row.value, ofUnit(unit(row.role)), lang)) }] : []),
    ...(coded ? [{ key: "code", title: saidOf({ zh: trait.by_zh || t("names"), en: trait.by_en || t("names") }, lang), render: (row: Schemas["EventBehind"]) => (/^[a-z_]+:[^:]*:.+/.test(row.code) ? <PartyChip reference={row.code} /> : row.code ? codeName(row.code, trait.by, lang) : MISSING) }] : []),
  ];
  return <DataTable id="trait-events" label={t("eventsBehind")} bare columns={columns} rows={why.events} rowKey={(row) => row.id} total={why.total} onMore={onMore} empty={<span className="note">{t("none")}</span>} />;
}

function Neighbours({ why, trait }: { why: Why; trait: Detail }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const columns: Column<Schemas["Neighbour"]>[] = [
    { key: "ref", title: partyName(trait.party, lang), always: true, render: (row) => <PartyChip reference={row.ref} /> },
    { key: "value", title: t("value"), numeric: true, render: (row) => traitText(row.value, why, lang) },
  ];
  return <DataTable id="trait-neighbours" label={t("neighbours")} bare columns={columns} rows={why.neighbours} rowKey={(row) => row.ref} total={why.total} empty={<span className="note">{t("none")}</span>} />;
}

/** English names of kinds: the rows of the explanation hold the Chinese ones. */
function useKinds(): (kind: string) => string {
  const { data } = useGet("/v1/kinds", {}, { staleTime: 60_000 });
  return (kind) => data?.rows.find((row) => row.name === kind)?.en || kind;
}
