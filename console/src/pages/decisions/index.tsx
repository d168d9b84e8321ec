import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/decisions", group: "plays", order: 30, title: { zh: "决策日志", en: "Decision Log" }, synonyms: ["为什么", "决策", "拦截", "限额拦截", "对照组", "why", "hold-out", "refused"],
  verbs: ["view"], load: () => import("./Page"),
};
