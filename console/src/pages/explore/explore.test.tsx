import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";
import { parseChina } from "@/format";
import { FunnelBars } from "./FunnelBars";
import { binName, cohortName, escaped, FLOW, flow, heat, queryOf } from "./logic";
import { RetentionGrid } from "./RetentionGrid";

const files = { csv: "", xlsx: "", name: "x" };
const window = { start_ms: 0, end_ms: 1, partial: false };
const at = (text: string): number => parseChina(text) as number;

describe("the question", () => {
  it("is filled with kinds that occur, and the URL wins", () => {
    const kinds = ["Product Viewed", "Order Completed"];
    expect(queryOf("funnel", new URLSearchParams(), kinds)).toEqual({ steps: "Product Viewed,Order Completed", within: "7d", by: "" });
    expect(queryOf("funnel", new URLSearchParams("steps=A,B&within=1d"), kinds)).toMatchObject({ steps: "A,B", within: "1d" });
    expect(queryOf("events", new URLSearchParams("measure=secrets"), ["Live Entered"])).toMatchObject({ kind: "Live Entered", measure: "events" });
    expect(queryOf("retention", new URLSearchParams(), kinds)).toEqual({ start: "", back: "", period: "week" });
  });
});

describe("names", () => {
  it.each([
    [{ low: 1, high: 2, people: 0 }, "count", "1"],
    [{ low: 3, high: 6, people: 0 }, "count", "3 至 5"],
    [{ low: 50, high: null, people: 0 }, "count", "50 以上"],
    [{ low: 5000, high: 10_000, people: 0 }, "money", "¥50 至 ¥100"],
    [{ low: 0.5, high: 1, people: 0 }, "days", "12 小时 至 1 天"],
  ] as const)("says the bin %o of %s", (bin, of, text) => expect(binName(bin, of, "zh")).toBe(text));
  it("calls cohorts by day, week and month", () => {
    const now = at("2026-11-15");
    expect(["day", "week", "month"].map((period) => cohortName(at("2026-06-01"), period, "zh", now))).toEqual(["6月1日 周一", "6月1日至7日", "6月"]);
    expect([cohortName(at("2017-06-01"), "month", "zh", now), cohortName(at("2026-06-01"), "month", "en", now)]).toEqual(["2017年6月", "Jun"]);
  });
  it("keeps names out of HTML", () => expect(escaped("<b>&")).toBe("&#60;b&#62;&#38;"));
});

describe("heat", () => {
  it("goes through five steps with text that can be read", () => {
    expect([0, 0.1, 0.25, 0.5, 0.79, 1].map((value) => heat(value, 1)?.background)).toEqual(["#EEF2F5", "#EEF2F5", "#C9D6E2", "#94AFC8", "#4A769E", "#1F4E79"]);
    expect([heat(1, 1)?.color, heat(0.1, 1)?.color, heat(null, 1)]).toEqual(["#FFFFFF", "#1F2328", undefined]);
  });
});

describe("paths", () => {
  const links = [
    { place: 0, source: "A", target: "B", sessions: 60 }, { place: 0, source: "A", target: "end", sessions: 40 }, { place: 1, source: "B", target: "C", sessions: 60 },
  ];
  const drawn = flow(links, { A: "甲", B: "乙", C: "丙", end: "离开" }, 100);
  it("conserves sessions at each place, what ends at the foot", () => {
    expect(drawn.nodes.map((node) => [node.place, node.name, node.sessions])).toEqual([[0, "甲", 100], [1, "乙", 60], [1, "离开", 40], [2, "丙", 60]]);
  });
  it("draws heights on one scale, inside the picture, with ribbons stacked", () => {
    const [first, second, end] = drawn.nodes;
    expect(first?.height).toBeCloseTo(FLOW.height - FLOW.gap);
    expect((second?.height ?? 0) / (end?.height ?? 1)).toBeCloseTo(1.5);
    expect(drawn.ribbons[1]?.y0).toBeCloseTo(drawn.ribbons[0]?.height ?? 0);
  });
  it("draws nothing of nothing", () => expect(flow([], {}, 0)).toEqual({ nodes: [], ribbons: [], places: 0 }));
});

describe("pictures that are read", () => {
  it("says the funnel in a sentence with shares and times", () => {
    const step = (kind: string, people: number, of_previous: number | null, median_ms: number | null) => ({ kind, zh: kind, people, of_previous, of_first: people / 200, median_ms });
    render(<MemoryRouter><FunnelBars files={files} data={{ known: 1, window, took_ms: 1, within_ms: 1, by: "", groups: [["", [step("浏览", 200, null, null), step("下单", 50, 0.25, 7_200_000)]]] }} /></MemoryRouter>);
    expect(screen.getByText("200 人做了浏览，50 人走到下单，占 25.0%。")).toBeTruthy();
    expect(screen.getByText(/上一步的 25.0% · 从上一步起中位 2 小时/)).toBeTruthy();
  });
  it("leaves what is not over yet empty, never zero", () => {
    render(<MemoryRouter><RetentionGrid files={files} data={{ known: 1, window, took_ms: 1, start: "", back: "", period: "week", overall: [1, 0.25], rows: [{ start_ms: at("2026-11-02"), people: 40, kept: [40, 10] }, { start_ms: at("2026-11-09"), people: 8, kept: [8, null] }] }} /></MemoryRouter>);
    expect(screen.getByText("2 批人，一个周期后回来 25.0%。")).toBeTruthy();
    const cells = screen.getAllByRole("row")[2]?.querySelectorAll("td");
    expect(cells?.[2]?.textContent).toBe("");
    expect(screen.getAllByTitle("10 / 40")).toHaveLength(1);
  });
});
