import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    lead: "限额对所有策略、所有渠道一起生效。每次修改都留下原因，决策时看到的限额记在决策里。",
    attention: "打扰", attentionNote: "一个人最多被联系几次", money: "钱", moneyNote: "最多让利、花费多少", reach: "影响范围", reachNote: "一个策略一次最多碰到多少人", other: "其他", otherNote: "",
    cap: "上限 {n}", shut: "时段内不发送", counted: "{n} 个账户在用", nobody: "还没有用过", near: "快到上限 {n}", full: "已满 {n}", over: "超出 {n}", shipped: "出厂值 {n}", own: "自定义",
    since: "{who} 于 {time} 修改：{reason}", asShipped: "出厂设置：{reason}", who: "可调整：{roles}。", gone: "已停用", edit: "修改", history: "历史", restore: "恢复", remove: "停用", log: "看被它拦下的决策",
    shownGone: "已停用的限额", forPolicy: "策略「{name}」", forChannel: "渠道 {name}", forPlatform: "平台 {name}", forOffer: "选项 {name}",
    change: "修改「{name}」", newCap: "新的上限", from: "从", to: "到", unit_fen: "元", reason: "原因（所有人可见）", reasonHint: "例如：双11 期间放宽一周", save: "改为 {n}", saveNothing: "改一个值再保存", cancel: "取消", close: "关闭",
    previewing: "正在看影响", fits: "现在没有账户超出新上限（共 {n} 个账户）。", noAccounts: "还没有账户用过，改了立即生效。", exceeds: "{over} 个账户已超出新上限，最多超出 {most}（共 {n} 个账户）。",
    exceedsNote: "已用的不追回，已预留的照常完成；在空出来以前不再放行。", later: "每个人的账户在下次使用时按新上限计算。", saved: "「{name}」已改为 {n}", removed: "已停用「{name}」", restored: "「{name}」已恢复为 {n}",
    removeAsk: "停用「{name}」", removeNote: "停用后不再限制；历史保留，可随时恢复。", restoreTo: "恢复到这一版", restoreAsk: "把「{name}」恢复为 {n}", shippedRow: "出厂", takenAway: "停用", nowHolds: "现在",
    version: "版本", at: "时间", capHead: "上限", by: "谁", why: "原因", act: "操作", whole: "请填整数，0 或更大", needReason: "先写原因", failed: "没有保存：{what} {mend}", export: "限额",
  },
  en: {
    lead: "Limits hold for all policies and channels together. Each change keeps its reason; a decision records the limits that it saw.",
    attention: "Attention", attentionNote: "how often one person is contacted", money: "Money", moneyNote: "how much may be given away or spent", reach: "Blast radius", reachNote: "how many people one policy may reach at once", other: "Other", otherNote: "",
    cap: "Cap {n}", shut: "nothing is sent in these hours", counted: "{n} accounts in use", nobody: "Not used yet", near: "{n} nearly used up", full: "{n} full", over: "{n} over", shipped: "Ships as {n}", own: "own limit",
    since: "Changed by {who} on {time}: {reason}", asShipped: "As shipped: {reason}", who: "They may be changed by: {roles}.", gone: "Taken away", edit: "Change", history: "History", restore: "Restore", remove: "Take away", log: "Decisions that it stopped",
    shownGone: "Limits that were taken away", forPolicy: "policy “{name}”", forChannel: "channel {name}", forPlatform: "platform {name}", forOffer: "offer {name}",
    change: "Change “{name}”", newCap: "New cap", from: "From", to: "To", unit_fen: "yuan", reason: "Reason (everyone can read it)", reasonHint: "for example: wider for a week of Double 11", save: "Change to {n}", saveNothing: "Change a value first", cancel: "Cancel", close: "Close",
    previewing: "Looking at the effect", fits: "No account stands above the new cap ({n} accounts).", noAccounts: "No account has used it yet; the change holds at once.", exceeds: "{over} accounts stand above the new cap, the first by {most} ({n} accounts).",
    exceedsNote: "What is used stays and what is reserved is carried out; nothing more is admitted until it comes free.", later: "Accounts of people follow when they are next used.", saved: "“{name}” is now {n}", removed: "“{name}” was taken away", restored: "“{name}” is {n} again",
    removeAsk: "Take “{name}” away", removeNote: "It limits nothing any more; its history stays and it can be restored.", restoreTo: "Restore this version", restoreAsk: "Restore “{name}” to {n}", shippedRow: "shipped", takenAway: "taken away", nowHolds: "holds now",
    version: "Version", at: "When", capHead: "Cap", by: "Who", why: "Reason", act: "Action", whole: "Give a whole number of 0 or more", needReason: "Write the reason first", failed: "Not saved: {what} {mend}", export: "Limits",
  },
});
