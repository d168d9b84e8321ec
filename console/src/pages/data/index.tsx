import type { PageSpec } from "@/registry";

export const pages: PageSpec[] = [
  {
    path: "/data/kinds", group: "data", order: 1, title: { zh: "事件目录", en: "Event Catalogue" }, synonyms: ["埋点", "事件定义", "元数据", "schema", "tracking plan"],
    verbs: ["view"], load: () => import("./Kinds"),
  },
  {
    path: "/data/import", group: "data", order: 2, title: { zh: "导入", en: "Import" }, synonyms: ["导入数据", "上传", "CSV", "Excel", "upload"],
    verbs: ["configure"], jump: "i", load: () => import("./Import"),
  },
  {
    path: "/data/parked", group: "data", order: 3, title: { zh: "待修行", en: "Parked Rows" }, synonyms: ["问题行", "错误数据", "死信", "重放", "dead letters", "replay"],
    verbs: ["view"], load: () => import("./Parked"),
  },
  {
    path: "/data/live", group: "data", order: 4, title: { zh: "实时事件", en: "Live Events" }, synonyms: ["实时", "调试", "debug", "tail"],
    verbs: ["view"], load: () => import("./Live"),
  },
];
