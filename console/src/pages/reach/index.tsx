import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/reach", group: "plays", order: 3, title: { zh: "触达", en: "Reach" }, synonyms: ["发送", "消息", "短信", "优惠券", "回执", "死信", "重发", "撤回", "outbox", "receipts", "dead letters"],
  verbs: ["view"], load: () => import("./Page"),
};
