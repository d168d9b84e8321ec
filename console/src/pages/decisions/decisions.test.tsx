import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";
import { decisionState, valueText } from "@/parts/DecisionCard";
import { Counted } from "./Counts";
import { isFiltered, readQuery, widths } from "./query";

describe("readQuery", () => {
  it("takes what is allowed and drops the rest", () => {
    const query = readQuery(new URLSearchParams("policy=winback&mode=loud&arm=holdout&name=contacts_day&t=1y"));
    expect(query).toMatchObject({ policy: "winback", mode: "", arm: "holdout", by: "", name: "", t: "" });
    expect(isFiltered(query)).toBe(true);
    expect(isFiltered(readQuery(new URLSearchParams("decision=0f")))).toBe(false);
    expect(readQuery(new URLSearchParams("by=limit&name=contacts_day"))).toMatchObject({ by: "limit", name: "contacts_day" });
  });
});

describe("decisionState", () => {
  const row = { mode: "auto", acts: true, out: "", dry: false, arm: "treated" };
  it.each([
    [{ mode: "shadow" }, "◐", "shadow"], [{ acts: false, arm: "holdout" }, "", "holdoutState"], [{ acts: false }, "", "nothing"], [{ out: "ready", dry: true }, "◐", "dry"], [{ out: "waiting", dry: true }, "○", "waiting"],
    [{ out: "sent" }, "✓", "sent"], [{ out: "dead" }, "◐", "dead"], [{}, "", "decided"],
  ] as const)("%j is %s %s", (change, mark, word) => expect(decisionState({ ...row, ...change })).toEqual({ mark, word }));
});

it("a value has its interval, never the point alone", () => {
  expect(valueText({ value: 3.2, low: 1.1, high: 5.3 }, "zh")).toBe("¥3.20（¥1.10 至 ¥5.30）");
  expect(valueText({ value: null, low: null, high: null }, "zh")).toBe("—");
});

it("counts are buttons that filter, the largest as wide as all", () => {
  const rows = [{ by: "limit", name: "contacts_day", zh: "每天一次", en: "One a day", decisions: 40 }, { by: "rule", name: "looked", zh: "看过", en: "looked", decisions: 10 }];
  expect(widths(rows)).toEqual([1, 0.25]);
  const picked: string[] = [];
  render(<MemoryRouter><Counted title="什么拦下" rows={rows} isOn={(row) => row.name === "looked"} onPick={(row) => picked.push(row.name)} empty="没有" /></MemoryRouter>);
  expect(screen.getByRole("button", { name: /看过/ }).getAttribute("aria-pressed")).toBe("true");
  screen.getByRole("button", { name: /每天一次/ }).click();
  expect(picked).toEqual(["contacts_day"]);
});
