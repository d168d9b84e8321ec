import { describe, expect, it } from "vitest";
import { has, toggled } from "./Labels";

describe("labels in the URL", () => {
  it("hold one value of each label", () => {
    expect(toggled("", "age", "25-34")).toBe("age:25-34");
    expect(toggled("age:25-34", "gender", "female")).toBe("age:25-34,gender:female");
    expect(toggled("age:25-34,gender:female", "age", "60+")).toBe("gender:female,age:60+");
    expect(toggled("age:25-34,gender:female", "gender", "female")).toBe("age:25-34");
  });
  it("know what they hold", () => {
    expect(has("age:25-34,gender:female", "gender", "female")).toBe(true);
    expect(has("age:25-34", "age", "25")).toBe(false);
  });
});
