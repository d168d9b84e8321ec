/** Words for states, channels, errors and receipts of what is sent; a word of somebody else's is shown as it stands. */
import type { Schemas } from "@/api/client";
import { catalogue, type Lang } from "@/i18n";

export type Line = Schemas["OutboxLine"];
type Named = "state" | "channel" | "error" | "receipt" | "outcome" | "hold" | "mode" | "arm" | "unit" | "body" | "purpose";

const words = catalogue({
  zh: {
    "state.waiting": "等批准", "state.ready": "待发送", "state.sending": "发送中", "state.sent": "已发出", "state.dry": "已演练", "state.dead": "没发出去", "state.withdrawn": "已撤回", "state.expired": "已过期", "state.refused": "被拦下",
    "channel.app": "应用推送", "channel.wechat": "微信", "channel.sms": "短信", "channel.mail": "邮件", "channel.coupon": "优惠券", "channel.wecom": "企业微信", "channel.dingtalk": "钉钉", "channel.feishu": "飞书", "channel.webhook": "网络回调", "channel.file": "文件",
    "error.refused": "对方拒绝", "error.invalid": "内容或地址不对", "error.unreachable": "连不上", "error.timeout": "没有回音", "error.busy": "对方忙", "error.server": "对方出错", "error.unknown": "发送程序出错",
    "receipt.delivered": "已送达", "receipt.opened": "已打开", "receipt.failed": "送达失败", "receipt.redeemed": "已核销", "receipt.refused": "被拒收",
    "outcome.accepted": "对方已接收", "outcome.put back": "没有开始", "outcome.dry": "演练", "outcome.dead": "放弃", "outcome.refused": "被拒绝", "outcome.invalid": "内容或地址不对", "outcome.unreachable": "连不上", "outcome.timeout": "没有回音", "outcome.busy": "对方忙", "outcome.server": "对方出错", "outcome.unknown": "发送程序出错",
    "hold.open": "预留中", "hold.settled": "已结算", "hold.released": "已退回", "hold.lapsed": "已过期退回",
    "mode.shadow": "影子", "mode.propose": "提议", "mode.auto": "自动", "arm.treated": "按策略", "arm.explore": "抽签探索", "arm.holdout": "对照组",
    "unit.contacts": "触达次数", "unit.fen": "分", "unit.points": "积分", "unit.coupons": "优惠券", "unit.people": "人次", "unit.decisions": "决策",
    "purpose.marketing": "营销触达", "purpose.service": "服务", "purpose.message": "营销触达", "body.channel": "渠道", "body.content": "内容", "body.purpose": "用途", "body.amount": "面额", "body.threshold": "使用门槛", "body.days": "有效天数", "body.title": "标题", "body.text": "正文",
  },
  en: {
    "state.waiting": "Waits for approval", "state.ready": "To be sent", "state.sending": "Being sent", "state.sent": "Sent", "state.dry": "Dry run done", "state.dead": "Given up", "state.withdrawn": "Taken back", "state.expired": "Expired", "state.refused": "Held back",
    "channel.app": "App", "channel.wechat": "WeChat", "channel.sms": "SMS", "channel.mail": "Mail", "channel.coupon": "Coupons", "channel.wecom": "WeCom", "channel.dingtalk": "DingTalk", "channel.feishu": "Feishu", "channel.webhook": "Webhook", "channel.file": "File",
    "error.refused": "refused", "error.invalid": "content or address is wrong", "error.unreachable": "no connection", "error.timeout": "no answer", "error.busy": "receiver is busy", "error.server": "receiver failed", "error.unknown": "the sender failed",
    "receipt.delivered": "Delivered", "receipt.opened": "Opened", "receipt.failed": "Failed", "receipt.redeemed": "Redeemed", "receipt.refused": "Refused",
    "outcome.accepted": "accepted", "outcome.put back": "not begun", "outcome.dry": "dry run", "outcome.dead": "given up", "outcome.refused": "refused", "outcome.invalid": "content or address is wrong", "outcome.unreachable": "no connection", "outcome.timeout": "no answer", "outcome.busy": "receiver is busy", "outcome.server": "receiver failed", "outcome.unknown": "the sender failed",
    "hold.open": "reserved", "hold.settled": "settled", "hold.released": "given back", "hold.lapsed": "lapsed",
    "mode.shadow": "shadow", "mode.propose": "propose", "mode.auto": "auto", "arm.treated": "by policy", "arm.explore": "by chance", "arm.holdout": "hold-out",
    "unit.contacts": "contacts", "unit.fen": "fen", "unit.points": "points", "unit.coupons": "coupons", "unit.people": "people", "unit.decisions": "decisions",
    "purpose.marketing": "marketing", "purpose.service": "service", "purpose.message": "marketing", "body.channel": "Channel", "body.content": "Content", "body.purpose": "Purpose", "body.amount": "Amount", "body.threshold": "Threshold", "body.days": "Days valid", "body.title": "Title", "body.text": "Text",
  },
});

export const STATES = ["waiting", "ready", "sending", "sent", "dry", "dead", "withdrawn", "expired", "refused"] as const;

export function word(of: Named, name: string, lang: Lang): string {
  return (words[lang] as Record<string, string>)[`${of}.${name}`] ?? name;
}

export type Mark = "done" | "open" | "doubt" | "ended";
export const MARKS: Record<Mark, [string, string]> = { done: ["✓", "var(--celadon)"], open: ["○", "var(--ink-3)"], doubt: ["◐", "var(--amber)"], ended: ["–", "var(--ink-3)"] };

/** What a row has come to, in one word: its last receipt that counts, else its state. */
export function cameTo(line: Pick<Line, "state" | "receipts">, lang: Lang): { mark: Mark; text: string } {
  const far = (["redeemed", "opened", "delivered"] as const).find((one) => line.receipts.includes(one));
  if (far) return { mark: "done", text: word("receipt", far, lang) };
  const bad = line.receipts.find((one) => one === "failed" || one === "refused");
  if (bad) return { mark: "doubt", text: word("receipt", bad, lang) };
  const marks: Record<string, Mark> = { sent: "done", dry: "done", dead: "doubt", withdrawn: "ended", expired: "ended", refused: "ended" };
  return { mark: marks[line.state] ?? "open", text: word("state", line.state, lang) };
}

/** Whether a row can still be taken back, and whether it can be tried again. */
export const isOpen = (line: Pick<Line, "state">): boolean => line.state === "waiting" || line.state === "ready" || line.state === "dead";
export const isDead = (line: Pick<Line, "state">): boolean => line.state === "dead";

export interface Sums {
  sent: number;
  open: number;
  dead: number;
  dry: number;
  refused: number;
  withdrawn: number;
  expired: number;
}

/** Counts of many channels as the numbers of the head. */
export function sums(counts: readonly Schemas["ReachCount"][]): Sums {
  const of = (...states: string[]): number => counts.filter((one) => !one.dry && states.includes(one.state)).reduce((sum, one) => sum + one.rows, 0);
  const dry = counts.filter((one) => one.dry).reduce((sum, one) => sum + one.rows, 0);
  return { sent: of("sent"), open: of("waiting", "ready", "sending"), dead: of("dead"), dry, refused: of("refused"), withdrawn: of("withdrawn"), expired: of("expired") };
}

const DAYS: Record<string, number> = { "7d": 7, "30d": 30 };

/** When a range of the page begins, to the minute, so that the same question is asked for a while. */
export function sinceOf(range: string, now: number): number {
  const days = DAYS[range];
  return days ? Math.floor((now - days * 86_400_000) / 60_000) * 60_000 : 0;
}
