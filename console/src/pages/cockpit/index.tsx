import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/cockpit", group: "overview", order: 20, title: { zh: "多平台驾驶舱", en: "Cockpit" }, synonyms: ["大盘", "看板", "dashboard", "overview"],
  verbs: ["view"], filters: ["time", "platforms", "asof"], range: "today", jump: "c", load: () => import("./Page"),
};
