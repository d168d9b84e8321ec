import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/todo", group: "overview", order: 30, title: { zh: "待办", en: "To-do" }, synonyms: ["收件箱", "等我处理", "inbox"],
  verbs: ["view"], jump: "d", load: () => import("./Page"),
};
