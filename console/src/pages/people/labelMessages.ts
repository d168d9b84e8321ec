import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    labels: "人群标签", all: "{n} 人", within: "{n} 人，在所选分群里", withheld: "{n} 人不同意分析或个性化，不贴标签", told: "{n} 人说过", unknown: "未知 {n}", rest: "其余 {n}", few: "少于 5",
    nobody: "还没有人说过。", more: "全部 {n} 项", less: "收起", of: "{share}，{n} 人",
  },
  en: {
    labels: "Labels", all: "{n} people", within: "{n} people of the chosen segment", withheld: "{n} do not allow analysis or personalisation and bear no label", told: "{n} said so", unknown: "unknown {n}", rest: "others {n}", few: "under 5",
    nobody: "Nobody said so yet.", more: "All {n}", less: "Less", of: "{share}, {n} people",
  },
});
