import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    single: "有 1 件事等你处理。", one: "{n} 件事等你处理，等得贵的在前。", seal: "盖着红印的不能等。", none: "没有等你处理的事。", noneLast: "没有等你处理的事。最近一件：{time}，{title}，{state}。", worth: "等着的价值", list: "待办清单",
    s_approved: "已批准", s_refused: "已驳回", s_withdrawn: "已撤回", s_lapsed: "已过期作废", s_undone: "批准后撤销", s_open: "等待中",
  },
  en: {
    single: "1 thing waits for you.", one: "{n} things wait for you; what costs most to wait comes first.", seal: "What bears a seal cannot wait.", none: "Nothing waits for you.", noneLast: "Nothing waits for you. The last one: {time}, {title}, {state}.", worth: "At stake", list: "To-do list",
    s_approved: "approved", s_refused: "refused", s_withdrawn: "withdrawn", s_lapsed: "lapsed", s_undone: "undone after approval", s_open: "waiting",
  },
});
