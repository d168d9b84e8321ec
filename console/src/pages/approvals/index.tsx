import type { PageSpec } from "@/registry";

export const page: PageSpec = {
  path: "/approvals", group: "plays", order: 2, title: { zh: "审批", en: "Approvals" }, synonyms: ["批准", "审核", "四眼", "approve", "four eyes"],
  verbs: ["view"], jump: "a", load: () => import("./Page"),
  keys: [
    { keys: ["j", "k"], does: { zh: "下一项，上一项", en: "Next, previous" } },
    { keys: ["1"], does: { zh: "批准", en: "Approve" } },
    { keys: ["2"], does: { zh: "驳回", en: "Refuse" } },
    { keys: ["u"], does: { zh: "撤销批准", en: "Undo an approval" } },
  ],
};
