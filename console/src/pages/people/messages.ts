import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    rfm: "最近购买与购买次数", cuts: "分界", quantile: "分位", rule: "业务规则", noBuyers: "这段时间之前还没有人下单。导入订单，就能看到谁常来、谁久未来。",
    buyers: "{n} 位买家，算到 {day} 为止。", fewBuyers: "人数太少，只列人数，不作比较。", gridCaption: "行：最近一次购买（R，越高越近）；列：购买次数（F）。每格：人数与金额，按下可筛选名单。",
    recency: "最近购买", times: "次", days: "天", few: "少于 5", cell: "R{r} F{f}：", segments: "八个分群", segment: "分群", people: "人数", share: "占比", amount: "金额",
    midRecency: "距今中位", midFrequency: "次数中位", midMoney: "金额中位", repeat: "复购", firstBuyers: "{n} 位首次购买的人，{again} 位又买了", within: "{n} 天内", watched: "{n} 人已观察满", gap: "两单间隔中位", daysN: "{n} 天", gapsN: "{n} 个间隔",
    list: "名单", name: "姓名", unnamed: "未留姓名", platforms: "平台", city: "城市", orders: "订单", lastOrder: "最近下单", firstSeen: "首次出现",
    dropSegment: "看全部人", dropSearch: "清除搜索", nobody: "没有这个编号或订单号。", nobodyPersonal: "没有人留过这个值。要写完整。", nobodyHere: "这一格里没有人。",
    search: "搜索", searchBy: "按什么搜索", by_ref: "编号、订单号", by_phone: "手机号", by_address: "地址", by_card: "卡号", hintRef: "编号开头或完整订单号", hintExact: "完整的值，查找会记入日志",
  },
  en: {
    rfm: "Recency and frequency", cuts: "Bounds", quantile: "Quantiles", rule: "Business rule", noBuyers: "Nobody had bought by then. Import orders to see who comes often and who stays away.",
    buyers: "{n} buyers, up to {day}.", fewBuyers: "Too few to compare: only counts are shown.", gridCaption: "Rows: recency (R, higher is more recent); columns: frequency (F). A cell: people and amount; press it to filter the list.",
    recency: "Recency", times: "orders", days: "days", few: "under 5", cell: "R{r} F{f}: ", segments: "The eight segments", segment: "Segment", people: "People", share: "Share", amount: "Amount",
    midRecency: "Median recency", midFrequency: "Median orders", midMoney: "Median amount", repeat: "Repeat purchase", firstBuyers: "{n} first buyers, {again} bought again", within: "Within {n} days", watched: "{n} watched that long", gap: "Median gap", daysN: "{n} days", gapsN: "{n} gaps",
    list: "Everybody", name: "Name", unnamed: "No name given", platforms: "Platforms", city: "City", orders: "Orders", lastOrder: "Last order", firstSeen: "First seen",
    dropSegment: "Show all people", dropSearch: "Clear the search", nobody: "No such id or order number.", nobodyPersonal: "Nobody gave this value. Write it in full.", nobodyHere: "Nobody is in this cell.",
    search: "Search", searchBy: "Search by", by_ref: "Id, order number", by_phone: "Phone", by_address: "Address", by_card: "Card", hintRef: "Start of an id, or an order number", hintExact: "The whole value; the search is logged",
  },
});
