/** One decision: what was chosen and why, what else there was, which limit bound, how likely it was, and its proof. */
import "./limits.css";
import { type ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "@/api/client";
import { exact, moneyExact, range, share, time } from "@/format";
import { catalogue, useLang, useT, type Lang } from "@/i18n";
import { amountOf, LimitBar } from "./LimitBar";
import { PartyChip } from "./PartyChip";

type Detail = Schemas["DecisionDetail"];
type Weighed = Schemas["WeighedLine"];

export interface DecisionCardProps {
  decision: Detail;
  /** what may be done with it, such as deciding again */
  actions?: ReactNode;
}

/** ○ under way, ✓ settled, ◐ in doubt; the word says the rest. */
export function decisionState(row: Pick<Schemas["DecisionRow"], "mode" | "acts" | "out" | "dry" | "arm">): { mark: "○" | "✓" | "◐" | ""; word: keyof typeof m.zh } {
  if (row.mode === "shadow") return { mark: "◐", word: "shadow" };
  if (!row.acts) return { mark: "", word: row.arm === "holdout" ? "holdoutState" : "nothing" };
  if (row.out === "dry" || (row.dry && row.out !== "waiting")) return { mark: "◐", word: "dry" };
  const states = { waiting: ["○", "waiting"], ready: ["○", "ready"], sending: ["○", "sending"], sent: ["✓", "sent"], withdrawn: ["✓", "withdrawn"], expired: ["◐", "expired"], refused: ["◐", "stopped"], dead: ["◐", "dead"] } as const;
  const [mark, word] = states[row.out as keyof typeof states] ?? ["", "decided"];
  return { mark, word };
}

/** How far a decision came, in a mark and a word. */
export function DecisionState({ row }: { row: Schemas["DecisionRow"] }): ReactNode {
  const t = useT(m);
  const { mark, word } = decisionState(row);
  return <span style={{ whiteSpace: "nowrap", color: mark === "✓" ? "var(--celadon)" : mark === "◐" ? "var(--amber)" : undefined }}>{mark && `${mark} `}{t(word as "sent")}</span>;
}

/** Yuan with the interval that it lies in; no digit finer than a fen. */
export function valueText(one: Pick<Weighed, "value" | "low" | "high">, lang: Lang): string {
  if (one.value === null || one.low === null || one.high === null) return "—";
  const yuan = (value: number): string => moneyExact(Math.round(value * 100));
  const between = range(yuan(one.low), yuan(one.high), lang);
  if (one.low === one.high) return yuan(one.value);
  return lang === "zh" ? `${yuan(one.value)}（${between}）` : `${yuan(one.value)} (${between})`;
}

export function DecisionCard({ decision, actions }: DecisionCardProps): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { row, weighed } = decision;
  const name = lang === "zh" ? row.chosen_zh : row.chosen_en;
  return (
    <div className="stack decision">
      <header>
        <h2>{row.acts ? t("chose", { name }) : t("choseNothing")}</h2>
        <p className="row wrap" style={{ marginTop: 4 }}>
          <DecisionState row={row} />
          {row.party ? <PartyChip reference={row.party} name={row.person || undefined} /> : <PartyChip reference="person::erased" erased />}
          <span className="note">{t("by", { policy: lang === "zh" ? row.policy_zh : row.policy_en, version: decision.version || "—", mode: t(`mode_${row.mode as "auto"}`) })}</span>
        </p>
        <p className="note">{t("when", { written: time(row.written_ms, lang), at: time(row.at_ms, lang) })}</p>
      </header>
      {!decision.proof.kept ? <p>{t("erased")}</p> : (
        <>
          <Part title={t("why")}>{[...(lang === "zh" ? decision.why_zh : decision.why_en), ...(lang === "zh" ? decision.chance_zh : decision.chance_en)].map((line) => <p key={line}>{line}</p>)}</Part>
          <Part title={t("else")}><Choices weighed={weighed} /></Part>
          {decision.rooms.length > 0 && <Part title={t("limits")} note={t("limitsNote")}><Rooms rooms={decision.rooms} weighed={weighed} /></Part>}
          <Part title={t("toPerson")} note={t("toPersonNote")}><blockquote>{lang === "zh" ? decision.person_zh : decision.person_en}</blockquote></Part>
          <Seen decision={decision} />
        </>
      )}
      <Proof decision={decision} actions={actions} />
    </div>
  );
}

function Part({ title, note, children }: { title: string; note?: string; children: ReactNode }): ReactNode {
  return <section><h3>{title}</h3>{note && <p className="note">{note}</p>}<div style={{ marginTop: 4 }}>{children}</div></section>;
}

