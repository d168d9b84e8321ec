import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter, useLocation } from "react-router";
import { describe, expect, it, vi } from "vitest";
import type { Schemas } from "@/api/client";
import { Chart, moved } from "./Chart";
import { DateNotes, noteLines } from "./DateNotes";
import { FreshnessBadge } from "./FreshnessBadge";
import { EstimateNumber, MetricNumber } from "./MetricNumber";
import { runsOf, SmallMultiples, spotsOf } from "./SmallMultiples";
import { csvOf } from "./TableTwin";
import { scaleFor, shown, shownExact } from "./units";

type Freshness = Schemas["Freshness"];

const DAY = 86_400_000;
const point = (start_ms: number, value: number | null, partial = false) => ({ start_ms, value, partial });
let place = "";
function Place() {
  place = useLocation().search;
  return null;
}
const show = (node: React.ReactNode) => render(<MemoryRouter>{node}<Place /></MemoryRouter>);

describe("units", () => {
  it("gives one unit for a column", () => {
    const scale = scaleFor([1_324_900_000, 5_000_000], "money", "zh");
    expect([scale.name, scale.text(1_324_900_000), scale.text(5_000_000)]).toEqual(["万元", "1,324.9", "5.0"]);
    expect(scaleFor([0.412], "share", "zh").text(0.412)).toBe("41.2");
    expect(scaleFor([30], "count", "en").name).toBe("number");
  });
  it("never writes unknown as zero", () => {
    expect([shown(null, "money", "zh"), shownExact(null, "count"), shown(0, "count", "zh")]).toEqual(["—", "—", "0"]);
  });
});

describe("MetricNumber", () => {
  it("says the change against what, and opens its evidence in the URL", async () => {
    show(<MetricNumber of="metric:gmv_paid" name="成交额" value={1_324_900_000} unit="money" change={0.083} against="环比" />);
    expect(screen.getByText(/升 8.3%/)).toBeTruthy();
    expect(screen.getByText("环比")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: /成交额.*看依据/ }));
    expect(new URLSearchParams(place).get("ev")).toBe("metric:gmv_paid");
  });
  it("moves a share in points", () => {
    show(<MetricNumber of="metric:repeat" name="复购率" value={0.2} unit="share" change={-0.013} against="环比" />);
    expect(screen.getByText(/降 1.3 个百分点/)).toBeTruthy();
  });
  it("says when nothing can be compared", () => {
    show(<MetricNumber of="metric:roi" name="ROI" value={null} unit="ratio" change={null} against="环比" missing="没有花费数据" />);
    expect(screen.getByText("环比 无从比较")).toBeTruthy();
    expect(screen.getByTitle("没有花费数据").textContent).toBe("—");
  });
  it("never shows an estimate of few people or without interval", () => {
    show(<EstimateNumber of="claim:1" name="提升" value={0.082} low={0.031} high={0.134} n={11} unit="share" />);
    expect(screen.getByText("只有 11 人，还不足以下结论")).toBeTruthy();
    show(<EstimateNumber of="claim:1" name="提升" value={0.082} low={0.031} high={0.134} n={400} unit="share" />);
    expect(screen.getByText("区间 3% 至 13%")).toBeTruthy();
  });
});

describe("the cursor of a chart", () => {
  const at = (from: number, to = from) => ({ from, to });
  it.each([
    [null, "ArrowRight", false, at(0)], [null, "ArrowLeft", false, at(6)], [at(2), "ArrowRight", false, at(3)], [at(2, 4), "ArrowRight", true, at(2, 5)],
    [at(6), "ArrowRight", false, at(6)], [at(3), "Home", true, at(3, 0)], [at(1, 2), "Escape", false, null], [null, "Escape", false, undefined], [at(1), "Enter", false, undefined],
  ] as const)("from %j by %s (stretched: %s) to %j", (from, key, stretch, to) => expect(moved(from, key, stretch, 7)).toEqual(to));

  it("selects a range by keys and says it", () => {
    const range = vi.fn();
    const pick = vi.fn();
    const rows = ["周一", "周二", "周三"].map((day) => [day, 1]);
    show(<Chart option={{}} label="x" twin={{ caption: "x", columns: [{ title: "日" }, { title: "元", numeric: true }], rows }} onRange={range} onPick={pick} />);
    const chart = screen.getByRole("group", { name: /按住 Shift 选一段/ });
    fireEvent.keyDown(chart, { key: "ArrowRight" });
    fireEvent.keyDown(chart, { key: "ArrowRight", shiftKey: true });
    expect(screen.getByRole("status").textContent).toBe("周一 至 周二");
    fireEvent.keyDown(chart, { key: "Enter" });
    expect(range).toHaveBeenCalledWith(0, 1);
    fireEvent.keyDown(chart, { key: "End" });
    fireEvent.keyDown(chart, { key: "Enter" });
    expect(pick).toHaveBeenCalledWith(2, null);
  });
});

