import type { PageSpec } from "@/registry";

export const pages: PageSpec[] = [
  {
    path: "/traits", group: "people", order: 70, title: { zh: "标签与特征", en: "Tags & Traits" }, synonyms: ["特征", "标签", "画像", "指标库", "特征平台", "变量", "features", "feature store"],
    verbs: ["view"], jump: "t", load: () => import("./Page"), find: (text, lang) => import("./find").then((one) => one.find(text, lang)),
  },
  {
    path: "/traits/:name", group: "people", order: 71, title: { zh: "特征", en: "Trait" },
    verbs: ["view"], menu: false, parent: "/traits", filters: ["asof"], load: () => import("./Trait"),
  },
];