/** Every candidate: what it is expected to bring, what it costs, how likely it was, or what refused it. */
function Choices({ weighed }: { weighed: readonly Weighed[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <table className="twin decision-choices">
      <thead><tr><th>{t("option")}</th><th className="num">{t("value")}</th><th className="num">{t("cost")}</th><th className="num">{t("chanceHead")}</th></tr></thead>
      <tbody>
        {weighed.map((one) => (
          <tr key={one.id} aria-current={one.verdict === "chosen" || undefined}>
            <th scope="row">
              {one.verdict === "chosen" && <span style={{ color: "var(--celadon)" }}>✓ </span>}{one[lang]}{one.verdict === "chosen" && <span className="hidden-text"> {t("chosen")}</span>}
              {one.refusals.map((why) => (
                <p key={`${why.by}${why.name}`} className="note" style={{ whiteSpace: "normal" }}>
                  ◐ {why[lang]}{why.by === "limit" && why.resets_ms ? ` · ${t("resets", { time: time(why.resets_ms, lang) })}` : ""}
                </p>
              ))}
            </th>
            <td className="num">{one.id === "none" ? "—" : valueText(one, lang)}</td>
            <td className="num">{one.id === "none" ? "—" : moneyExact(one.cost)}</td>
            <td className="num">{one.verdict === "refused" ? "—" : share(one.propensity, 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The limits as they then stood; those that refused something first. */
function Rooms({ rooms, weighed }: { rooms: Detail["rooms"]; weighed: readonly Weighed[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const bound = new Set(weighed.flatMap((one) => one.refusals.filter((why) => why.by === "limit").map((why) => why.name)));
  const sorted = [...rooms].sort((a, b) => Number(bound.has(b.limit)) - Number(bound.has(a.limit)));
  return (
    <div className="decision-rooms">
      {sorted.map((one) => (
        <div key={one.account || one.limit}>
          <LimitBar name={one[lang]} cap={one.cap} used={one.used} reserved={one.reserved} unit={one.unit} resetsMs={one.resets_ms} to={`/settings/limits?limit=${one.limit}`} />
          {bound.has(one.limit) && <p className="note" style={{ color: "var(--amber)" }}>◐ {t("bound")}</p>}
        </div>
      ))}
    </div>
  );
}

/** What the policy saw of the person: traits, consents, the moment. */
function Seen({ decision }: { decision: Detail }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const consents = Object.entries(decision.consents);
  if (decision.traits.length === 0 && consents.length === 0) return null;
  return (
    <details>
      <summary style={{ cursor: "pointer", color: "var(--blue)" }}>{t("seen", { n: decision.traits.length })}</summary>
      <p className="note">{t("seenAt", { time: time(decision.until_ms || null, lang), seq: exact(decision.known) })}{decision.personalise ? "" : ` · ${t("noProfile")}`}</p>
      <dl className="decision-seen">
        {decision.traits.map((one) => [<dt key={`${one.name}-t`} title={one.name}>{one[lang]}</dt>, <dd key={one.name} className="num">{one.hidden ? t("sensitive") : lang === "zh" ? one.shown_zh : one.shown_en}</dd>])}
        {consents.map(([purpose, given]) => [<dt key={`${purpose}-t`}>{t("consent", { name: purpose in CONSENTS ? t(CONSENTS[purpose as keyof typeof CONSENTS]) : purpose })}</dt>, <dd key={purpose} className="num">{given ? t("given") : t("withdrawnConsent")}</dd>])}
      </dl>
    </details>
  );
}

const CONSENTS = { analyse: "p_analyse", personalise: "p_personalise", message: "p_message", location: "p_location", share: "p_share" } as const;

/** What it reserved, and that the record is the one that was written. */
function Proof({ decision, actions }: { decision: Detail; actions?: ReactNode }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { proof, hold } = decision;
  const word = hold ? ({ open: "held", settled: "settled", released: "released", lapsed: "lapsed" } as const)[hold.state as "open"] : undefined;
  return (
    <Part title={t("proof")}>
      {hold && word && <p>{t(word, { list: Object.entries(hold.amounts).map(([unit, n]) => amountOf(n, unit, lang)).join(lang === "zh" ? "、" : ", ") })}</p>}
      <p>{!proof.holds ? <span style={{ color: "var(--amber)" }}>◐ {t("broken")}</span> : <span style={{ color: "var(--celadon)" }}>✓ {t(proof.kept ? "proved" : "leafOnly")}</span>}</p>
      <p className="note">{t("batch", { batch: exact(proof.batch), place: exact(proof.place + 1), size: exact(proof.size) })} · <span title={proof.root}>{t("root", { root: proof.root.slice(0, 16) })}</span></p>
      <p className="row wrap" style={{ gap: 16 }}><Link to="/evidence">{t("chain")}</Link>{decision.out && <Link to={`/reach?action=${decision.out.id}`}>{t("outbox")}</Link>}</p>
      {actions && <div className="row wrap" style={{ marginTop: 8 }}>{actions}</div>}
    </Part>
  );
}

const m = catalogue({
  zh: {
    chose: "选了「{name}」", choseNothing: "什么都没做", by: "策略「{policy}」第 {version} 版 · {mode}", when: "{written} 决定，{at} 执行", mode_shadow: "影子模式，只记录", mode_propose: "提议，由人批准", mode_auto: "自动，在限额内",
    shadow: "影子，没有执行", nothing: "没有动作", holdoutState: "对照组，没有动作", dry: "演练，没有发送", waiting: "等批准", ready: "待发送", sending: "发送中", sent: "已发出", withdrawn: "已撤回", expired: "已过期，没有发送", stopped: "发送前被拦下", dead: "没发出去", decided: "已决定",
    erased: "此人已要求删除，记录随之删除，只留下证据链上的指纹。", why: "为什么", else: "还可以选什么", limits: "看过的限额", limitsNote: "决策那一刻的余量", seen: "当时看到了什么（{n} 个特征）", seenAt: "特征截至 {time}，日志第 {seq} 条", noProfile: "此人关闭了个性化，画像特征不参与",
    toPerson: "对本人的说明", toPersonNote: "本人问起时照此回答",
    option: "选项", value: "预计带来（区间）", cost: "花费", chanceHead: "机会", chosen: "已选", resets: "{time} 恢复", bound: "拦下了上表中的选项", sensitive: "敏感，到用户页说明用途后查看", consent: "同意：{name}", given: "✓ 同意", withdrawnConsent: "✗ 不同意",
    p_analyse: "统计分析", p_personalise: "个性化", p_message: "营销触达", p_location: "位置", p_share: "共享给合作方",
    proof: "证据", held: "在各条限额里共预留 {list}，发出后计入，没发则退回。", settled: "已用 {list}。", released: "没有发出，已退回 {list}。", lapsed: "到期没有发出，已退回 {list}。", proved: "记录与当时写下的一致", leafOnly: "指纹仍在证据链上", broken: "记录与当时写下的不一致，请核对证据链",
    batch: "第 {batch} 批，{size} 个决策中的第 {place} 个", root: "根 {root}…", chain: "看证据链", outbox: "看发送经过",
  },
  en: {
    chose: "Chose “{name}”", choseNothing: "Did nothing", by: "policy “{policy}”, version {version} · {mode}", when: "decided {written}, to happen {at}", mode_shadow: "shadow, logged only", mode_propose: "proposed, a person approves", mode_auto: "automatic, within limits",
    shadow: "Shadow, not carried out", nothing: "No action", holdoutState: "Hold-out, no action", dry: "Dry run, nothing sent", waiting: "Waits for approval", ready: "To be sent", sending: "Being sent", sent: "Sent", withdrawn: "Taken back", expired: "Expired, not sent", stopped: "Stopped before sending", dead: "Could not be sent", decided: "Decided",
    erased: "This person was erased and the record with them; its fingerprint in the chain stays.", why: "Why", else: "What else there was", limits: "Limits that were looked at", limitsNote: "as they stood when it was decided", seen: "What was seen ({n} traits)", seenAt: "traits as of {time}, log up to {seq}", noProfile: "personalisation is off: no traits of a profile",
    toPerson: "What the person is told", toPersonNote: "the answer when they ask",
    option: "Option", value: "Expected (interval)", cost: "Cost", chanceHead: "Chance", chosen: "chosen", resets: "more from {time}", bound: "refused an option above", sensitive: "sensitive: state a purpose on the person's page", consent: "Consent: {name}", given: "✓ given", withdrawnConsent: "✗ not given",
    p_analyse: "analysis", p_personalise: "personalisation", p_message: "marketing", p_location: "location", p_share: "sharing with partners",
    proof: "Proof", held: "Reserved {list} in all its limits: counted when sent, given back when not.", settled: "Used {list}.", released: "Not sent: {list} given back.", lapsed: "Not sent in time: {list} given back.", proved: "The record is the one that was written", leafOnly: "Its fingerprint is still in the chain", broken: "The record differs from the one that was written: check the chain",
    batch: "batch {batch}, {place} of {size} decisions", root: "root {root}…", chain: "Evidence chain", outbox: "How it was sent",
  },
});
