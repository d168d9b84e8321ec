import { describe, expect, it } from "vitest";
import { ago, change, clock, count, day, days, DAY_MS, digitsFor, duration, exact, isoDay, isoMinute, money, moneyExact, parseChina, people, points, range, share, time, week } from "./format";

const NOW = Date.UTC(2026, 10, 15, 6, 20); // 14:20 in China, a Sunday

describe("numbers", () => {
  it.each([
    [9_876, "9,876", "9,876"], [12_300, "1.23万", "12.3K"], [13_249_000, "1,324.9万", "13.2M"], [308_000_000, "3.08亿", "308M"], [0, "0", "0"],
    [99_999_999, "1亿", "100M"], [999_960, "100万", "1M"], [-88_000, "\u22128.8万", "\u221288K"], [1.5, "1.50", "1.50"], [null, "—", "—"], [undefined, "—", "—"], [NaN, "—", "—"], [Infinity, "—", "—"],
  ])("count %s", (value, zh, en) => {
    expect([count(value), count(value, "en")]).toEqual([zh, en]);
  });
  it.each([
    [1_324_900_000, "¥1,324.9万", "¥13,249,000.00"], [-8_800, "\u2212¥88", "\u2212¥88.00"], [123_450, "¥1,234.5", "¥1,234.50"], [0, "¥0", "¥0.00"], [null, "—", "—"], [1, "¥0.01", "¥0.01"],
  ])("money %s", (minor, overview, ledger) => {
    expect([money(minor), moneyExact(minor)]).toEqual([overview, ledger]);
  });
  it.each([[0.413, "41.3%"], [0, "0.0%"], [null, "—"], [1, "100.0%"]])("share %s", (value, said) => expect(share(value)).toBe(said));
  it.each([[0.083, "▲ 升 8.3%", "▲ up 8.3%"], [-0.1, "▼ 降 10.0%", "▼ down 10.0%"], [0.0001, "持平", "unchanged"], [null, "—", "—"]])("change %s", (value, zh, en) =>
    expect([change(value), change(value, "en")]).toEqual([zh, en]));
  it("moves a share in percentage points", () => expect([points(0.013), points(-0.013, "en")]).toEqual(["▲ 升 1.3 个百分点", "▼ down 1.3 pp"]));
  it("uses a word for a range", () => expect([range("3.1%", "13.4%"), range("\u221240", "660", "en")]).toEqual(["3.1% 至 13.4%", "\u221240 to 660"]));
  it.each([[0, 10, 0], [0, 1, 1], [0.031, 0.134, 2], [0, 1000, 0], [5, 5, 2]])("digits of %s..%s", (low, high, digits) => expect(digitsFor(low, high)).toBe(digits));
  it.each([[0, "0 人"], [1, "少于 5 人"], [4, "少于 5 人"], [5, "5 人"], [1204, "1,204 人"], [null, "—"]])("people %s", (value, said) => expect(people(value)).toBe(said));
  it("never writes minus zero", () => expect([exact(-0.001, 1), share(-0.00001), moneyExact(-0)]).toEqual(["0.0", "0.0%", "¥0.00"]));
});

describe("times, all of China", () => {
  it("names a day, with the year when it is another", () => {
    expect(day(NOW, "zh", NOW)).toBe("11月15日 周日");
    expect(day(NOW - 365 * DAY_MS, "zh", NOW)).toBe("2025年11月15日 周六");
    expect(time(NOW, "en", NOW)).toBe("Sun 15 Nov 14:20");
  });
  it("crosses midnight at 16:00 UTC", () => {
    const midnight = Date.UTC(2026, 10, 14, 16);
    expect([isoDay(midnight - 1), isoDay(midnight)]).toEqual(["2026-11-14", "2026-11-15"]);
    expect(clock(midnight, true)).toBe("00:00:00");
  });
  it.each([[30_000, "刚刚"], [3 * 60_000, "3 分钟前"], [61 * 60_000, "11月15日 周日 13:19"], [-60_000, "11月15日 周日 14:21"]])("ago %s", (ms, said) => expect(ago(NOW - ms, "zh", NOW)).toBe(said));
  it("shows inclusive days of a half-open window", () => {
    const start = parseChina("2026-11-09") ?? 0;
    expect(days(start, start + 7 * DAY_MS, "zh", NOW)).toBe("11月9日至15日");
    expect(days(start, start + DAY_MS, "zh", NOW)).toBe("11月9日 周一");
    expect(days(start - 30 * DAY_MS, start, "zh", NOW)).toBe("10月10日至11月8日");
    expect(days(start - 400 * DAY_MS, start, "en", NOW)).toBe("5 Oct 2025 to 8 Nov 2026");
  });
  it("numbers weeks as ISO 8601 does", () => {
    expect(week(NOW, "zh", NOW)).toBe("第46周（11月9日至15日）");
    expect(week(Date.UTC(2027, 0, 2), "en", Date.UTC(2027, 0, 2))).toBe("Week 53 (28 Dec 2026 to 3 Jan 2027)");
  });
  it.each([["2026-11-15", true], ["2026-11-15T08:00", true], ["2026-02-30", false], ["yesterday", false], ["", false]])("parses %s", (text, good) => expect(parseChina(text) !== null).toBe(good));
  it("round-trips the as-of of the URL", () => expect(isoMinute(parseChina("2026-11-09T08:00") ?? 0)).toBe("2026-11-09T08:00"));
  it.each([[90_000, "1 分钟"], [7_200_000, "2 小时"], [3 * DAY_MS, "3 天"], [5_000, "5 秒"], [null, "—"]])("duration %s", (ms, said) => expect(duration(ms)).toBe(said));
});