describe("Chart", () => {
  it("is told in a sentence and turns into its table by the key t", async () => {
    show(<Chart option={{}} label="成交额 7 天里最高 3" twin={{ caption: "成交额", columns: [{ title: "日" }, { title: "元", numeric: true }], rows: [["周一", 3]] }} />);
    expect(screen.getByRole("img", { name: "成交额 7 天里最高 3" })).toBeTruthy();
    await userEvent.keyboard("t");
    expect(screen.getByRole("cell", { name: "3" })).toBeTruthy();
    expect(screen.queryByRole("img")).toBeNull();
  });
  it("exports every digit and never a formula", () => {
    const twin = { caption: "", columns: [{ title: "a,b" }], rows: [["=1+1"], [{ text: "1.2万", exact: "12,345" }], [null]] };
    expect(csvOf(twin)).toBe('\uFEFF"a,b"\r\n\'=1+1\r\n"12,345"\r\n—\r\n');
  });
});

describe("SmallMultiples", () => {
  it("draws on one scale and leaves gaps", () => {
    const spots = spotsOf([point(0, 0), point(1, 10), point(2, null), point(3, 5)], 10, 30, 40);
    expect(spots).toEqual([[0, 40], [10, 0], null, [30, 20]]);
    expect(runsOf(spots)).toEqual(["0,40 10,0", "30,20 31,20"]);
  });
  it("tells each part in words and picks it", async () => {
    const pick = vi.fn();
    show(<SmallMultiples name="订单" unit="count" bucket={String} onPick={pick} chosen={["douyin"]} parts={[{ key: "douyin", name: "抖音", title: "抖音", colour: "#000", points: [point(0, 2), point(DAY, 3)] }]} />);
    const part = screen.getByRole("button", { name: "抖音 订单 5" });
    expect(part.getAttribute("aria-pressed")).toBe("true");
    await userEvent.click(part);
    expect(pick).toHaveBeenCalledWith("douyin");
  });
});

const source = (platform: string, state: Freshness["state"]): Freshness => ({ platform, zh: platform, en: platform, disc: "x", state, newest_at_ms: 0, learnt_ms: 0, promise_ms: 3_600_000, events: 9 });

describe("FreshnessBadge", () => {
  it.each([
    ["fresh", [source("a", "fresh")], /^最新/],
    ["late", [source("a", "fresh"), source("b", "late")], /^◐ b停在/],
    ["stopped", [source("a", "stopped"), source("b", "stopped")], /■ 2 个平台里有 2 个晚了/],
    ["never", [source("a", "never")], /^还没有数据/],
  ] as const)("says %s by shape and words", (_, sources, text) => {
    const { container } = show(<FreshnessBadge sources={sources} asOf={0} />);
    expect(container.textContent).toMatch(text);
  });
});

describe("DateNotes", () => {
  const notes = [{ id: "n1", day: "2026-11-11", text: "大促", text_en: "", who: "", source: "person", platform: "" }, { id: "n2", day: "2026-11-12", text: "立冬", text_en: "Start of winter", who: "", source: "calendar", platform: "" }];
  it("lets people remove what people wrote only", async () => {
    const remove = vi.fn().mockResolvedValue(undefined);
    show(<DateNotes notes={notes} onRemove={remove} />);
    expect(screen.queryByRole("button", { name: "删除批注：立冬" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "删除批注：大促" }));
    expect(remove).toHaveBeenCalledWith("n1");
  });
  it("stand on the bucket that holds the day", () => {
    const first = Date.UTC(2026, 10, 9, 16) - DAY; // midnight of 9 November in China
    const starts = [0, 1, 2].map((n) => first + n * 7 * DAY);
    expect(noteLines(notes, starts, first + 21 * DAY).map((line) => line.at)).toEqual([0, 0]);
    expect(noteLines(notes, [first + 7 * DAY], first + 14 * DAY)).toEqual([]);
    expect(noteLines(notes, starts, first + 21 * DAY, "en").map((line) => line.text)).toEqual(["大促", "Start of winter"]);
  });
});
