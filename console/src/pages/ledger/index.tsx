import type { PageSpec } from "@/registry";

export const pages: PageSpec[] = [
  {
    path: "/ledger", group: "ledger", order: 10, title: { zh: "账本与积分", en: "Accounts & Points" }, synonyms: ["账户", "积分", "知识币", "经验值", "额度", "敞口", "未兑付", "流水"],
    verbs: ["view"], filters: ["time", "asof"], range: "30d", load: () => import("./Page"),
  },
  {
    path: "/evidence", group: "ledger", order: 20, title: { zh: "证据链", en: "Evidence Chain" }, synonyms: ["校验", "证明", "签名", "哈希", "公钥", "账本导出"],
    verbs: ["view"], load: () => import("./Evidence"),
  },
];
