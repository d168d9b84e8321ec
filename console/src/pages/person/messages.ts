import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    who: "这是谁", unnamed: "未留姓名", unknown: "没有事件提到这个人。核对编号：类型:平台:编号。", erased: "此人已在 {time} 抹去：{reason}。", noReason: "未写原因",
    erasedNote: "姓名、事件与关系都不再可见，汇总数里也不再含有此人的个人信息。", bought: "购买", rhythm: "节律", neverActed: "此人还没有自己的动作。", timeline: "时间线",
    reach: "本周触达", accounts: "账号（{n}）", ties: "最强的关系", seen: "{n} 个事件，{first} 首次出现，最近一次在 {last}", firstEvent: "看首个事件", lastEvent: "看最近一个事件",
    consents: "同意", given: "已同意", withdrawn: "已撤回", unknown_: "没说过", reveal: "查看明文", close: "关闭", cancel: "取消", look: "查看并记录", which: "看哪一项", purpose: "用途",
    callBack: "客服回访", afterSales: "售后处理", checkOrder: "核对订单", checkRisk: "风险核验", askedByPerson: "本人请求", other: "其他",
    willLog: "谁在何时为何查看，会记入操作日志。", logged: "已记入操作日志：{time}，用途「{purpose}」。关闭后不再显示。",
    orders: "订单", amount: "成交额", perOrder: "每单", lastOrder: "最近下单", refunds: "退款", otherMoney: "另有 {list} 的订单，金额未计入。", platform: "平台", platforms: "各平台", events: "事件", last: "最近",
    noTies: "还没有与别人或商品的联系。", relation: "关系", with: "与", strength: "强度", basis: "依据", basisOf: "看 {n} 条依据中最新的一条", between: "{days}",
    tieNote: "强度是逐次联系随时间减半后的和；依据是联系的次数。", noTouches: "本周没有给此人发过消息。", sent: "已发送", delivered: "已送达", opened: "已打开", clicked: "已点击", failed: "失败", unsubscribed: "退订",
    allAccounts: "全部 {n} 个", merge: "合并另一个账号", mergeOther: "另一个账号的编号", mergeDo: "合并为一人", merged: "已合并为一人", parted: "已拆开", split: "拆开", splitThis: "把 {ref} 从此人拆开", reason: "原因", reasonMerge: "例如：同一手机号、本人确认", reasonSplit: "例如：家人共用手机", reasonNote: "记入事件与操作日志，请勿写姓名或号码。", evidence: "看依据",
    why: "{day} 起，由{method}", byOperator: "人工确认", bySource: "来源说明", sure: "把握 {share}", nEvents: "{n} 个事件", maskedRef: "来自遮盖过的值，可能不止一人",
  },
  en: {
    who: "Who this is", unnamed: "No name given", unknown: "No event names this person. Check the reference: type:platform:key.", erased: "This person was erased on {time}: {reason}.", noReason: "no reason written",
    erasedNote: "Name, events and ties can no longer be seen, and no total holds personal data of this person.", bought: "Purchases", rhythm: "Rhythm", neverActed: "No act of their own yet.", timeline: "Timeline",
    reach: "Messages this week", accounts: "Accounts ({n})", ties: "Strongest ties", seen: "{n} events, first seen {first}, last {last}", firstEvent: "First event", lastEvent: "See the latest event",
    consents: "Consent", given: "given", withdrawn: "withdrawn", unknown_: "never said", reveal: "Show plain text", close: "Close", cancel: "Cancel", look: "Show and log", which: "Which value", purpose: "Purpose",
    callBack: "Call back", afterSales: "After-sales", checkOrder: "Check an order", checkRisk: "Check a risk", askedByPerson: "Asked for by the person", other: "Other",
    willLog: "Who looked, when and why goes into the audit log.", logged: "Logged: {time}, for “{purpose}”. It is gone when this closes.",
    orders: "Orders", amount: "Amount", perOrder: "Per order", lastOrder: "Last order", refunds: "Refunds", otherMoney: "Orders in {list} are counted, their money is not.", platform: "Platform", platforms: "By platform", events: "Events", last: "Last seen",
    noTies: "No ties to people or items yet.", relation: "Relation", with: "With", strength: "Strength", basis: "Evidence", basisOf: "See the newest of {n} contacts", between: "{days}",
    tieNote: "Strength sums contacts that halve over time; evidence counts them.", noTouches: "Nothing was sent to this person this week.", sent: "Sent", delivered: "Delivered", opened: "Opened", clicked: "Clicked", failed: "Failed", unsubscribed: "Unsubscribed",
    allAccounts: "All {n}", merge: "Join another account", mergeOther: "Reference of the other account", mergeDo: "They are one person", merged: "Joined into one person", parted: "Taken apart", split: "Take apart", splitThis: "Take {ref} apart from this person", reason: "Reason", reasonMerge: "e.g. same phone, said so", reasonSplit: "e.g. a shared phone", reasonNote: "Kept with the event and in the operation log: no names or numbers.", evidence: "Evidence",
    why: "since {day}, by {method}", byOperator: "an operator", bySource: "its source", sure: "confidence {share}", nEvents: "{n} events", maskedRef: "from a masked value, perhaps several people",
  },
});
