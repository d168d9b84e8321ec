import { describe, expect, it } from "vitest";
import { bounds, cellOf, heatOf, peopleText } from "./Grid";
import { gist } from "./Segments";
import { guessed } from "./People";

describe("the grid", () => {
  it("does not tell fewer than five people, not by its shade either", () => {
    expect([0, 1, 4, 5].map((n) => peopleText(n, "少于 5"))).toEqual(["0", "少于 5", "少于 5", "5"]);
    expect([heatOf(0, 4), heatOf(1, 4), heatOf(4, 4)]).toEqual([null, 0, 0]);
    expect(heatOf(400, 400)).toBe(4);
  });

  it("finds its cells and names its bounds", () => {
    const cell = { recency: 5, frequency: 2, people: 7, amount: 100 };
    expect(cellOf([cell], 5, 2)).toBe(cell);
    expect(cellOf([cell], 2, 5)).toBeUndefined();
    expect([1, 3, 5].map((place) => bounds([1, 2, 3.5, 9], place, "次"))).toEqual(["≤ 1 次", "≤ 3.5 次", "> 9 次"]);
    expect(bounds([2, 2, 3, 3], 2, "次")).toBe("—");
    expect([gist("R 分高于平均分(最近买过)"), gist("all who bought")]).toEqual(["最近买过", "all who bought"]);
    expect(bounds([], 1, "次")).toBe("");
  });
});

describe("the search", () => {
  it("never lets a phone number into a URL", () => {
    expect([guessed("ref", "138 0000 0000"), guessed("ref", "+8613800000000"), guessed("ref", "AAE1x"), guessed("card", "13800000000")]).toEqual(["phone", "phone", "ref", "card"]);
  });
});
