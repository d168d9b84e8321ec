import { expect, test } from "vitest";
import { draftOf, draftOfKind, kindBody, nothing, unnamed, withProperty, wrongs, type Kind, type KindDraft, type KindSeen } from "./kind";

const property = (name: string, type = "text", personal = false): KindSeen["properties"][number] => ({ name, zh: "", declared: false, personal, type, events: 3, samples: ["1"] });
const seen: KindSeen = {
  name: "Tea Tasted", kind: null, custom: true, events: 5, first_ms: 1, last_ms: 2, platforms: ["store"], looked: 5, roles: { actor: 5 }, refs: { order: 2 },
  properties: [property("score", "integer"), property("phone", "text", true), property("茶名")],
};
const kind: Kind = {
  name: "Tea Tasted", zh: "品茶", en: "", purpose: "客人品了一款茶。", family: "place", trust: "server", privacy: "behaviour", roles: ["actor!"], refs: [], amount: "", custom: true,
  properties: { score: { zh: "评分", en: "", type: "integer", unit: "分", personal: false } },
};
const whole: KindDraft = { ...nothing, name: "Tea Tasted", zh: "品茶", purpose: "客人品了一款茶。" };

test("what nobody defined is drafted from what its events carry, and stays open to any key", () => {
  const draft = draftOf(seen);
  expect(draft.properties.map((one) => [one.name, one.type, one.personal])).toEqual([["score", "integer", false], ["phone", "text", true]]);
  expect([draft.roles, draft.refs, draft.trust]).toEqual([["actor"], ["order"], "client"]);
  expect(unnamed(draft, seen)).toEqual({ free: [], bad: [property("茶名")] });
  expect(unnamed({ ...draft, properties: [] }, seen).free.map((one) => one.name)).toEqual(["score", "phone"]);
});

test("a kind goes out as it came in", () => {
  const body = kindBody(draftOfKind(kind));
  expect(body).toEqual({ zh: "品茶", en: "", purpose: "客人品了一款茶。", family: "place", trust: "server", privacy: "behaviour", roles: ["actor!"], refs: [], amount: "", properties: { score: { zh: "评分", en: "", type: "integer", unit: "分", personal: false } } });
  expect(draftOf({ ...seen, kind })).toEqual(draftOfKind(kind));
});

test("a property without a Chinese name is called by its own", () => {
  expect(kindBody(withProperty(whole, { name: "score" })).properties?.score?.zh).toBe("score");
});

test.each([
  ["Tea Tasted", undefined], ["tea_tasted", undefined], ["", "needName"], ["Tea", "badName"], ["品茶", "badName"], ["Tea/Tasted", "badName"], [" Tea Tasted", "badName"], ["1 Tea", "badName"], ["Order Completed", "takenName"],
])("the name %j: %s", (name, wrong) => expect(wrongs({ ...whole, name }, ["Order Completed"]).name).toBe(wrong));

test("each problem stands at its field", () => {
  const draft = withProperty(withProperty(withProperty({ ...whole, zh: " ", purpose: "" }, { name: "a" }), { name: "a" }), { name: "评分" });
  expect(wrongs(draft, [])).toEqual({ zh: "needZh", purpose: "needPurpose", "property-1": "twiceProperty", "property-2": "badProperty" });
  expect(wrongs(whole, [])).toEqual({});
});
