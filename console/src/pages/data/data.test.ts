import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { body, complete, start, type Draft } from "./mend";
import { passing, waiting, type Row } from "./tail";
import { first, fits, isMappingId, mappingId, said, totals, type Fit } from "./upload";
import { groupOf, groupText, sourceName } from "./words";

const fit = (mapping: string, score: number, certainty: Fit["certainty"] = "sure"): Fit => ({ mapping, zh: mapping, en: mapping, platform: "", certainty, score, why: "", own: false, settings: [] });
const event = (seq: number, kind = "A", platform = "taobao"): Row => ({ id: String(seq), kind, at_ms: seq, seq, platform });
const draft: Draft = { how: "replace", column: "金额", value: "", find: "元", unit: "", note: "" };

test("a group survives the URL, whatever its columns are called", () => {
  const group = { reason: "amount", field: "应付,金额|b%", source: "import:x", kind: "" };
  expect(groupOf(groupText(group))).toEqual(group);
  expect(groupOf("a,b")).toBeNull();
  expect(groupOf("%E0,b,c,d")).toBeNull();
});

test("sources read as the format or the key", () => {
  const names = new Map([["taobao_order", { zh: "淘宝订单", en: "Taobao orders" }]]);
  expect(sourceName("import:taobao_order", names, "zh")).toBe("淘宝订单");
  expect(sourceName("import:mine", names, "zh")).toBe("mine");
  expect(sourceName("http:3", names, "en")).toBe("API (key 3)");
});

test("a sure file is tried at once, a tie is not, a zip takes each source's own", () => {
  const source = (...list: Fit[]): Schemas["SourceLook"] => ({ source: "s", fits: list });
  expect(first({ sources: [source(fit("a", 9))] })).toBe("a");
  expect(first({ sources: [source(fit("a", 9, "tie"), fit("b", 9, "tie"))] })).toBeNull();
  expect(first({ sources: [source(fit("a", 9)), source(fit("b", 8))] })).toBe("");
  expect(first({ sources: [source()] })).toBeNull();
  expect(fits({ sources: [source(fit("a", 1), fit("b", 3)), source(fit("a", 5))] }).map((one) => [one.mapping, one.score])).toEqual([["a", 5], ["b", 3]]);
});

test.each([["订单 2026.csv", "my_file_2026"], ["Orders-Jan.xlsx", "my_orders_jan"], ["订单.csv", "my_file"]])("%s is kept as %s", (name, id) => {
  expect(mappingId(name)).toBe(id);
  expect(isMappingId(id)).toBe(true);
});

test("only columns said otherwise than guessed are sent", () => {
  const columns = [{ column: "a", what: "order" }, { column: "b", what: "amount" }] as unknown as Schemas["ColumnGuess"][];
  expect(said(columns, { a: "order", b: "" })).toEqual({ b: "" });
});

test("totals of a dry run add its sources", () => {
  const one = { rows: 3, accepted: 2, parked: 1, whole: true, skipped: { blank: 2 }, kinds: [{ kind: "A", zh: "", events: 4 }] } as unknown as Schemas["SourceRun"];
  expect(totals({ sources: [one, { ...one, whole: false }] })).toEqual({ rows: 6, accepted: 4, parked: 2, events: 8, whole: false, skipped: 4 });
});

test("a mend is tried only when it says enough", () => {
  expect(complete(draft, false)).toBe(true);
  expect(complete({ ...draft, find: "" }, true)).toBe(false);
  expect(complete({ ...draft, how: "set" }, false)).toBe(false);
  expect(complete({ ...draft, how: "set" }, true)).toBe(true);
  expect(complete({ ...draft, how: "ignore", note: "x" }, true)).toBe(false);
  expect(complete({ ...draft, how: "scale" }, true)).toBe(false);
});

test("what the way of mending does not use is not sent", () => {
  const group = { reason: "amount", field: "金额", source: "import:x", kind: "" };
  expect(body(group, { ...draft, note: "left over" }, true)).toMatchObject({ ...group, how: "replace", find: "元", value: "", note: "", dry_run: true });
  expect(body(group, { ...draft, how: "ignore", note: "测试单" }, false)).toMatchObject({ column: "", find: "", note: "测试单", dry_run: false });
});

test("a column with values is replaced in, an empty one is set", () => {
  const group = { reason: "amount", field: "金额|运费", source: "import:x", kind: "" };
  expect(start({ group, columns: ["金额"], values: [{ value: "1元", rows: 2 }] })).toMatchObject({ how: "replace", column: "金额" });
  expect(start({ group, columns: ["金额"], values: [{ value: "", rows: 2 }] })).toMatchObject({ how: "set" });
});

test("a live list counts what waits and heeds the filter", () => {
  const latest = [event(5), event(4, "B"), event(3)];
  expect(waiting([event(3)], latest)).toBe(2);
  expect(waiting(latest, latest)).toBe(0);
  expect(passing(latest, { family: "", platform: "", kind: "B" }, () => "f")).toHaveLength(1);
  expect(passing(latest, { family: "trade", platform: "", kind: "" }, (kind) => (kind === "A" ? "trade" : "x"))).toHaveLength(2);
  expect(passing(latest, { family: "", platform: "jd", kind: "" }, () => "f")).toHaveLength(0);
});
