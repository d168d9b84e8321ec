import { describe, expect, it } from "vitest";
import { barAt, barName, choices, found, howText, lately, lying, ordered, partiesText, shortText, sorted, spreadOption, spreadTwin, targetOf, tidy, type Row, type Spread, type Why } from "./logic";
import { codeName, traitPath, windowLength, windowName } from "./names";

const row = (name: string, more: Partial<Row> = {}): Row => ({
  name, zh: `此人${name}`, en: `this person: ${name}`, unit: "count", party: "person", of: "orders", aggregate: "count", window: "30d", by: "", over: "", after: "", via: "", within: "", rank: 1, half_life: "",
  privacy: "behaviour", topic: "purchase", topic_zh: "购买", topic_en: "Purchase", uses: ["profile"], plan: "window", why_zh: "", why_en: "", own: false, ...more,
});
const rows = [
  row("person.spend.sum.30d", { zh: "此人近30天的付款金额合计" }), row("ip.orders.count.10m", { zh: "此IP近10分钟的下单次数", party: "ip", topic: "velocity", topic_zh: "频次", uses: ["risk"], window: "10m" }),
  row("person.orders.streak.life", { window: "life", uses: ["risk", "profile"] }),
];
const NONE = { q: "", topic: "", party: "", use: "" };
const bar = (low: number | null, high: number | null, text = "", share = 0.5): Spread["bars"][number] => ({ low, high, text, parties: 10, share, before: 0.25 });
const spread = (bars: Spread["bars"], more: Partial<Spread> = {}): Spread => ({
  name: "x", unit: "count", party: "person", known: 1, until_ms: 2, before_ms: 1, parties: 20, unknown: 0, parties_before: 10, unknown_before: 0, mean: 1, mean_before: 1, least: 0, most: 9,
  quantiles: [], quantiles_before: [], bars, bins: [], psi: 0.01, chance: 0.02, drift: "stable", took_ms: 1, ...more,
});

const of = { name: "person.orders.count.30d", unit: "count", by: "", zh: "此人近30天的下单次数" };
const inUnit = (unit: string, zh = ""): typeof of => ({ ...of, unit, zh });

describe("values", () => {
  it("reads names by what they count", () => expect([codeName("20", "hour", "zh"), codeName("7", "weekday", "en"), codeName("taobao", "platform", "zh"), codeName("茶", "p.category", "zh")]).toEqual(["20 点", "Sun", "淘宝天猫", "茶"]));
  it.each([
    [1_200_000, "money", "", "¥1.2万"], [5 * 86_400_000, "ms", "", "5 天"], [0, "ms", "", "0"], [0.05, "ratio", "", "0.05"], [0.05, "ratio", "在下单中的占比", "5%"], [0.3, "share", "", "30%"], [12, "count", "", "12"],
  ])("%s in %s is short on an axis", (value, unit, zh, text) => expect(shortText(value, inUnit(unit, zh), "zh")).toBe(text));
});

describe("windows", () => {
  it.each([["10m", "近 10 分钟", "Last 10 min"], ["1d", "近 1 天", "Last day"], ["30d", "近 30 天", "Last 30 days"], ["life", "至今", "So far"]])("%s", (window, zh, en) => expect([windowName(window, "zh"), windowName(window, "en")]).toEqual([zh, en]));
  it("have a length", () => expect(["life", "1d", "10m", "6h"].sort((a, b) => windowLength(a) - windowLength(b))).toEqual(["10m", "6h", "1d", "life"]));
});

describe("the catalogue", () => {
  it("finds every word, in sentence or name", () => {
    expect(found(rows, { ...NONE, q: "付款 合计" }).map((one) => one.name)).toEqual(["person.spend.sum.30d"]);
    expect(found(rows, { ...NONE, q: "IP.Orders" })).toHaveLength(1);
    expect(found(rows, { ...NONE, use: "risk", party: "person" }).map((one) => one.window)).toEqual(["life"]);
    expect(found(rows, { ...NONE, q: "没有" })).toEqual([]);
  });
  it("counts what each choice would leave", () => {
    expect(choices(rows, { ...NONE, use: "risk" }, "party", "zh")).toEqual([{ value: "ip", text: "IP", n: 1 }, { value: "person", text: "人", n: 1 }]);
    expect(choices(rows, { ...NONE, topic: "velocity" }, "topic", "zh").map((one) => one.n)).toEqual([2, 1]);
  });
  it("sorts by window as by time", () => {
    expect(sorted(rows, "window", "zh").map((one) => one.window)).toEqual(["10m", "30d", "life"]);
    expect(sorted(rows, "-window", "zh")[0]?.window).toBe("life");
    expect(sorted(rows, "", "zh")).toEqual(rows);
  });
  it("keeps long numbers out of the address", () => expect([tidy(" 付款  138 1234 1234 "), tidy("90d 30")]).toEqual(["付款", "90d 30"]));
  it("has a page for each, with a party", () => expect([traitPath("a.b.c"), traitPath("a.b.c", "ip::1.2.3.4")]).toEqual(["/traits/a.b.c", "/traits/a.b.c?ref=ip%3A%3A1.2.3.4"]));
});

