import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    never: "还没有数据。导入一个文件，或接上一个平台，就能看到。", importData: "导入数据", empty: "这段时间没有数据。", last30: "改为近30天", dropPlatforms: "去掉平台筛选", dropAsOf: "回到现在",
    done: "没有等你处理的事。", few: "只有 {n} 人，还不足以下结论。", loading: "正在读取", counting: "正在数 {total} 条事件，已完成 {percent}%。", stop: "停止", 
    error: "没能读到：{what}。", details: "详情", status: "错误码 {n}", ofField: "字段 {field}", retry: "再试一次", 
    noPermission: "你没有看这一页的权限。需要时向管理员申请。", noPeople: "你可以看汇总，看不到个人。需要时向管理员申请「用户明文」。",
    refused: "没有执行：{what}。", nowhere: "这里没有页面。地址可能写错了，或者它还没有做好。", home: "去首页", erased: "此人已按要求删除。",
    n: "计数", copied: "已复制", copyFailed: "浏览器不让复制，请从地址栏选取", unit_yuan: "元", col_at: "发生时间", col_seq: "序号", col_platform: "平台", col_order: "订单", col_amount: "金额", col_kind: "事件", col_id: "编号", unit_count: "个", unit_days: "天", unit_ratio: "比值", asof: "截至 {time}", 
    evidence: "依据", definition: "口径", rows: "明细", people: "人", method: "方法", lineage: "血缘", close: "关闭", query: "查询语句", copyLink: "复制链接", 
    window: "时间段", compared: "对比段", knownAt: "到第 {seq} 条", unit: "单位", rowCount: "共 {n} 行，下面是前 {k} 行。", noRows: "没有可看的行。", peopleCount: "背后有 {n} 人。", peopleFew: "少于 5 人，不逐个列出。", noPeopleCounted: "这个数不按人计。",
    certain_proven: "已证实", certain_likely: "很可能", certain_possible: "可能", certain_unknown: "还不能说",
    command: "复制命令行", 
    filters: "筛选", reset: "清除筛选", 
  },
  en: {
    never: "No data yet. Import a file or connect a platform to see it.", importData: "Import data", empty: "Nothing in this period.", last30: "Last 30 days", dropPlatforms: "All platforms", dropAsOf: "Back to now",
    done: "Nothing waits for you.", few: "Only {n} people: too few to say anything.", loading: "Reading", counting: "Counting {total} events, {percent}% done.", stop: "Stop", 
    error: "Could not read it: {what}.", details: "Details", status: "Status {n}", ofField: "field {field}", retry: "Try again", 
    noPermission: "You may not open this page. Ask an administrator if you need it.", noPeople: "You see totals, not people. Ask an administrator for the right 'plain text'.",
    refused: "Not done: {what}.", nowhere: "There is no page here. The address may be wrong, or the page is not built yet.", home: "Go to the start", erased: "This person was erased as asked.",
    n: "Counted", copied: "Copied", copyFailed: "The browser refuses to copy; take it from the address bar", unit_yuan: "yuan", col_at: "When", col_seq: "No.", col_platform: "Platform", col_order: "Order", col_amount: "Amount", col_kind: "Event", col_id: "Id", unit_count: "count", unit_days: "days", unit_ratio: "ratio", asof: "As of {time}", 
    evidence: "Evidence", definition: "Definition", rows: "Rows", people: "People", method: "Method", lineage: "Lineage", close: "Close", query: "Query", copyLink: "Copy link", 
    window: "Period", compared: "Compared with", knownAt: "up to no. {seq}", unit: "Unit", rowCount: "{n} rows; the first {k} are below.", noRows: "No rows to show.", peopleCount: "{n} people stand behind it.", peopleFew: "Fewer than 5 people; they are not listed.", noPeopleCounted: "This figure does not count people.",
    certain_proven: "Proven", certain_likely: "Likely", certain_possible: "Possible", certain_unknown: "Cannot say yet",
    command: "Copy command line", 
    filters: "Filters", reset: "Clear filters", 
  },
});
