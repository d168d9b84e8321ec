import { describe, expect, it } from "vitest";
import { byTelling, holds, isPlain, mostTelling, type Rank, rankText, spanText, telling, traitLabel, traitText, type TraitValue } from "./traitWords";

const rank = (below: number | null, equal: number, n = 2_000, value: number | string = 7): Rank => ({ below, equal, n, value, until_ms: 0 });
const row = (name: string, more: Partial<TraitValue> = {}): TraitValue => ({
  name, zh: `此人的${name}`, en: `this person: ${name}`, unit: "count", privacy: "behaviour", value: 7, state: "known", rank: rank(0.9, 0), ...more,
});

describe("where a value stands", () => {
  it.each([
    [rank(0.87, 0.01), "count", "高于 87% 的人", "Higher than 87% of people"],
    [rank(0.12, 0.001), "money", "低于 87% 的人", "Lower than 87% of people"],
    [rank(0.87, 0.01), "ms", "长于 87% 的人", "Longer than 87% of people"],
    [rank(0, 0.64, 2_000, 0), "count", "与 64% 的人相同（都为 0）", "Same as 64% of people (all 0)"],
    [rank(0.2, 0.6), "count", "与 60% 的人相同", "Same as 60% of people"],
    [rank(0.65, 0.3), "count", "高于 65% 的人，与 30% 的人相同", "Higher than 65% of people, same as 30% of people"],
    [rank(0, 0.3), "count", "低于 70% 的人，与 30% 的人相同", "Lower than 70% of people, same as 30% of people"],
    [rank(0.9949, 0.001), "count", "高于 99.4% 的人", "Higher than 99.4% of people"],
    [rank(0.9995, 0.0005), "count", "2,000 人中最高", "Highest of 2,000 people"],
    [rank(0, 0.0005), "count", "2,000 人中最低", "Lowest of 2,000 people"],
    [rank(0, 0.0005), "s", "2,000 人中最短", "Shortest of 2,000 people"],
    [rank(8 / 11, 1 / 11, 11), "count", "高于 11 人中的 8 人", "Higher than 8 of 11 people"],
    [rank(null, 0.13), "name", "与 13% 的人相同", "Same as 13% of people"],
    [rank(null, 0.004), "name", "与不到 1% 的人相同", "Same as less than 1% of people"],
  ])("%o in %s", (one, unit, zh, en) => {
    expect(rankText(one, unit, "zh")).toBe(zh);
    expect(rankText(one, unit, "en")).toBe(en);
  });

  it("never claims more than is so", () => {
    for (let below = 0; below < 2_000; below += 7) {
      const said = /([\d.]+)%/.exec(rankText(rank(below / 2_000, 1 / 2_000), "count", "zh"))?.[1];
      const truth = Math.max(below, 1_999 - below) / 20;
      if (said !== undefined) expect(Number(said)).toBeLessThanOrEqual(truth + 1e-9);
    }
  });
});

describe("values as people read them", () => {
  it.each([
    [12_900, "money", "此人近30天的付款金额合计", "¥129.00"],
    [12_900.4, "money", "此人近30天的付款金额的平均值", "¥129.00"],
    [0.4567, "share", "此人最多的品类占比", "45.7%"],
    [1, "share", "此人最多的品类占比", "100%"],
    [0.25, "ratio", "此人近30天的退款在下单中的占比", "25.0%"],
    [0.25, "ratio", "此人近30天的退款次数与下单次数之比", "0.25"],
    [3, "count", "此人近30天的下单次数", "3"],
    [11.94, "count", "此人的衰减累计", "11.9"],
    [3, "days", "此人连续活跃的天数", "3 天"],
    [106.2, "s", "此人看直播的时长", "1 分钟 46 秒"],
    [null, "count", "此人近30天的下单次数", "—"],
  ])("%s in %s", (value, unit, zh, text) => {
    expect(traitText(value, { name: "person.x.count.30d", unit, zh }, "zh")).toBe(text);
  });

  it.each([
    [0, "0 秒", "0 s"], [999, "0 秒", "0 s"], [61_000, "1 分钟 1 秒", "1 min 1 s"], [3_600_000, "1 小时", "1 h"],
    [190_000_000, "2 天 4 小时", "2 d 4 h"], [40.9 * 86_400_000, "40 天", "40 d"], [-61_000, "−1 分钟 1 秒", "−1 min 1 s"],
  ])("%d ms", (ms, zh, en) => {
    expect(spanText(ms, "zh")).toBe(zh);
    expect(spanText(ms, "en")).toBe(en);
  });

  it("says names in words", () => {
    const named = (text: string, name: string): string => traitText(text, { name, unit: "name", zh: "" }, "zh");
    expect(named("21", "person.acts.top2_hour.90d")).toBe("21 点");
    expect(named("6", "person.acts.top_weekday.90d")).toBe("周六");
    expect(named("taobao", "person.spend.top_platform.365d")).toBe("淘宝天猫");
    expect(named("creator:douyin:d048", "person.live_stays.top_creator.90d")).toBe("d048");
    expect(named("茶", "person.purchases.top_category.90d")).toBe("茶");
  });

  it("leaves the person out of the sentence", () => {
    expect(traitLabel({ zh: "此人近30天的下单次数", en: "this person: number of orders" }, "zh")).toBe("近30天的下单次数");
    expect(traitLabel({ zh: "此人的积分余额", en: "this person: balance of points" }, "zh")).toBe("积分余额");
    expect(traitLabel({ zh: "", en: "this person: balance of points" }, "en")).toBe("Balance of points");
  });
});

describe("which rows come first", () => {
  const far = row("person.orders.count.30d", { rank: rank(0.97, 0) });
  const same = row("person.orders.count.90d", { rank: rank(0.96, 0) });
  const low = row("person.spend.sum.30d", { rank: rank(0.05, 0.02) });
  const middle = row("person.views.count.7d", { rank: rank(0, 0.97, 100, 0), value: 0 });
  const name = row("person.acts.top_hour.90d", { value: "21", rank: rank(null, 0.1, 100, "21") });
  const unknown = row("person.gifts.sum.90d", { value: null, state: "unknown", rank: null });

  it("is the furthest from the middle; names and what has no rank come last", () => {
    expect(byTelling([unknown, middle, name, low, far]).map((one) => one.name)).toEqual([far, low, middle, unknown, name].map((one) => one.name));
    expect(telling(low)).toBeCloseTo(0.44);
  });

  it("one of each measure, and only what stands out", () => {
    expect(mostTelling([unknown, middle, name, low, same, far], 3)).toEqual([far, low]);
    expect(mostTelling([same, far, low], 1)).toEqual([far]);
  });

  it("leaves out what is unknown, or 0 as with most", () => {
    expect([far, low, middle, name, unknown].map(isPlain)).toEqual([false, false, true, false, true]);
  });

  it("finds every word in either language", () => {
    expect(holds(far, "ORDERS 30d")).toBe(true);
    expect(holds(far, "此人 90d")).toBe(false);
  });
});
