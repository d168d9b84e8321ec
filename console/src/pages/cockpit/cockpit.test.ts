import { describe, expect, it } from "vitest";
import { parseChina } from "@/format";
import { say } from "@/i18n";
import type { Schemas } from "@/api/client";
import { ofTotal, worth } from "./Changes";
import { bucketName, lateFor, lateSentence, nearestRange, trendSentence, windowSentence } from "./logic";
import { m } from "./messages";
import { trendOption, trendTwin } from "./trend";

type Freshness = Schemas["Freshness"];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => parseChina(text) as number;
const now = at("2026-11-15T14:20");
const today = { start_ms: at("2026-11-15"), end_ms: now, partial: true };
const before = { start_ms: at("2026-11-14"), end_ms: at("2026-11-14T14:20"), partial: false };

describe("the window in a sentence", () => {
  it.each([
    ["running", today, before, "11月15日 周日，截至 14:20，对比11月14日 周六的同一时段"],
    ["over", { start_ms: at("2026-11-02"), end_ms: at("2026-11-09"), partial: false }, { start_ms: at("2026-10-26"), end_ms: at("2026-11-02"), partial: false }, "11月2日至8日，对比10月26日至11月1日"],
    ["not compared", today, null, "11月15日 周日，截至 14:20，不比较"],
  ])("says %s", (_, window, compared, text) => expect(windowSentence(window, compared, "zh", now)).toBe(text));
});

it.each([
  [HOUR, "08:00"], [DAY, "11月9日 周一"], [7 * DAY, "11月9日至15日"],
])("names a bucket of %i ms", (width, text) => expect(bucketName(at("2026-11-09") + (width === HOUR ? 8 * HOUR : 0), width, "zh", now)).toBe(text));
it("names a month without its day", () => {
  expect([bucketName(at("2026-10-01"), 31 * DAY, "zh", now), bucketName(at("2025-10-01"), 31 * DAY, "zh", now), bucketName(at("2026-10-01"), 31 * DAY, "en", now)]).toEqual(["10月", "2025年10月", "Oct"]);
});

const source = (platform: string, state: Freshness["state"], newest: number): Freshness => ({
  platform, zh: platform === "kuaishou" ? "快手" : platform, en: platform, disc: "", state, newest_at_ms: newest, learnt_ms: newest, promise_ms: HOUR, events: 1,
});

describe("late sources", () => {
  const sources = [source("douyin", "fresh", now - HOUR / 2), source("kuaishou", "stopped", at("2026-11-15T09:10"))];
  it("names the one that stands still", () => {
    expect(lateSentence(lateFor(sources, today, []), 2, "zh", now)).toBe("2 个平台里有 1 个已到齐；快手停在 11月15日 周日 09:10，下列数字可能偏低。");
  });
  it("does not doubt a window that is over, nor a platform that is not shown", () => {
    expect(lateFor(sources, { ...before }, [])).toEqual([]);
    expect(lateFor(sources, today, ["douyin"])).toEqual([]);
    expect(lateSentence([], 2, "zh", now)).toBe("");
  });
  it("says when all stand still", () => {
    expect(lateSentence(lateFor([sources[1] as Freshness], today, []), 1, "en", now)).toMatch(/^Data stand at/);
  });
});

it("offers the seven days that end with the newest data", () => {
  expect(nearestRange(at("2017-12-30T10:00"))).toBe("custom:2017-12-24..2017-12-30");
});

it("says a share of the change only where it is one", () => {
  const t = say(m, "zh");
  expect([ofTotal(0.61, t), ofTotal(-0.2, t)]).toEqual(["占总变化 61%", "与总变化反向"]);
});

it("says what a change is worth in money, else how unusual it is", () => {
  expect(worth({ effect: -8_000_000, unusual: null }, "CNY", "zh")).toBe("约少 ¥8万");
  expect(worth({ effect: 120_000, unusual: null }, "CNY", "en")).toBe("¥1,200 more");
  expect(worth({ effect: null, unusual: -3.24 }, "CNY", "zh")).toBe("平时波动的 3.2 倍");
  expect(worth({ effect: null, unusual: null }, "CNY", "zh")).toBe("");
});

describe("trend", () => {
  const points = [0, 1, 2].map((n) => ({ start_ms: at("2026-11-13") + n * DAY, value: n === 1 ? null : 1_000_000 * (n + 1), partial: n === 2 }));
  const of = {
    trend: [{ key: "current", zh: "", points }, { key: "compared", zh: "", points: points.map((point) => ({ ...point, value: 5, partial: false })) }],
    notes: [{ id: "n", day: "2026-11-14", text: "发版", text_en: "", who: "", source: "person", platform: "" }], end: now, name: "成交额", unit: "money" as const, currency: "CNY",
  };
  interface Drawn { series: { name: string; data: { value: number | null; itemStyle?: { color: string } }[]; lineStyle: { type: string }; markLine?: { data: { xAxis: number }[] } }[]; yAxis: { name: string } }
  it("keeps gaps, hangs the running point on by dashes, hollow, and draws the note on its day", () => {
    const option = trendOption(of, "zh", "light", now) as unknown as Drawn;
    const [, main, running] = option.series;
    expect(option.yAxis.name).toBe("万元");
    expect(main?.data.map((one) => one.value)).toEqual([1, null, null]);
    expect([running?.name, running?.lineStyle.type, running?.data.map((one) => one.value)]).toEqual(["本期（未满）", "dashed", [null, null, 3]]);
    expect(running?.data[2]?.itemStyle?.color).toBe("#FFFFFF");
    expect(main?.markLine?.data.map((one) => one.xAxis)).toEqual([1]);
  });
  it("leaves a running bucket out that holds nothing yet, and says so in the table", () => {
    const quiet = { ...of, trend: [{ key: "", zh: "", points: points.map((point) => (point.partial ? { ...point, value: null } : point)) }] };
    const option = trendOption(quiet, "zh", "light", now) as unknown as Drawn;
    expect(option.series.map((one) => one.name)).toEqual(["本期"]);
    expect(trendTwin(quiet, "zh", now).rows[2]).toEqual(["11月15日 周日 · 未满", "还没有数据"]);
  });
  it("has the same numbers in its table, with one unit in the head", () => {
    const twin = trendTwin(of, "zh", now);
    expect(twin.columns.map((column) => column.title)).toEqual(["时间", "本期（万元）", "对比期（万元）"]);
    expect(twin.rows[2]).toEqual(["11月15日 周日 · 未满", { text: "3.00", exact: "¥30,000.00" }, { text: "0.00", exact: "¥0.05" }]);
    expect(twin.rows[1]?.[1]).toBe("—");
  });
  it("tells the picture in a sentence", () => {
    expect(trendSentence(points, { ...of, days: "11月13日至15日" }, "zh", now)).toBe("成交额的趋势：11月13日至15日，最高 ¥3万（11月15日 周日），最近 ¥3万（11月15日 周日）。");
    expect(trendSentence([], { ...of, days: "x" }, "zh", now)).toBe("成交额在x没有数据。");
  });
});
