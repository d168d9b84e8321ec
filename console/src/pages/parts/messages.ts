import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: { again: "再读一次", states: "页面状态", marks: "记号与词", colours: "颜色", numbers: "数字", platforms: "平台", filters: "筛选条", said: "{what} 读到 {n} 条", refusedWhat: "本周触达上限 2 次，已用 2 次", partialText: "8 个平台里有 7 个已到齐；快手停在 09:10。", staleText: "数据停在 3 小时前，下列数字可能偏低。", waiting: "待你处理", settled: "已定", doubt: "存疑", running: "进行中", keyNumber: "成交额", variant: "口径", paid: "支付", placed: "下单" },
  en: { again: "Read again", states: "States of a page", marks: "Marks and words", colours: "Colours", numbers: "Numbers", platforms: "Platforms", filters: "Filter bar", said: "{what}: {n} rows", refusedWhat: "at most 2 messages a week, 2 used", partialText: "7 of 8 platforms are complete; Kuaishou stands at 09:10.", staleText: "Data stands 3 hours ago; the figures below may be low.", waiting: "Waits for you", settled: "Settled", doubt: "In doubt", running: "Running", keyNumber: "Sales", variant: "Definition", paid: "Paid", placed: "Placed" },
});
