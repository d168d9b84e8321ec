/** The platforms: ids, names and discs, from the one table of the server (`scripts/console.py types` writes it). */
import type { Lang } from "@/i18n";
import { platformColour, type Mode } from "@/theme";
import table from "./api/platforms.json";

export interface Platform {
  id: string;
  zh: string;
  en: string;
  disc: string;
}
export const PLATFORMS: readonly Platform[] = table;

const byId = new Map(PLATFORMS.map((one) => [one.id, one]));

/** A platform by id; one that a workspace added bears its id. "" = no platform. */
export function platform(id: string): Platform {
  return byId.get(id) ?? { id, zh: id || "未标平台", en: id || "No platform", disc: (id[0] ?? "?").toUpperCase() };
}

export const platformName = (id: string, lang: Lang): string => platform(id)[lang];
export const discColour = (id: string, mode: Mode): string => platformColour(id, mode);
