import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    tour: "新手引导", again: "看新手引导", at: "第 {n} 步，共 {all} 步", next: "下一步", back: "上一步", skip: "跳过", done: "开始使用", toImport: "去导入",
    townTitle: "眼前是演示数据：一座虚构的小镇", town: "人、订单、对话都是造出来的，没有一个真人。规律是事先定好的，所以系统说的话能核对对错。",
    journeyTitle: "眼前是公开数据：2,469 户家庭的一年", journey: "一家美国超市的真实购物记录（The Complete Journey），金额是美元，到 2018 年初为止。不是你们的生意。",
    ownTitle: "眼前是你们自己的数据", own: "来自接上的平台和导入的文件，不含演示数据。",
    mixedTitle: "眼前混着几份数据", mixed: "其中有演示数据，合计的数不能当真。正式使用时另建一个工作区。",
    emptyTitle: "这里还没有数据", empty: "导入一个文件，或接上一个平台，驾驶舱就会有数。",
    holds: "{events} 条事件，{days}，来自{platforms}。", etc: "{names}等 {n} 个平台", onePlatform: "{names}",
    filtersTitle: "先选时间和平台", filters: "整页跟着变，地址里也记着，发给同事看到的一样。「截至」选过去的时刻，就按当时所知重看。",
    numbersTitle: "每个数字都能点开", numbers: "看口径、明细、是哪些人、怎么算的，还能导出。没有依据的数，这里不画。",
    changesTitle: "变在哪里，按影响排", changes: "先看第一行。只说同时出现了什么，原因要做对照才说。",
    todoTitle: "等你处理的都在待办", todo: "盖着红印的，是现在就非人不可的事。没有红印，就没有急事。",
    lastTitle: "找东西用 ⌘K 或 Ctrl+K", last: "找页面、订单、账号。按 ? 看全部快捷键。右边的账户菜单里可以再看一遍引导。",
  },
  en: {
    tour: "First steps", again: "See the first steps", at: "Step {n} of {all}", next: "Next", back: "Back", skip: "Skip", done: "Start", toImport: "Import data",
    townTitle: "This is demo data: an invented town", town: "People, orders and conversations are made up; nobody in it is real. Its laws are known, so what the system says can be checked.",
    journeyTitle: "This is public data: a year of 2,469 households", journey: "Real purchases at a supermarket in the United States (The Complete Journey), in US dollars, until the beginning of 2018. It is not your business.",
    ownTitle: "This is your own data", own: "It comes from the platforms you connected and the files you imported; no demo data among it.",
    mixedTitle: "Several sets of data are mixed here", mixed: "Demo data is among them, so totals mean nothing. Make another workspace for real use.",
    emptyTitle: "There is no data yet", empty: "Import a file or connect a platform, and the cockpit has figures.",
    holds: "{events} events, {days}, from {platforms}.", etc: "{names} and others, {n} platforms in all", onePlatform: "{names}",
    filtersTitle: "Choose time and platforms first", filters: "The whole page follows, and so does its address: a colleague sees the same. Pick a past instant in 'As of' to read what was known then.",
    numbersTitle: "Every figure opens", numbers: "Its definition, its rows, the people behind it, how it was made, and an export. A figure without evidence is not drawn.",
    changesTitle: "What changed, by its effect", changes: "Begin with the first line. It says what occurred together; a cause is only named after an experiment.",
    todoTitle: "What waits for you is in the to-do list", todo: "A red seal marks what needs a person now. No seal, nothing urgent.",
    lastTitle: "Find things with ⌘K or Ctrl+K", last: "Pages, orders, accounts. Press ? for all keys. The account menu on the right shows these steps again.",
  },
});
