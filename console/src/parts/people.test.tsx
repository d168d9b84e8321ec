import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { describe, expect, it, vi } from "vitest";
import { PartyChip, certainty, personPath, shortened } from "./PartyChip";
import { RhythmClock, busiest, shadeOf } from "./RhythmClock";
import { byDay, factText, GAP_MS, Timeline, type TimelineItem } from "./Timeline";

vi.mock("@/state/session", () => ({ useMay: () => true }));

const NOON = Date.UTC(2026, 0, 5, 4); // a Monday's noon in China
const item = (id: string, at: number, more: Partial<TimelineItem> = {}): TimelineItem => ({
  id, seq: 1, at_ms: at, first_ms: at, kind: "Order Completed", family: "trade", family_zh: "交易", family_en: "trade", zh: "订单付清 ¥19.90", en: "Order Completed ¥19.90",
  count: 1, platform: "taobao", platform_zh: "淘宝天猫", amount: 1990, currency: "CNY", order: "1", acted: true, facts: [], ids: [id], ...more,
});
const grid = (fill: [number, number, number][]): number[][] => {
  const rows = Array.from({ length: 7 }, () => Array<number>(24).fill(0));
  for (const [day, hour, acts] of fill) (rows[day] as number[])[hour] = acts;
  return rows;
};

describe("PartyChip", () => {
  const show = (node: React.ReactNode) => render(<MemoryRouter>{node}</MemoryRouter>);

  it("opens a person, not an item; text stays text", () => {
    show(<><PartyChip reference="account:taobao:a/b" name="<b>王*芳</b>" /><PartyChip reference="item:taobao:7" /></>);
    expect(screen.getByRole("link", { name: "<b>王*芳</b>" }).getAttribute("href")).toBe("/people/account%3Ataobao%3Aa%2Fb");
    expect(screen.getAllByRole("link")).toHaveLength(1);
  });

  it("does not show a weak belief, nor who was erased", () => {
    show(<><PartyChip reference="account:app:weak" confidence={0.5} /><PartyChip reference="account:app:gone" erased /></>);
    expect(screen.queryByText("weak")).toBeNull();
    expect(screen.queryByText("gone")).toBeNull();
    expect(screen.getByText("已抹去")).toBeTruthy();
  });

  it("knows three words of certainty", () => {
    expect([1, 0.95, 0.9, 0.6, 0.59].map((one) => certainty(one, (key) => key))).toEqual(["proven", "likely", "likely", "maybe", ""]);
  });

  it("shortens by whole signs", () => {
    expect(shortened("😀".repeat(3000))).toBe(`${"😀".repeat(9)}…${"😀".repeat(6)}`);
    expect(shortened("short")).toBe("short");
    expect(personPath("a:b:c")).toBe("/people/a%3Ab%3Ac");
  });
});

describe("RhythmClock", () => {
  it("says when there is too little", () => {
    render(<RhythmClock cells={grid([[0, 9, 11]])} n={11} days={3} label="王*芳" />);
    expect(screen.getByText("只有 11 个动作，分在 3 天，还不足以说作息。")).toBeTruthy();
    expect(screen.queryByRole("img")).toBeNull();
  });

  it("marks the best hour, and the table holds the same numbers", async () => {
    render(<RhythmClock cells={grid([[2, 21, 40], [6, 3, 5]])} n={45} days={12} label="王*芳" />);
    expect(screen.getByRole("img", { name: /周三 21 至 22 点最多：40 次/ })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: /表 ?格/ }));
    expect(screen.getByRole("row", { name: "21 点 0 0 40 0 0 0 0" })).toBeTruthy();
    expect(screen.getByRole("row", { name: "3 点 0 0 0 0 0 0 5" })).toBeTruthy();
  });

  it("takes the earlier of equals, and none when nothing repeats", () => {
    expect(busiest(grid([[1, 5, 3], [4, 2, 3]]))).toEqual({ day: 1, hour: 5, acts: 3 });
    expect(busiest(grid([[1, 5, 1]]))).toBeNull();
    expect([shadeOf(0, 9), shadeOf(9, 9)]).toEqual(["var(--shade)", "#1F4E79"]);
  });
});

describe("Timeline", () => {
  const base = { families: [{ family: "trade", zh: "交易", en: "trade", events: 2 }], chosen: [], onChoose: () => {}, onOpen: () => {}, label: "时间线" };

  it("parts days of China time and names long pauses", () => {
    const late = Date.UTC(2026, 0, 5, 15, 59); // 23:59 of the same day
    const days = byDay([item("a", late), item("b", NOON), item("c", NOON - GAP_MS)]);
    expect(days.map((one) => one.items.map((line) => line.id))).toEqual([["a", "b"], ["c"]]);
    expect(days[0]?.gap).toBe(GAP_MS);
  });

  it("opens one event, and unfolds a run into the events behind it", async () => {
    const onOpen = vi.fn();
    render(<Timeline {...base} onOpen={onOpen} items={[item("one", NOON), item("run", NOON - 1000, { count: 37, zh: "浏览 37 次", ids: ["run", "r2"] })]} />);
    await userEvent.click(screen.getByRole("button", { name: "订单付清 ¥19.90" }));
    await userEvent.click(screen.getByRole("button", { name: "浏览 37 次" }));
    await userEvent.click(screen.getByRole("button", { name: "第 2 个事件" }));
    expect(onOpen.mock.calls).toEqual([["one"], ["r2"]]);
  });

  it("chooses families together, and holds new lines back", () => {
    const onChoose = vi.fn();
    const onShow = vi.fn();
    render(<Timeline {...base} chosen={["reach"]} onChoose={onChoose} items={[]} waiting={6} onShow={onShow} />);
    fireEvent.click(screen.getByRole("button", { name: "交易 2" }));
    fireEvent.click(screen.getByRole("button", { name: "有 6 条新的，显示" }));
    expect(onChoose).toHaveBeenCalledWith(["reach", "trade"]);
    expect(onShow).toHaveBeenCalled();
  });

  it("writes money and yes by their types", () => {
    const said = (type: string, value: string | number | boolean): string => factText({ name: "x", zh: "某", en: "x", type, value }, "CNY", (key) => key);
    expect([said("money", 1990), said("bool", true), said("text", "<script>"), said("number", 0.5)]).toEqual(["¥19.90", "yes", "<script>", "0.50"]);
  });
});
