import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter, useLocation } from "react-router";
import { describe, expect, it } from "vitest";
import { DAY_MS, isoDay, parseChina } from "@/format";
import { customRange, filterQuery, PRESETS, readFilters, useFilters, useParam, windowOf } from "./url";

const NOW = Date.UTC(2026, 10, 18, 6, 20); // Wednesday 14:20 in China
const at = (path: string) => ({ wrapper: ({ children }: { children: ReactNode }) => <MemoryRouter initialEntries={[path]}>{children}</MemoryRouter> });

describe("windows", () => {
  it.each([
    ["today", "2026-11-18", "2026-11-18", true], ["yesterday", "2026-11-17", "2026-11-17", false], ["7d", "2026-11-12", "2026-11-18", true], ["week", "2026-11-16", "2026-11-18", true],
    ["last_week", "2026-11-09", "2026-11-15", false], ["month", "2026-11-01", "2026-11-18", true], ["custom:2026-11-01..2026-11-03", "2026-11-01", "2026-11-03", false],
  ] as const)("%s", (range, first, last, running) => {
    const window = windowOf(range, NOW);
    expect([isoDay(window.start), isoDay(window.end - 1), window.running]).toEqual([first, last, running]);
    if (running) expect(window.end).toBe(NOW);
  });
  it("are half-open and never empty", () => {
    for (const preset of PRESETS) expect(windowOf(preset, NOW).end).toBeGreaterThan(windowOf(preset, NOW).start);
    const start = parseChina("2026-11-01") ?? 0;
    expect(customRange(start, start + 3 * DAY_MS)).toBe("custom:2026-11-01..2026-11-03");
  });
});

describe("filters", () => {
  it("takes what is not usable for the default", () => {
    const read = readFilters(new URLSearchParams("t=custom:2026-11-09..2026-11-01&cmp=x&align=%3Cscript%3E&pf=douyin,BAD!,jd&asof=soon"));
    expect(read).toEqual({ t: "7d", cmp: "prev", align: "solar", pf: ["douyin", "jd"], asof: "", seg: "" });
  });
  it("compares a day with the same weekday of the week before, longer ranges with the time before", () => {
    const read = (text: string): string => readFilters(new URLSearchParams(text), "today").cmp;
    expect([read(""), read("t=yesterday"), read("t=custom:2026-11-11..2026-11-11"), read("t=7d"), read("t=custom:2026-11-11..2026-11-12"), read("t=today&cmp=prev")])
      .toEqual(["week", "week", "week", "prev", "prev", "prev"]);
  });
  it("travel to the API as they stand in the URL", () => {
    const read = readFilters(new URLSearchParams("t=30d&cmp=yoy&align=lunar&pf=jd&asof=2026-11-09T08:00"));
    expect(filterQuery(read)).toEqual({ t: "30d", cmp: "yoy", align: "lunar", pf: "jd", asof: "2026-11-09T08:00" });
  });
  it("leave defaults out of the URL and go back to page one", () => {
    const { result } = renderHook(() => ({ filters: useFilters(), place: useLocation().search }), at("/x?t=30d&page=4&ev=metric:gmv"));
    act(() => result.current.filters[1]({ pf: ["jd"], t: "7d" }));
    expect(result.current.place).toBe("?ev=metric%3Agmv&pf=jd");
  });
  it("turning a page keeps the rest", () => {
    const { result } = renderHook(() => ({ page: useParam("page", "1"), place: useLocation().search }), at("/x?sort=-gmv"));
    act(() => result.current.page[1]("3"));
    expect(result.current.place).toBe("?sort=-gmv&page=3");
    act(() => result.current.page[1]("1"));
    expect(result.current.place).toBe("?sort=-gmv");
  });
});
