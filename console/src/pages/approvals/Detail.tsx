/** One approval: how far it reaches, what it does, to whom, within which limits, and what cannot be taken back. */
import { Fragment, type ReactNode } from "react";
import { Link } from "react-router";
import { exact, money, moneyExact, share, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { LimitBar, amountOf } from "@/parts/LimitBar";
import { PartyChip } from "@/parts/PartyChip";
import { usePolicyName } from "@/parts/policyName";
import { Seal } from "@/parts/Seal";
import { PAGES } from "@/registry";
import { keptOut, type Limit, type View } from "./logic";
import { m } from "./messages";

export function Detail({ view, acts }: { view: View; acts: ReactNode }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { line, detail } = view;
  const now = view.now_ms;
  const policyName = usePolicyName();
  return (
    <article aria-label={lang === "zh" ? line.title_zh : line.title_en} className="approval">
      <header>
        <h2>{lang === "zh" ? line.title_zh : line.title_en}</h2>
        <p className="note">
          {t("by", { who: line.who, time: time(line.asked_ms, lang, now) })}
          {line.state === "open" && <> · {t("until", { time: time(line.until_ms, lang, now) })}</>}
          {detail.policy && <> · {t("policy", { name: policyName(detail.policy), version: detail.version })}</>}
        </p>
        <Outcome view={view} />
        {line.dry && <p><span aria-hidden>○</span> {t("dry")}</p>}
      </header>
      <Reach view={view} />
      <section className="approval-acts">{acts}</section>
      <Limits view={view} />
      <section>
        <h3>{t("what")}</h3>
        <table className="twin">
          <thead><tr><th>{t("offer")}</th><th>{t("channel")}</th><th className="num">{t("count")}</th><th className="num">{t("sum")}</th></tr></thead>
          <tbody>
            {detail.offers.map((one) => (
              <tr key={one.id}>
                <td>{lang === "zh" ? one.zh : one.en}{one.content && <span className="note approval-content">{t("content", { text: one.content })}</span>}</td>
                <td>{channelName(one.channel, t)}</td>
                <td className="num">{exact(one.people)}</td>
                <td className="num">{moneyExact(one.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="note" style={{ marginTop: 8 }}>{t("when")}{lang === "zh" ? "：" : ": "}{t("fromTo", { from: time(detail.from_ms, lang, now), to: time(detail.to_ms, lang, now) })}</p>
      </section>
      <Who view={view} />
      {detail.final.length > 0 && (
        <section>
          <h3>{t("final")}</h3>
          <ul className="approval-list">{detail.final.map((one) => <li key={one.en}>{lang === "zh" ? one.zh : one.en}</li>)}</ul>
        </section>
      )}
      <Votes view={view} />
    </article>
  );
}

function Outcome({ view: { line, now_ms } }: { view: View }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (line.state === "open") return null;
  const at = line.ended_ms ?? line.until_ms;
  return (
    <p>
      <span aria-hidden style={{ color: line.state === "approved" ? "var(--celadon)" : "var(--ink-2)" }}>{line.state === "approved" ? "✓" : "○"}</span>{" "}
      <b>{t(`s_${line.state}`)}</b>
      <span className="note"> {line.ended_by ? t("endedBy", { who: line.ended_by, time: time(at, lang, now_ms) }) : t("endedAlone", { time: time(at, lang, now_ms) })}</span>
      {line.reason && <> · {t("reason", { reason: line.reason })}</>}
    </p>
  );
}

/** The four numbers that a decision turns on. */
function Reach({ view: { line, detail } }: { view: View }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const worth = detail.forecast;
  const step = worth ? Math.max(10 ** Math.floor(Math.log10(Math.max(worth.high - worth.low, 1e-2)) - 1), 0.01) : 1; // no digit finer than a tenth of the interval
  const yuan = (value: number): string => money(Math.round(Math.round(value / step) * step * 100), "CNY", lang);
  const rows: [string, ReactNode, ReactNode][] = [
    [t("touches"), t("people", { n: exact(line.people) }), detail.asked > 0 && t("ofAsked", { n: exact(detail.asked), share: share(line.people / detail.asked, 0) })],
    [t("cost"), line.cost ? moneyExact(line.cost) : t("noCost"), null],
    [t("worth"), worth ? yuan(worth.value) : "—", worth ? t("interval", { low: yuan(worth.low), high: yuan(worth.high) }) : t("worthNone")],
    [t("needs"), t(line.needs === 2 ? "needsTwo" : "needsOne"), line.state === "open" ? t("missing", { n: line.missing }) : line.state === "approved" ? t("enough") : null],
  ];
  return (
    <dl className="approval-reach">
      {rows.map(([name, value, note]) => (
        <div key={name}><dt className="note">{name}</dt><dd>{value}</dd>{note && <dd className="note">{note}</dd>}</div>
      ))}
    </dl>
  );
}

/** Those that all share, as bars, the tightest first; those of which each person has an own account, in a line each. */
function Limits({ view }: { view: View }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (view.limits.length === 0 || !["open", "approved"].includes(view.line.state)) return null; // what was taken back uses none
  const open = view.line.state === "open";
  const room = (one: Limit): number => (one.cap ? (one.cap - one.used - one.reserved) / one.cap : -1);
  const shared = view.limits.filter((one) => one.accounts === 1).sort((a, b) => room(a) - room(b));
  const each = view.limits.filter((one) => one.accounts > 1);
  const amount = (value: number, one: Limit): string => amountOf(value, one.unit, lang);
  return (
    <section>
      <h3>{t("limits")}</h3>
      {shared.length > 0 && (
        <div className="approval-limits">
          {shared.map((one) => (
            <div key={one.name}>
              <LimitBar name={lang === "zh" ? one.zh : one.en} cap={one.cap} used={one.used} reserved={one.reserved} unit={one.unit} resetsMs={one.resets_ms} now={view.now_ms} to={has("/settings/limits") ? `/settings/limits?limit=${one.name}` : undefined} />
              <p className="note">{t("uses", { n: amount(one.asked, one) })}{open && <> · {t("after", { n: amount(one.cap - one.used - one.reserved, one) })}</>}</p>
            </div>
          ))}
        </div>
      )}
      {each.length > 0 && (
        <ul className="approval-each">
          {each.map((one) => (
            <li key={one.name}>{lang === "zh" ? one.zh : one.en}<span className="note"> {t("perPerson", { cap: amount(one.cap, one), n: amount(one.asked, one) })}{one.full > 0 && <> · {t("fullAfter", { n: exact(one.full) })}</>}</span></li>
          ))}
        </ul>
      )}
    </section>
  );
}

const ARMS = ["treated", "explore", "holdout"] as const;
const REASONS = ["consent", "limit", "rule", "erased", "personalise", "fairness"] as const;

function Who({ view: { detail, sample, line } }: { view: View }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const arms = ARMS.filter((arm) => (detail.arms[arm] ?? 0) > 0);
  const out = keptOut(detail.refused).flatMap(([by, n]) => { const known = REASONS.find((one) => one === by); return known ? [t(`r_${known}`, { n: exact(n) })] : []; });
  return (
    <section>
      <h3>{t("who")}</h3>
      <dl className="approval-who">
        <dt>{t("audience")}</dt><dd>{lang === "zh" ? detail.audience_zh : detail.audience_en}</dd>
        {arms.length > 0 && <><dt>{t("arms")}</dt><dd>{arms.map((arm) => t(`a_${arm}`, { n: exact(detail.arms[arm]) })).join(lang === "zh" ? "，" : ", ")}</dd></>}
        {out.length > 0 && <><dt>{t("notChosen")}</dt><dd>{out.join(lang === "zh" ? "，" : ", ")}</dd></>}
        {sample.length > 0 && <><dt>{t("sample")}</dt><dd className="row wrap">{sample.map((one) => <PartyChip key={one.ref} reference={one.ref} name={one.name} />)}</dd></>}
      </dl>
      {line.kind === "run" && has("/decisions") && <p><Link to={`/decisions?run=${line.object}`}>{t("decisions")}</Link></p>}
    </section>
  );
}

const STATES = ["waiting", "ready", "sending", "sent", "dry", "dead", "withdrawn", "expired", "refused"] as const;

function Votes({ view: { line, votes, counts, now_ms } }: { view: View }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const far = STATES.filter((state) => (counts[state] ?? 0) > 0);
  if (votes.length === 0 && far.length === 0) return null;
  return (
    <section>
      {votes.length > 0 && (
        <>
          <h3>{t("votes")}</h3>
          <ul className="approval-list">
            {votes.map((one) => (
              <li key={`${one.who} ${one.at_ms}`}>
                <span aria-hidden>{one.void ? "○" : one.ballot === "approve" ? "✓" : "×"}</span> {one.who} {t(one.ballot === "approve" ? "approved" : "refused")}
                <span className="note"> {time(one.at_ms, lang, now_ms)}{one.void && <> · {t("voidVote")}</>}</span>
                {one.reason && <p>{one.reason}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
      {far.length > 0 && (
        <p className="note">{t("actions")}{lang === "zh" ? "：" : ": "}{far.map((state, place) => <Fragment key={state}>{place > 0 && " · "}{state === "dead" && <Seal />} {t(`x_${state}`)} {exact(counts[state])}</Fragment>)}</p>
      )}
      {line.kind === "run" && line.state !== "open" && has("/reach") && <p><Link to={`/reach?run=${line.object}&since=all`}>{t("seeReach")}</Link></p>}
    </section>
  );
}

/** Whether a page stands that a link may lead to. */
const has = (path: string): boolean => PAGES.some((page) => page.path === path);

const CHANNELS = ["app", "wechat", "sms", "mail", "coupon"] as const;

function channelName(channel: string, t: ReturnType<typeof useT<typeof m.zh>>): string {
  const known = CHANNELS.find((one) => one === channel);
  return known ? t(`c_${known}`) : channel || t("c_none");
}
