import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: { again: "再读一次", states: "页面状态", marks: "记号与词", colours: "颜色", numbers: "数字", platforms: "平台", filters: "筛选条", said: "{what} 读到 {n} 条", refusedWhat: "本周触达上限 2 次，已用 2 次", partialText: "8 个平台里有 7 个已到齐；快手停在 09:10。", staleText: "数据停在 3 小时前，下列数字可能偏低。", waiting: "待你处理", settled: "已定", doubt: "存疑", running: "进行中", keyNumber: "成交额", variant: "口径", paid: "支付", placed: "下单",
    figures: "带依据的数", last: "环比", noSpend: "没有花费数据", chips: "人与物", person: "人", fact: "3 单 ¥1,200", sources: "来源是否准时", notes: "日期批注", release: "发版", chart: "图与表格", chartSaid: "成交额 7 天里最高 4,910，11月12日没有数据", day: "日期",
    multiples: "同一刻度的小图", rhythm: "节律", narrow: "窄栏里的节律", timeline: "时间线", table: "表格", noTable: "没有行的表格", letGo: "放开 {n} 行", file: "上传", undo: "撤销", done: "已停用 周*", canUndo: "做一件可撤销的事", cannotUndo: "做一件撤销不成的事",
    decision: "一个决策", decisionGone: "此人已删除的决策", limits: "限额", weekly: "每人每周触达", reach: "全部触达", budget: "本月券预算", manager: "管理者", lowered: "11月14日 下调", quiet: "夜间不打扰",
  },
  en: { again: "Read again", states: "States of a page", marks: "Marks and words", colours: "Colours", numbers: "Numbers", platforms: "Platforms", filters: "Filter bar", said: "{what}: {n} rows", refusedWhat: "at most 2 messages a week, 2 used", partialText: "7 of 8 platforms are complete; Kuaishou stands at 09:10.", staleText: "Data stands 3 hours ago; the figures below may be low.", waiting: "Waits for you", settled: "Settled", doubt: "In doubt", running: "Running", keyNumber: "Sales", variant: "Definition", paid: "Paid", placed: "Placed",
    figures: "Numbers with evidence", last: "vs before", noSpend: "No spend data", chips: "Parties", person: "person", fact: "3 orders, ¥1,200", sources: "Are sources in time", notes: "Date notes", release: "Release", chart: "Chart and table", chartSaid: "Sales over 7 days, highest 4,910, no data on 12 Nov", day: "Day",
    multiples: "Small pictures on one scale", rhythm: "Rhythm", narrow: "Rhythm in a narrow column", timeline: "Timeline", table: "Table", noTable: "Table without rows", letGo: "Let {n} rows go", file: "Upload", undo: "Undo", done: "Disabled Zhou*", canUndo: "Do what can be undone", cannotUndo: "Do what fails to be undone",
    decision: "A decision", decisionGone: "A decision whose person was erased", limits: "Limits", weekly: "Contacts a person a week", reach: "All contacts", budget: "Coupons this month", manager: "managers", lowered: "lowered on 14 Nov", quiet: "Quiet hours",
  },
});
