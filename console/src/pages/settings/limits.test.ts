import { describe, expect, it } from "vitest";
import { capText, grouped, hoursText, typedCap, type LimitState } from "./limits";

describe("typedCap", () => {
  it.each([
    ["3", "contacts", 3], ["0", "contacts", 0], ["1,204", "people", 1204], ["3.5", "contacts", null], ["-1", "contacts", null], ["", "contacts", null], ["three", "contacts", null],
    ["50", "fen", 5000], ["50.5", "fen", 5050], ["0.07", "fen", 7], ["1.005", "fen", null],
  ] as const)("%j in %s is %s", (text, unit, cap) => expect(typedCap(text, unit)).toBe(cap));
  it.each([[5000, "fen"], [7, "fen"], [5050, "fen"], [12, "contacts"]] as const)("%s %s is typed as it is shown", (cap, unit) => expect(typedCap(capText(cap, unit), unit)).toBe(cap));
});

it("hours go over midnight", () => {
  expect(hoursText(["22:00", "08:00"], "zh")).toBe("22:00 至次日 08:00");
  expect(hoursText(["09:00", "21:00"], "zh")).toBe("09:00 至 21:00");
  expect(hoursText(["22:00", "08:00"], "en")).toBe("22:00 to 08:00");
  expect(hoursText([], "zh")).toBe("");
});

it("groups hold what stands, by what it guards", () => {
  const row = (name: string, guards: LimitState["guards"], holds = true) => ({ name, guards, holds }) as LimitState;
  const rows = [row("week", "attention"), row("budget", "money"), row("gone", "money", false), row("day", "attention")];
  expect(grouped(rows).map((one) => [one.group, one.rows.map((each) => each.name)])).toEqual([["attention", ["week", "day"]], ["money", ["budget"]]]);
});
