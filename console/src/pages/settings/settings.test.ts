import { expect, test } from "vitest";
import { weakness } from "./Appearance";
import { facts, operationName } from "./operations";
import { found } from "./Sources";

test.each([
  ["short", "short", "passwordShort"],
  ["long enough one", "another one", "passwordSame"],
  ["long enough one", "long enough one", null],
] as const)("the password %s, then %s: %s", (fresh, again, why) => {
  expect(weakness(fresh, again)).toBe(why);
});

test("what the log holds reads as words, and an unknown verb as it stands", () => {
  expect(operationName("import", "zh")).toBe("导入");
  expect(operationName("import", "en")).toBe("Imported");
  expect(operationName("new.verb", "zh")).toBe("new.verb");
});

test("small facts stand in one line", () => {
  expect(facts({ roles: ["operator", "analyst"], rows: 12, more: { a: 1 } })).toBe('roles: operator, analyst · rows: 12 · more: {"a":1}');
  expect(facts({})).toBe("");
});

test("formats are found by platform in either language", () => {
  const rows = [
    { id: "taobao_order", zh: "订单", en: "Orders", platform: "taobao", kinds: [] },
    { id: "generic", zh: "通用", en: "Generic", platform: "", kinds: [] },
  ];
  expect(found(rows, "淘宝").map((row) => row.id)).toEqual(["taobao_order"]);
  expect(found(rows, "GENERIC").map((row) => row.id)).toEqual(["generic"]);
  expect(found(rows, "")).toHaveLength(2);
});
