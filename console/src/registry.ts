/** The pages: whatever folder exists under pages/ and exports a `page` is in the menu. Nobody edits a list. */
import type { ComponentType } from "react";
import type { Verb } from "@/api/client";
import type { Label, Lang } from "@/i18n";
import type { Range } from "@/state/url";

export const GROUPS = ["overview", "platforms", "people", "plays", "content", "service", "risk", "analysis", "ledger", "data", "settings"] as const;
export type Group = (typeof GROUPS)[number];

/** Something that the search of the header found. */
export interface Hit {
  id: string;
  title: string;
  note?: string;
  to: string;
}

export interface PageSpec {
  /** "/people/:id"; several pages may share one folder */
  path: string;
  group: Group;
  /** place inside the group; lower first */
  order: number;
  title: Label;
  /** other names under which the search finds it */
  synonyms?: string[];
  /** the caller must hold all of them, else the page is absent from menu and search */
  verbs?: Verb[];
  /** false: reachable, not in the menu */
  menu?: boolean;
  /** a page that belongs under another in the menu, by path */
  parent?: string;
  /** header filters that the page heeds; the others are absent */
  filters?: ("time" | "platforms" | "asof")[];
  /** range that the page starts with; "7d" when left out */
  range?: Range;
  /** letter of `g` + letter */
  jump?: string;
  /** single keys that the page itself takes, for the list of shortcuts */
  keys?: { keys: string[]; does: Label }[];
  /** searches what this page knows; personal fields by exact match only */
  find?: (text: string, lang: Lang) => Promise<Hit[]>;
  load: () => Promise<{ default: ComponentType }>;
}

const modules = import.meta.glob<{ page?: PageSpec; pages?: PageSpec[] }>("./pages/*/index.tsx", { eager: true });

export const PAGES: PageSpec[] = Object.values(modules)
  .flatMap((one) => [...(one.page ? [one.page] : []), ...(one.pages ?? [])])
  .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || a.order - b.order);

/** The pages that a person with these verbs may open. */
export const allowed = (verbs: readonly string[]): PageSpec[] => PAGES.filter((page) => (page.verbs ?? []).every((verb) => verbs.includes(verb)));
