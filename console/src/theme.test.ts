import { describe, expect, it } from "vitest";
import { TOKENS, type Mode, textOn } from "./theme";
import { PLATFORMS } from "./platforms";
import { platformColour } from "./theme";

const light = (colour: string): number => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one: string, other: string): number => {
  const [dark = 0, bright = 0] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};

describe.each(["light", "dark"] as Mode[])("contrast in %s", (mode) => {
  const c = TOKENS[mode];
  it.each(["ink", "ink2", "ink3", "blue", "cinnabar", "celadon", "amber", "rouge"] as const)("%s is text on paper and sheet", (name) => {
    expect(Math.min(ratio(c[name], c.paper), ratio(c[name], c.sheet))).toBeGreaterThanOrEqual(4.5);
  });
  it.each([["blue", "blueTint"], ["cinnabar", "cinnabarTint"], ["celadon", "celadonTint"], ["amber", "amberTint"]] as const)("%s is text on its tint", (text, tint) => {
    expect(ratio(c[text], c[tint])).toBeGreaterThanOrEqual(4.5);
  });
  it("a field's border is seen", () => expect(Math.min(ratio(c.field, c.paper), ratio(c.field, c.sheet))).toBeGreaterThanOrEqual(3));
  it("the seal is read", () => expect(ratio(c.paper, c.cinnabar)).toBeGreaterThanOrEqual(4.5));
  it("every disc is read", () => {
    for (const one of PLATFORMS) expect(ratio(textOn(platformColour(one.id, mode)), platformColour(one.id, mode)), one.id).toBeGreaterThanOrEqual(4.5);
  });
});
