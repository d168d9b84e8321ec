import { describe, expect, it } from "vitest";
import { amount, byDay, byKind, rootOf, short, signed } from "./logic";

/** The worked example of docs/ledger-proofs.md. */
const LINE = '[0,1790000000000,"settle","a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0","b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0","points",300,"01010101010101010101010101010101","02020202020202020202020202020202"]';
const PATH = ["9f5a9737c4f9acf95009e2c7f603b14a281282d5f4f36a589ac6ff5434ef000e", "14206064e590357c1f89fe72fdf6695ee714ecaeaac63382bdcffb9ca6384671"];
const ROOT = "bc94df26226364069961f7078ccab995fd94937eb21dffc89d78bc1fbffac514";

describe("a proof is reckoned again in the browser", () => {
  it("leads to the root", async () => expect(await rootOf(LINE, 0, 4, PATH)).toBe(ROOT));
  it("does not with another entry", async () => expect(await rootOf(LINE.replace("300", "301"), 0, 4, PATH)).not.toBe(ROOT));
  it("does not at another place", async () => expect(await rootOf(LINE, 1, 4, PATH)).not.toBe(ROOT));
  it("does not with a path too short or too long", async () => {
    expect(await rootOf(LINE, 0, 4, PATH.slice(1))).toBe("");
    expect(await rootOf(LINE, 0, 4, [...PATH, ...PATH])).toBe("");
  });
});

describe("amounts", () => {
  it("are money in fen and whole otherwise", () => {
    expect([amount(123_450, "fen"), amount(1_234, "coins"), amount(null, "coins")]).toEqual(["¥1,234.50", "1,234", "—"]);
    expect([signed(5, "coins"), signed(-5, "coins"), signed(0, "coins")]).toEqual(["+5", "−5", "0"]);
  });
  it("ids are cut in the middle", () => expect(short("a0a0a0a0a0a0a0a0a0a0a0a0a0a0b1b2")).toBe("a0a0a0a0…b1b2"));
});

describe("flows", () => {
  const day = Date.UTC(2026, 2, 1, 16); // midnight in China
  const rows = [
    { day_ms: day, kind: "earn", came: 10, left: 0, entries: 1 },
    { day_ms: day + 2 * 86_400_000, kind: "earn", came: 5, left: 0, entries: 1 },
    { day_ms: day + 2 * 86_400_000, kind: "settle", came: 0, left: 20, entries: 1 },
  ];
  it("name every day, those without entries too", () => {
    expect(byDay(rows, day, day + 3 * 86_400_000).map((one) => [one.came, one.left])).toEqual([[10, 0], [0, 0], [5, 20]]);
  });
  it("are added by kind, the largest first", () => expect(byKind(rows)).toEqual([{ kind: "settle", came: 0, left: 20 }, { kind: "earn", came: 15, left: 0 }]));
});
