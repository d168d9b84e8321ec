import { describe, expect, it } from "vitest";
import { inOrder, keptOut, leftOf, moved, type Line } from "./logic";

const line = (id: string, part: Line["part"], until_ms: number): Line => ({ id, part, until_ms }) as Line;

describe("the queue", () => {
  const rows = [line("own", "own", 1), line("late", "decide", 9), line("soon", "decide", 5)];
  it("begins with what needs me, the soonest to lapse first", () => expect(inOrder(rows).map((row) => row.id)).toEqual(["soon", "late", "own"]));
  it("moves and stops at its ends", () => {
    const order = inOrder(rows);
    expect([moved(order, "soon", 1), moved(order, "own", 1), moved(order, "soon", -1), moved(order, "gone", 1), moved([], "x", 1)]).toEqual(["late", "own", "soon", "soon", "x"]);
  });
});

it.each([[0, null], [-5, null], [30_000, { unit: "minute", n: 1 }], [3_600_000, { unit: "hour", n: 1 }], [47 * 3_600_000, { unit: "hour", n: 47 }], [72 * 3_600_000, { unit: "day", n: 3 }]])(
  "%d ms left", (ms, said) => expect(leftOf(ms)).toEqual(said),
);

it("says once what kept people out", () => expect(keptOut({ "limit:a": 5, "limit:b": 7, "consent:message": 9 })).toEqual([["consent", 9], ["limit", 7]]));
