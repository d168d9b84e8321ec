import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    running: "{days}，截至 {time}，对比{then}的同一时段", over: "{days}，对比{then}", runningAlone: "{days}，截至 {time}，不比较", alone: "{days}，不比较",
    prev: "环比", week: "比上周同期", yoy: "同比", numbers: "主要指标", more: "其余指标", updating: "更新中",
    changes: "变在哪里", changesNote: "按折成金额的影响", more_money: "约多 {money}", less_money: "约少 {money}", unusualBy: "平时波动的 {n} 倍", ofTotal: "占总变化 {share}", against: "与总变化反向", from: "{then} 变为 {now}",
    lateData: "◐ 数据晚了", stalePart: "◐ 数据晚了，降幅可能不实", evidence: "看依据", evidenceOf: "看依据：{part}{metric}", ruleHint: "变化量折成支付GMV的金额；规则见「看依据」的方法", only: "只看它", noChanges: "没有可比的变化。", noCompare: "没有选择对比，所以说不出变化。",
    todo: "待办", nothing: "没有等你处理的事。", todoAll: "看全部 {n} 件",
    trend: "趋势", metric: "指标", current: "本期", currentPartial: "本期（未满）", compared: "对比期", partial: "未满", gap: "没有数据", noneYet: "还没有数据", bucket: "时间", notStart: "纵轴不从 0 开始",
    trendSaid: "{name}的趋势：{days}，最高 {most}（{most_at}），最近 {last}（{last_at}）。", trendNone: "{name}在{days}没有数据。",
    platforms: "各平台", onlyOne: "只看一个平台，点平台可取消", removed: "已删除批注：{text}",
    lateOne: "{all} 个平台里有 {n} 个已到齐；{name}停在 {time}，下列数字可能偏低。", lateMany: "{all} 个平台里有 {n} 个已到齐；其余最晚停在 {time}，下列数字可能偏低。",
    lateAll: "数据停在 {time}，下列数字可能偏低。", mend: "去看来源",
    empty: "{days}没有数据。最近的数据在 {newest}。", emptyPlatforms: "{days}在{platforms}没有数据。", nearest: "看{days}", drop: "去掉平台筛选",
    notYet: "到这个时刻为止还没有数据。", failedRefresh: "没有更新成，下列数字是 {time} 的。", retry: "再试一次",
  },
  en: {
    running: "{days}, up to {time}, compared with the same part of {then}", over: "{days}, compared with {then}", runningAlone: "{days}, up to {time}, not compared", alone: "{days}, not compared",
    prev: "vs before", week: "vs last week", yoy: "vs a year ago", numbers: "Main metrics", more: "Other metrics", updating: "Updating",
    changes: "Where it changed", changesNote: "largest effect in money first", more_money: "{money} more", less_money: "{money} less", unusualBy: "{n} times the usual variation", ofTotal: "{share} of all change", against: "against the whole", from: "{then} to {now}",
    lateData: "◐ Late data", stalePart: "◐ Late data: the fall may not be real", evidence: "Evidence", evidenceOf: "Evidence: {part}, {metric}", ruleHint: "The change carried to paid GMV in money; the rule stands in the evidence, under method", only: "Only this", noChanges: "No change that can be compared.", noCompare: "Nothing is compared, so no change can be said.",
    todo: "To-do", nothing: "Nothing waits for you.", todoAll: "See all {n}",
    trend: "Trend", metric: "Metric", current: "This period", currentPartial: "This (not over)", compared: "Compared", partial: "not over", gap: "no data", noneYet: "no data yet", bucket: "Time", notStart: "The axis does not start at 0",
    trendSaid: "{name} over {days}: highest {most} ({most_at}), latest {last} ({last_at}).", trendNone: "{name} has no data in {days}.",
    platforms: "By platform", onlyOne: "One platform is shown; press it to show all", removed: "Note removed: {text}",
    lateOne: "{n} of {all} platforms are complete; {name} stands at {time}: figures below may be low.", lateMany: "{n} of {all} platforms are complete; the others stand at {time} or earlier: figures below may be low.",
    lateAll: "Data stand at {time}: figures below may be low.", mend: "See sources",
    empty: "No data in {days}. The newest data are of {newest}.", emptyPlatforms: "No data in {days} on {platforms}.", nearest: "Show {days}", drop: "Drop the platform filter",
    notYet: "No data had come by that instant.", failedRefresh: "Not updated: the figures below are of {time}.", retry: "Try again",
  },
});
