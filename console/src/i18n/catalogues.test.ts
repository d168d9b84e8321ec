import { describe, expect, it } from "vitest";
import { catalogue, fill, say } from ".";

type Found = { zh: Record<string, string>; en: Record<string, string> };
const files = import.meta.glob<Record<string, unknown>>(["../**/messages.ts", "./terms.ts"], { eager: true });
const all = Object.entries(files).flatMap(([file, exports]) =>
  Object.values(exports).filter((one): one is Found => typeof one === "object" && one !== null && "zh" in one && "en" in one).map((texts) => [file, texts] as const),
);

describe("every catalogue", () => {
  it("is found", () => expect(all.length).toBeGreaterThan(3));
  it.each(all)("%s has both languages, the same placeholders, and Chinese punctuation", (_, texts) => {
    expect(Object.keys(texts.en)).toEqual(expect.arrayContaining(Object.keys(texts.zh)));
    for (const [key, zh] of Object.entries(texts.zh)) {
      const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();
      expect(names(texts.en[key] ?? ""), key).toEqual(names(zh));
      expect(zh, key).not.toMatch(/[\u4e00-\u9fff]([,;?!()]|:\s)|[！“”]/);
      expect(texts.en[key], key).not.toMatch(/!/);
    }
  });
});

describe("texts", () => {
  const m = catalogue({ zh: { sent: "发送给 {n} 人" }, en: { sent: "Send to {n} people" } });
  it("takes values", () => expect([say(m, "zh")("sent", { n: 3 }), say(m, "en")("sent", { n: "1,204" })]).toEqual(["发送给 3 人", "Send to 1,204 people"]));
  it("leaves a name without a value as it stands, and a value is never read as a template", () => {
    expect(fill("{a} {b}", { a: "{b}" })).toBe("{b} {b}");
  });
});
