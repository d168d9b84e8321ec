/** Words shared by all pages: the same word for the same noun everywhere. */
import { catalogue } from ".";

export const terms = catalogue({
  zh: {
    product: "关系", console: "关系控制台", close: "关闭", cancel: "取消", confirm: "确定", save: "保存", undo: "撤销", retry: "重试", stop: "停止",
    copy: "复制", copied: "已复制", search: "搜索", export: "导出", columns: "列", density: "密度", compact: "紧凑", loose: "宽松", more: "更多", less: "收起",
    table: "表格", chart: "图", all: "全部", none: "无", yes: "是", no: "否", total: "共 {n} 条", now: "现在", asof: "截至 {time}", updating: "更新中",
    platform: "平台", platforms: "平台", person: "人", people: "人", event: "事件", order: "订单", segment: "分群", source: "来源", time: "时间",
    interval: "区间", definition: "口径", details: "明细", method: "方法", lineage: "血缘", evidence: "依据", freshness: "新鲜度",
    overview: "总览", plays: "玩法", content: "内容与推荐", service: "客服", risk: "风控", analysis: "分析", ledger: "账本", data: "数据", settings: "设置", users: "用户",
    monday: "周一", hour: "{h} 点", notComputed: "待算", hidden: "没有权限查看明文", missing: "没有数据", open: "打开", back: "返回",
  },
  en: {
    product: "Guanxi", console: "Guanxi console", close: "Close", cancel: "Cancel", confirm: "OK", save: "Save", undo: "Undo", retry: "Try again", stop: "Stop",
    copy: "Copy", copied: "Copied", search: "Search", export: "Export", columns: "Columns", density: "Density", compact: "Compact", loose: "Loose", more: "More", less: "Less",
    table: "Table", chart: "Chart", all: "All", none: "None", yes: "Yes", no: "No", total: "{n} rows", now: "Now", asof: "As of {time}", updating: "Updating",
    platform: "Platform", platforms: "Platforms", person: "Person", people: "People", event: "Event", order: "Order", segment: "Segment", source: "Source", time: "Time",
    interval: "interval", definition: "Definition", details: "Rows", method: "Method", lineage: "Lineage", evidence: "Evidence", freshness: "Freshness",
    overview: "Overview", plays: "Plays", content: "Content & Feed", service: "Service", risk: "Risk", analysis: "Analysis", ledger: "Ledger", data: "Data", settings: "Settings", users: "People",
    monday: "Mon", hour: "{h}:00", notComputed: "pending", hidden: "No right to plain text", missing: "No data", open: "Open", back: "Back",
  },
});
