import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    title: "决策日志", decided: "决定于", person: "谁", policy: "策略", chosen: "选了什么", refused: "被什么拦下", propensity: "机会", arm: "分组", mode: "模式", out: "结果", at: "执行时间", run: "批次",
    anyPolicy: "全部策略", anyMode: "全部模式", anyArm: "全部分组", anyRun: "全部批次", anyTime: "全部时间", today: "今天", "7d": "近7天", "30d": "近30天", runOf: "批次 {id}",
    mode_shadow: "影子", mode_propose: "提议", mode_auto: "自动", arm_treated: "按策略", arm_explore: "抽签探索", arm_holdout: "对照组",
    onePerson: "只看一个人", onlyChosen: "选了「{name}」", onlyRefused: "被「{name}」拦下", clearOne: "去掉「{name}」",
    whatChosen: "选了什么", whatRefused: "什么拦下了选项", whatArms: "分组", counted: "{n} 个决策", newest: "只数了最近 {n} 个", refusedNote: "一个决策可能被几条同时拦下", by_limit: "限额", by_rule: "规则", by_consent: "同意", by_erased: "已删除", by_personalise: "个性化", by_fairness: "公平",
    none: "不做", noneRefused: "没有选项被拦下。", empty: "没有符合条件的决策。", never: "还没有决策。写一个策略并运行，就能在这里看到每个人选了什么、为什么。", close: "关闭", one: "一个决策", erased: "已删除的人",
    replay: "按当时的日志重算", replaying: "正在重算", same: "重算结果与当时逐位一致", differLog: "重算不一致：日志在那之后有变动", differPolicy: "重算不一致：策略文本读出的已不是同一个策略", differChoice: "重算不一致：同样的输入选出了别的", gone: "记录已随此人删除，无法重算",
    limitsPage: "看限额", wallOnly: "这个角色只看汇总，看不到单个决策。",
  },
  en: {
    title: "Decision log", decided: "Decided", person: "Who", policy: "Policy", chosen: "Chosen", refused: "Refused by", propensity: "Chance", arm: "Arm", mode: "Mode", out: "Outcome", at: "To happen", run: "Run",
    anyPolicy: "All policies", anyMode: "All modes", anyArm: "All arms", anyRun: "All runs", anyTime: "Any time", today: "Today", "7d": "Last 7 days", "30d": "Last 30 days", runOf: "Run {id}",
    mode_shadow: "shadow", mode_propose: "propose", mode_auto: "auto", arm_treated: "by policy", arm_explore: "by chance", arm_holdout: "hold-out",
    onePerson: "One person alone", onlyChosen: "Chose “{name}”", onlyRefused: "Refused by “{name}”", clearOne: "Clear “{name}”",
    whatChosen: "What was chosen", whatRefused: "What refused options", whatArms: "Arms", counted: "{n} decisions", newest: "the newest {n} counted", refusedNote: "several may refuse one decision's options", by_limit: "limit", by_rule: "rule", by_consent: "consent", by_erased: "erased", by_personalise: "personalisation", by_fairness: "fairness",
    none: "nothing", noneRefused: "No option was refused.", empty: "No decision fits the filters.", never: "No decisions yet. Write a policy and run it to see what was chosen for whom, and why.", close: "Close", one: "One decision", erased: "Erased person",
    replay: "Decide again from the log", replaying: "Deciding again", same: "Decided again: the same, bit for bit", differLog: "Differs: the log has changed since", differPolicy: "Differs: the text gives another policy today", differChoice: "Differs: the same input chose something else", gone: "The record went with the person and cannot be made again",
    limitsPage: "See limits", wallOnly: "This role sees totals, not single decisions.",
  },
});
