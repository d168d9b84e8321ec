/** A kind of event that the workspace defines: the draft of a form, what is wrong with it, and what is sent. */
import type { Schemas } from "@/api/client";

export type Kind = Schemas["Kind"];
export type KindSeen = Schemas["KindSeen"];
export const TYPES = ["text", "id", "integer", "decimal", "money", "number", "rate", "boolean", "time", "json"] as const;

export interface PropertyDraft {
  /** tells rows apart while their names are typed */
  id: number;
  name: string;
  zh: string;
  en: string;
  type: string;
  unit: string;
  personal: boolean;
}
export interface KindDraft {
  name: string;
  zh: string;
  en: string;
  purpose: string;
  family: string;
  trust: "client" | "server";
  privacy: "public" | "behaviour" | "sensitive";
  roles: readonly string[];
  refs: readonly string[];
  amount: string;
  properties: readonly PropertyDraft[];
}

/** Where a problem stands: a field, or the name of the property with an id. */
export type Place = "name" | "zh" | "purpose" | `property-${number}`;
export type Wrong = "needName" | "badName" | "takenName" | "needZh" | "needPurpose" | "badProperty" | "twiceProperty";

const PROPERTY = /^[a-z][a-z0-9_]{0,62}$/;

export const nothing: KindDraft = { name: "", zh: "", en: "", purpose: "", family: "custom", trust: "server", privacy: "behaviour", roles: [], refs: [], amount: "", properties: [] };

/** The draft of a kind that stands, or of one that nobody defined, from what its events carry; a property that cannot be declared stays out. */
export function draftOf(seen: KindSeen): KindDraft {
  if (seen.kind) return draftOfKind(seen.kind);
  const properties = seen.properties.filter((one) => PROPERTY.test(one.name)).map((one, id) => ({ id, name: one.name, zh: "", en: "", type: one.type, unit: "", personal: one.personal }));
  // any key may send what nobody defined: a narrower right is a choice, not a start
  return { ...nothing, name: seen.name, trust: "client", roles: Object.keys(seen.roles), refs: Object.keys(seen.refs), properties };
}

export function draftOfKind(kind: Kind): KindDraft {
  const { name, zh, en, purpose, family, trust, privacy, roles, refs, amount } = kind;
  const properties = Object.entries(kind.properties).map(([id, one], place) => ({ ...one, id: place, name: id }));
  return { name, zh, en, purpose, family, trust, privacy, roles, refs, amount, properties };
}

/** What events carry and the draft does not name yet; those that cannot be declared are told apart. */
export function unnamed(draft: KindDraft, seen: KindSeen | undefined): { free: KindSeen["properties"]; bad: KindSeen["properties"] } {
  const rest = (seen?.properties ?? []).filter((one) => one.events > 0 && !draft.properties.some((row) => row.name === one.name));
  return { free: rest.filter((one) => PROPERTY.test(one.name)), bad: rest.filter((one) => !PROPERTY.test(one.name)) };
}

/** The draft with one property more. */
export function withProperty(draft: KindDraft, row: Partial<PropertyDraft> = {}): KindDraft {
  const id = Math.max(-1, ...draft.properties.map((one) => one.id)) + 1;
  return { ...draft, properties: [...draft.properties, { name: "", zh: "", en: "", type: "text", unit: "", personal: false, ...row, id }] };
}

/** What has to be mended before it can be sent; `taken` are the names of kinds that are defined. */
export function wrongs(draft: KindDraft, taken: readonly string[]): Partial<Record<Place, Wrong>> {
  const found: Partial<Record<Place, Wrong>> = {};
  const table = draft.name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  if (draft.name.trim() === "") found.name = "needName";
  else if (!/^[a-z].*_/.test(table) || draft.name !== draft.name.trim() || draft.name.includes("/")) found.name = "badName";
  else if (taken.includes(draft.name)) found.name = "takenName";
  if (draft.zh.trim() === "") found.zh = "needZh";
  if (draft.purpose.trim() === "") found.purpose = "needPurpose";
  for (const one of draft.properties) {
    if (!PROPERTY.test(one.name)) found[`property-${one.id}`] = "badProperty";
    else if (draft.properties.some((other) => other.id < one.id && other.name === one.name)) found[`property-${one.id}`] = "twiceProperty";
  }
  return found;
}

/** As PUT /v1/kinds/{name} takes it; a property without a Chinese name is called by its own. */
export function kindBody(draft: KindDraft): Schemas["KindBody"] {
  const { zh, en, purpose, family, trust, privacy, roles, refs, amount } = draft;
  return {
    zh: zh.trim(), en: en.trim(), purpose: purpose.trim(), family, trust, privacy, roles: [...roles], refs: [...refs], amount,
    properties: Object.fromEntries(draft.properties.map((one) => [one.name, { type: one.type, unit: one.unit, zh: one.zh.trim() || one.name, en: one.en, personal: one.personal }])),
  };
}
