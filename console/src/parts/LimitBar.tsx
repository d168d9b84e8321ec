/** A limit as its account stands: cap, used, reserved, free, when more comes free, who may raise it. */
import "./limits.css";
import { useId, type ReactNode } from "react";
import { Link } from "react-router";
import { exact, money, moneyExact, time } from "@/format";
import { catalogue, say, useLang, useT, type Lang } from "@/i18n";
import { Seal } from "./Seal";

export interface LimitBarProps {
  /** as people call it */
  name: string;
  /** most that may be used or reserved at once; null: nothing limits it */
  cap: number | null;
  used: number;
  reserved?: number;
  /** contacts, fen, coupons, points, people, minutes, … */
  unit: string;
  /** when the next part comes free; null or absent: it is not said */
  resetsMs?: number | null;
  /** who may raise it, in words */
  who?: string;
  /** how many things wait for a raise: only then a full limit takes the seal */
  waiting?: number;
  /** why more than the cap is used */
  reason?: string;
  /** where its account or its history is */
  to?: string;
  /** name, free and bar only, for a narrow place; what else there is stands in the words of the bar */
  compact?: boolean;
  /** a cap that holds in some hours alone: what those are called */
  hours?: string;
  /** the instant that "now" stands for */
  now?: number;
}

export type LimitState = "none" | "free" | "near" | "full" | "over" | "shut";

/** Free below four fifths, near from there on, full when nothing is left, over when more is used than allowed. */
export function limitState(cap: number | null, used: number, reserved = 0): LimitState {
  if (cap === null) return "none";
  const taken = used + reserved;
  if (taken > cap) return "over";
  if (cap === 0) return "shut";
  return taken === cap ? "full" : taken >= cap * 0.8 ? "near" : "free";
}

/** An amount with its unit: ¥1,234, 2 次, 12,480 人; money in full below a million. */
export function amountOf(value: number, unit: string, lang: Lang): string {
  if (unit === "fen") return Math.abs(value) < 100_000_000 ? moneyExact(value).replace(/\.00$/, "") : money(value, "CNY", lang);
  const key = `${value === 1 ? "one" : "u"}_${unit}`;
  return key in m.zh ? say(m, lang)(key as "u_contacts", { n: exact(value) }) : `${exact(value)} ${unit}`;
}

export function LimitBar(props: LimitBarProps): ReactNode {
  const { name, cap, used, reserved = 0, unit, who, waiting = 0, reason, to, compact, hours } = props;
  const lang = useLang();
  const t = useT(m);
  const id = useId();
  const state = limitState(cap, used, reserved);
  const amount = (value: number): string => amountOf(value, unit, lang);
  const facts = factsOf(props, lang);
  const whole = Math.max(cap ?? 0, used + reserved, 1);
  const word = state === "near" ? <span style={{ color: "var(--amber)" }}>◐ {t("near")}</span>
    : state === "full" ? (waiting > 0 ? <><Seal>{waiting}</Seal> {t("fullWaiting")}</> : <b>{t("full")}</b>)
      : state === "over" ? <>{waiting > 0 && <><Seal>{waiting}</Seal> </>}<span style={{ color: "var(--amber)" }}>◐ {t("over", { n: amount(used + reserved - (cap ?? 0)) })}</span></>
        : state === "shut" ? <b>{hours ? t("hours") : t("shut")}</b> : null;
  return (
    <div className={`limit limit-${state}`}>
      <div className="row wrap" style={{ justifyContent: "space-between", gap: "0 8px" }}>
        <span id={id} className="limit-name">{to ? <Link to={to}>{name}</Link> : name}</span>
        <span className="num">{word}{word && state !== "shut" && state !== "full" && state !== "over" ? " · " : ""}{state === "near" || state === "free" ? t("free", { n: amount((cap ?? 0) - used - reserved) }) : state === "none" ? t("none") : ""}</span>
      </div>
      {state !== "none" && (
        <div className="limit-bar" role="meter" aria-labelledby={id} aria-valuemin={0} aria-valuemax={cap ?? undefined} aria-valuenow={Math.min(used + reserved, cap ?? 0)} aria-valuetext={facts.join(lang === "zh" ? "，" : ", ")}>
          <i className="limit-used" style={{ width: part(Math.min(used, whole), whole) }} />
          <i className="limit-held" style={{ width: part(reserved, whole) }} />
        </div>
      )}
      {!compact && <p className="note limit-facts">{facts.map((fact) => <span key={fact}>{fact}</span>)}{who && <span>{t("who", { who })}</span>}</p>}
      {reason && state === "over" && <p className="note">{t("because", { reason })}</p>}
    </div>
  );
}

/** The numbers behind the bar, each as a few words. */
function factsOf({ cap, used, reserved = 0, unit, resetsMs, hours, now }: LimitBarProps, lang: Lang): string[] {
  const t = say(m, lang);
  const amount = (value: number): string => amountOf(value, unit, lang);
  const reset = resetsMs == null ? [] : [t("resets", { time: time(resetsMs, lang, now) })];
  if (cap === 0) return [hours ?? t("shutNote"), ...(used > 0 ? [t("used", { n: amount(used) })] : []), ...reset];
  return [
    t("used", { n: amount(used) }), ...(reserved > 0 ? [t("reserved", { n: amount(reserved) })] : []), ...(cap === null ? [] : [t("cap", { n: amount(cap) })]), ...reset,
  ];
}

const part = (value: number, whole: number): string => `${((value / whole) * 100).toFixed(2)}%`;

const m = catalogue({
  zh: {
    near: "快到上限", full: "已满", fullWaiting: "已满，有事在等", over: "超出上限 {n}", shut: "不可用", hours: "时段内不可用", shutNote: "上限 0", free: "余 {n}", none: "不设上限",
    used: "已用 {n}", reserved: "预留 {n}", cap: "上限 {n}", resets: "{time} 恢复", who: "可调整：{who}", because: "超出原因：{reason}",
    u_contacts: "{n} 次", u_coupons: "{n} 张", u_points: "{n} 积分", u_people: "{n} 人", u_minutes: "{n} 分钟", u_coins: "{n} 知识币", u_experience: "{n} 经验值", u_rewards: "{n} 份", u_decisions: "{n} 个决策",
    one_contacts: "{n} 次", one_coupons: "{n} 张", one_points: "{n} 积分", one_people: "{n} 人", one_minutes: "{n} 分钟", one_coins: "{n} 知识币", one_experience: "{n} 经验值", one_rewards: "{n} 份", one_decisions: "{n} 个决策",
  },
  en: {
    near: "Nearly used up", full: "Full", fullWaiting: "Full, something waits", over: "Over by {n}", shut: "Closed", hours: "Closed in these hours", shutNote: "Cap 0", free: "{n} left", none: "No limit",
    used: "{n} used", reserved: "{n} reserved", cap: "cap {n}", resets: "more from {time}", who: "may change it: {who}", because: "Why it is over: {reason}",
    u_contacts: "{n} contacts", u_coupons: "{n} coupons", u_points: "{n} points", u_people: "{n} people", u_minutes: "{n} min", u_coins: "{n} coins", u_experience: "{n} experience", u_rewards: "{n} pieces", u_decisions: "{n} decisions",
    one_contacts: "{n} contact", one_coupons: "{n} coupon", one_points: "{n} point", one_people: "{n} person", one_minutes: "{n} min", one_coins: "{n} coin", one_experience: "{n} experience", one_rewards: "{n} piece", one_decisions: "{n} decision",
  },
});