describe("the spread", () => {
  it("names bars", () => {
    const bars = [bar(0, 0), bar(0, 5), bar(5, 10), bar(10, null)];
    expect(bars.map((one, at) => barName(one, at, bars, of, "zh"))).toEqual(["0", "1 至 4", "5 至 9", "10 及以上"]);
    const money = [bar(null, 5000), bar(5000, 10_000), bar(10_000, null)];
    expect(money.map((one, at) => barName(one, at, money, inUnit("money"), "zh"))).toEqual(["不足 ¥50", "¥50 至 ¥100", "¥100 及以上"]);
    expect(barName(bar(0, 0.05), 1, [bar(0, 0), bar(0, 0.05)], inUnit("share"), "en")).toBe("below 5%");
    expect(barName(bar(null, null), 0, [], of, "zh")).toBe("其他");
  });
  it("lets hours run and other names come by size", () => {
    const hours = [bar(null, null, "20"), bar(null, null, "3"), bar(null, null, "")];
    expect(ordered(hours, "hour").map((one) => one.text)).toEqual(["3", "20", ""]);
    expect(ordered(hours, "p.category").map((one) => one.text)).toEqual(["20", "3", ""]);
    expect([lying({ ...of, unit: "name", by: "p.category" }), lying({ ...of, unit: "name", by: "hour" }), lying(of)]).toEqual([true, false, false]);
  });
  it("draws last month over now, and only when there was one", () => {
    const some = spread([bar(0, 0), bar(1, 1)]);
    expect((spreadOption(some, of, "zh", "light").series as { data: number[] }[]).map((one) => one.data)).toEqual([[50, 50], [25, 25]]);
    expect(spreadOption({ ...some, parties_before: 0 }, of, "zh", "light").series).toHaveLength(1);
    expect(spreadTwin(some, of, "", "zh").rows[1]).toEqual(["1", "10", "50.0%", "25.0%"]);
  });
  it("marks the bar of one value", () => {
    const bars = [bar(0, 0), bar(0, 5), bar(5, 10), bar(10, null)];
    expect([0, 3, 5, 99, null].map((value) => barAt(bars, value))).toEqual([0, 1, 2, 3, -1]);
    expect([barAt([bar(null, 5), bar(5, null)], -2), barAt([bar(null, null, "茶"), bar(null, null)], "茶"), barAt([bar(null, null, "茶"), bar(null, null)], "杯")]).toEqual([0, 0, -1]);
    expect((spreadOption(spread(bars), of, "zh", "light", 7).series as { data: unknown[] }[])[0]?.data[2]).toMatchObject({ value: 50 });
  });
  it("tells small groups of people from small numbers of things", () => expect([partiesText(3, "person", "zh"), partiesText(3, "ip", "zh"), partiesText(1204, "device", "en")]).toEqual(["少于 5 人", "3 个 IP", "1,204 devices"]));
});

describe("why", () => {
  const measure = { name: "spend", zh: "付款", en: "orders paid", kinds: [], where: [], value: "amount", unit: "money", events: 3, valued: 3, total: 9000 };
  const why = (aggregate: string, more: Partial<Why> = {}): Why => ({
    name: "x", zh: "", en: "", why_zh: "", why_en: "", asked: "", ref: "", party: "person", unit: "money", aggregate, window: "30d", privacy: "behaviour", value: 1, known: 1, until_ms: 1, start_ms: 0,
    measures: [{ role: "of", ...measure }], names: null, lineage: [], events: [], neighbours: [], total: 3, ...more,
  });
  it("says the sum behind a value", () => {
    expect(howText(why("sum"), "店铺", "zh")).toBe("3 条付款，合计 ¥90.00");
    expect(howText(why("mean"), "店铺", "zh")).toBe("¥90.00 ÷ 3 条");
    expect(howText(why("distinct", { names: 2 }), "店铺", "zh")).toBe("3 条里有 2 个不同的店铺");
    expect(howText(why("ratio", { measures: [{ role: "of", ...measure, total: null }, { role: "over", ...measure, zh: "下单", events: 12 }] }), "店铺", "zh")).toBe("付款 3 ÷ 下单 12");
    expect(howText(why("mean", { measures: [], neighbours: [{ ref: "a", value: 1 }, { ref: "b", value: null }], total: 2 }), "店铺", "zh")).toBe("2 个邻居里已知者的平均");
  });
  it("takes a reference, searches a person, completes a device, and keeps phones out", () => {
    expect(targetOf(" account:taobao:a1 ", "person")).toEqual({ ref: "account:taobao:a1" });
    expect(targetOf("AAE1", "person")).toEqual({ search: "AAE1" });
    expect(targetOf("192.0.2.1", "ip")).toEqual({ ref: "ip::192.0.2.1" });
    expect(targetOf("138 1234 1234", "person")).toEqual({ problem: "phone" });
  });
  it("offers who was seen lately, once, and nobody who is masked", () => {
    const events = [{ actor: "account:app:b" }, { actor: "device::d" }, { actor: "account:app:b" }, { actor: "account:taobao~masked:张**" }, { actor: "account:app:c" }].map((roles, at) => ({ id: `${at}`, kind: "k", at_ms: 1, roles })) as never;
    expect(lately(events, "person")).toEqual(["account:app:b", "account:app:c"]);
  });
});
