/** Traits for the search of the header: by their sentence, or by their own name. */
import { api } from "@/api/client";
import type { Lang } from "@/i18n";
import type { Hit } from "@/registry";
import { tidy } from "./logic";
import { saidOf, traitPath } from "./names";

const LEAST = 2; // signs below which half of the catalogue would be found
const MOST = 8;

export async function find(text: string, lang: Lang): Promise<Hit[]> {
  const words = tidy(text);
  if (words.length < LEAST) return [];
  const { rows } = await api.get("/v1/traits", { query: { q: words } });
  return rows.slice(0, MOST).map((row) => ({ id: `trait:${row.name}`, title: saidOf(row, lang), note: row.name, to: traitPath(row.name) }));
}
