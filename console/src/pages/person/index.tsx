import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/people/:id", group: "people", order: 20, title: { zh: "用户细查", en: "Person" }, synonyms: ["单用户", "个人", "时间线", "画像"],
  verbs: ["view"], menu: false, parent: "/people", filters: ["asof"], load: () => import("./Page"),
};
