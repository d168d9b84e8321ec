import { afterEach, expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { wordsOf } from "./problem";

afterEach(() => { document.documentElement.lang = "zh-CN"; });

test("an English refusal is said in Chinese on the Chinese page, its own words behind", () => {
  document.documentElement.lang = "zh-CN";
  const words = wordsOf(new ApiError(403, "this key may not send orders", "Use a server key"));
  expect(words.what).toBe("规则或权限不允许这样做");
  expect(words.mend).toBe("详情：this key may not send orders. Use a server key");
});

test("the English page says the API's own words", () => {
  document.documentElement.lang = "en";
  expect(wordsOf(new ApiError(404, "no such upload", "Send the file again"))).toEqual({ what: "no such upload", mend: "Send the file again" });
});

test("a server that is away is said without a question of the API", () => {
  document.documentElement.lang = "zh-CN";
  expect(wordsOf(new ApiError(0, "", ""))).toEqual({ what: "服务器没有应答。确认 guanxi serve 在运行，本页会自己再问", mend: "" });
});
