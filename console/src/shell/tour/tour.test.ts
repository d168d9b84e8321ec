import { expect, test } from "vitest";
import { spot, stepsOf } from "./Tour";

const screen = { innerWidth: 1440, innerHeight: 900 };
const box = (top: number, left: number, height = 40): { top: number; left: number; width: number; height: number } => ({ top, left, width: 100, height });

test.each([
  ["below", box(10, 300), { top: 62, left: 300 }],
  ["above", box(800, 300), { top: 588, left: 300 }],
  ["inside, at the foot", box(50, 300, 840), { top: 684, left: 300 }],
  ["not beyond the right edge", box(10, 1400), { top: 62, left: 1024 }],
])("the card stands %s", (_, at, expected) => expect(spot(at, 200, screen)).toEqual(expected));

test("a narrow screen holds the whole card", () => expect(spot(box(10, 200), 200, { innerWidth: 390, innerHeight: 844 })).toEqual({ top: 62, left: 16 }));

const data = { data: "town", workspace: "shop", events: 1, first_ms: 0, last_ms: 1, platforms: [], kinds: 1, done: false } as const;
test("it begins with the data, and is short where there are none", () => {
  expect(stepsOf({ ...data, platforms: [] }).map((step) => step.text)).toEqual(["town", "filters", "numbers", "changes", "todo", "last"]);
  expect(stepsOf({ ...data, platforms: [], data: "empty" }).map((step) => step.text)).toEqual(["empty", "last"]);
  expect(stepsOf(undefined)[0]?.text).toBe("filters");
});
