import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    form: "查询", kind: "事件", measure: "看什么", events: "次数", people: "人数", amount: "金额", by: "拆分", whole: "不拆分", platform: "平台", bucket: "按", auto: "自动", hour: "小时",
    day: "天", week: "周", month: "月", steps: "步骤", step: "第 {n} 步", addStep: "加一步", removeStep: "删掉第 {n} 步", within: "时限", start: "起始事件", back: "回访事件", next: "下一个事件",
    first: "首次下单", again: "再次下单", same: "同一事件", period: "周期", backwards: "方向", after: "之后", before: "之前", depth: "步数", of: "事件", unit: "看什么", count: "每人次数", money: "每人金额",
    "1h": "1 小时", "1d": "1 天", "3d": "3 天", "7d": "7 天", "14d": "14 天", "30d": "30 天",
    few: "选两步以上，就能看到漏斗。", none: "{days}没有这样的事件。", asked: "{days} · 截至序号 {known}", noKinds: "还没有人的事件。",
    time: "时间", trendSaid: "{name}：{days}，共 {total}。", timesUnit: "次", peopleUnit: "人", sessionsUnit: "次会话", pairsUnit: "对", other: "其他", unnamed: "未标",
    funnelSaid: "{n} 人做了{first}，{m} 人走到{last}，占 {share}。", ofPrevious: "上一步的 {share}", ofFirst: "占首步", median: "从上一步起中位 {time}", stepName: "步骤", peopleCount: "人数（人）",
    previousHead: "占上一步（%）", firstHead: "占首步（%）", medianHead: "中位用时", part: "部分", all: "全部",
    cohort: "首次时间", size: "人数（人）", age_day: "第 {n} 天", age_week: "第 {n} 周", age_month: "第 {n} 月", overall: "合计", keptSaid: "{n} 批人，一个周期后回来 {share}。", keptHead: "格里是回来的比例（%），深色为高；空格是还没到时候。", keptFew: "还没到一个完整周期，说不出留存。",
    pathsSaid: "{n} 次会话从「{start}」起。", pathsBack: "{n} 次会话到「{start}」为止。", place: "第几步", from: "从", to: "到", sessions: "会话（次）",
    bin: "区间", spreadSaid: "{n} 人：中位 {median}，平均 {mean}，九成人不超过 {p90}。", intervalSaid: "{n} 对：中位 {median} 天，一成短于 {p10} 天，九成短于 {p90} 天。", pairs: "对数（对）", atLeast: "{low} 以上", to_: "{low} 至 {high}",
    age: "年龄", ltvSaid: "{n} 批新客，每人累计净付 {last}。", ltvSoon: "还没有一批人满一个周期，所以没有可看的数。换短一些的周期，或过些日子再看。", ltvUnit: "每人累计净付", ltvNote: "支付减退款，按首单时间分批；灰线是各批，墨线是合计。",
  },
  en: {
    form: "Query", kind: "Event", measure: "Show", events: "Times", people: "People", amount: "Amount", by: "Split by", whole: "Nothing", platform: "Platform", bucket: "Per", auto: "Automatic", hour: "Hour",
    day: "Day", week: "Week", month: "Month", steps: "Steps", step: "Step {n}", addStep: "Add a step", removeStep: "Remove step {n}", within: "Within", start: "Start event", back: "Return event", next: "Next event",
    first: "First order", again: "Another order", same: "Same event", period: "Period", backwards: "Direction", after: "After", before: "Before", depth: "Steps", of: "Event", unit: "Show", count: "Times a person", money: "Amount a person",
    "1h": "1 hour", "1d": "1 day", "3d": "3 days", "7d": "7 days", "14d": "14 days", "30d": "30 days",
    few: "Choose two steps or more to see the funnel.", none: "No such events in {days}.", asked: "{days} · as of number {known}", noKinds: "No events of people yet.",
    time: "Time", trendSaid: "{name}: {days}, {total} in all.", timesUnit: "times", peopleUnit: "people", sessionsUnit: "sessions", pairsUnit: "pairs", other: "Other", unnamed: "Not marked",
    funnelSaid: "{n} people did {first}; {m} reached {last}, {share}.", ofPrevious: "{share} of the step before", ofFirst: "of the first", median: "median {time} from the step before", stepName: "Step", peopleCount: "People (number)",
    previousHead: "Of step before (%)", firstHead: "Of first (%)", medianHead: "Median time", part: "Part", all: "All",
    cohort: "First time", size: "People (number)", age_day: "Day {n}", age_week: "Week {n}", age_month: "Month {n}", overall: "Overall", keptSaid: "{n} cohorts; {share} came back one period later.", keptHead: "Cells are the share that came back (%), darker is more; empty cells are not over yet.", keptFew: "No whole period has passed yet, so retention cannot be said.",
    pathsSaid: "{n} sessions from “{start}”.", pathsBack: "{n} sessions up to “{start}”.", place: "Place", from: "From", to: "To", sessions: "Sessions (number)",
    bin: "Range", spreadSaid: "{n} people: median {median}, mean {mean}, nine in ten at most {p90}.", intervalSaid: "{n} pairs: median {median} days, one in ten under {p10} days, nine in ten under {p90} days.", pairs: "Pairs (number)", atLeast: "{low} or more", to_: "{low} to {high}",
    age: "Age", ltvSaid: "{n} cohorts of new buyers, net paid {last} a person so far.", ltvSoon: "No cohort has been watched for one whole period yet. Choose a shorter one, or come back later.", ltvUnit: "Net paid a person", ltvNote: "Paid less refunded, by the time of the first order; grey lines are cohorts, the ink line is all.",
  },
});
