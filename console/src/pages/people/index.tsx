import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/people", group: "people", order: 10, title: { zh: "人群", en: "People" }, synonyms: ["用户", "RFM", "用户列表", "客户", "复购"],
  verbs: ["view"], filters: ["time", "platforms", "asof"], range: "30d", jump: "p", load: () => import("./Page"),
};
