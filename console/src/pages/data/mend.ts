/** One mend for a whole group of parked rows: what is asked, and when it says enough to be tried. */
import type { Schemas } from "@/api/client";
import type { Group } from "./words";

export type How = Schemas["MendBody"]["how"];
export interface Draft {
  how: How;
  column: string;
  value: string;
  find: string;
  unit: string;
  note: string;
}

export const HOWS: readonly How[] = ["set", "replace", "scale", "retry", "ignore"];

/** The mend to begin with: something is missing → set it; else one text is replaced. */
export function start(detail: Pick<Schemas["ParkedDetail"], "values" | "columns" | "group">): Draft {
  const column = detail.group.field.split("|")[0] ?? "";
  const filled = detail.values.some((one) => one.value !== "");
  return { how: filled ? "replace" : "set", column: column || (detail.columns[0] ?? ""), value: "", find: "", unit: "", note: "" };
}

/** Whether the draft can be tried: an empty value may be set, but not by accident. */
export function complete(draft: Draft, touched: boolean): boolean {
  if (draft.how === "retry") return true;
  if (draft.how === "ignore") return draft.note.trim().length >= 2;
  if (draft.column === "") return false;
  if (draft.how === "set") return draft.value !== "" || touched;
  return draft.how === "replace" ? draft.find !== "" : draft.unit !== "";
}

/** As POST /v1/parked/mend takes it; what the way of mending does not use stays out. */
export function body(group: Group, draft: Draft, dry: boolean): Schemas["MendBody"] {
  const used: Record<How, (keyof Draft)[]> = { set: ["column", "value"], replace: ["column", "find", "value"], scale: ["column", "unit"], retry: [], ignore: ["note"] };
  const kept = Object.fromEntries(used[draft.how].map((name) => [name, draft[name]]));
  return { ...group, how: draft.how, column: "", value: "", find: "", unit: "", note: "", settings: {}, ...kept, dry_run: dry };
}
