import type { PageSpec } from "@/registry";

type Row = [kind: string, zh: string, en: string, synonyms: string[]];
const KINDS: Row[] = [
  ["events", "事件分析", "Events", ["趋势", "trend"]],
  ["funnel", "漏斗分析", "Funnel", ["转化分析", "转化", "conversion"]],
  ["retention", "留存分析", "Retention", ["回访", "cohort"]],
  ["paths", "用户路径", "Paths", ["路径分析", "flow", "sankey"]],
  ["distribution", "分布分析", "Distribution", ["频次", "histogram"]],
  ["interval", "间隔分析", "Interval", ["间隔", "gap"]],
  ["ltv", "LTV 分析", "LTV", ["生命周期价值", "lifetime value"]],
];

export const pages: PageSpec[] = KINDS.map(([kind, zh, en, synonyms], at) => ({
  path: `/explore/${kind}`, group: "analysis", order: 30 + at, title: { zh, en }, synonyms, verbs: ["view"], filters: ["time", "platforms", "asof"], range: "30d",
  load: () => import("./Page"),
}));
