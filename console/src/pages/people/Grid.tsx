/** Recency by frequency, five by five: each cell says how many people and what they paid; pressing it shows them below. */
import type { ReactNode } from "react";
import { exact, money } from "@/format";
import { useLang, useT } from "@/i18n";
import { HEAT } from "@/theme";
import { m } from "./messages";
import type { Rfm } from "./Page";

/** Fewer people than this are not told. */
export const LEAST = 5;
const NOBODY = "—";
const SCORES = [1, 2, 3, 4, 5] as const;

type Cell = Rfm["cells"][number];

export function Grid({ rfm, chosen, onChoose }: { rfm: Rfm; chosen: { r: number; f: number }; onChoose: (recency: number, frequency: number) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  // Equal cuts leave scores that nobody can have: they are no rows or columns.
  const columns = SCORES.filter((f) => bounds(rfm.cuts_frequency, f, "") !== NOBODY || SCORES.some((r) => cellOf(rfm.cells, r, f)?.people));
  const rows = SCORES.filter((r) => bounds(rfm.cuts_recency, 6 - r, "") !== NOBODY || SCORES.some((f) => cellOf(rfm.cells, r, f)?.people));
  const most = Math.max(1, ...rfm.cells.map((cell) => cell.people));
  return (
    <table className="rfm-grid">
      <caption className="note">{t("gridCaption")}</caption>
      <thead>
        <tr><th scope="col"><span className="hidden-text">{t("recency")}</span></th>{columns.map((f) => <th key={f} scope="col">F{f} <span className="note">{bounds(rfm.cuts_frequency, f, t("times"))}</span></th>)}</tr>
      </thead>
      <tbody>
        {[...rows].reverse().map((r) => (
          <tr key={r}>
            <th scope="row">R{r}<br /><span className="note">{bounds(rfm.cuts_recency, 6 - r, t("days"))}</span></th>
            {columns.map((f) => {
              const cell = cellOf(rfm.cells, r, f);
              const level = heatOf(cell?.people ?? 0, most);
              const people = peopleText(cell?.people ?? 0, t("few"));
              if (!cell?.people) return <td key={f} className="none">0</td>;
              return (
                <td key={f} style={level === null ? undefined : { background: HEAT[level], color: level >= 3 ? "#FFFFFF" : "#1F2328" }}>
                  <button
                    type="button" className="plain" aria-pressed={chosen.r === r && chosen.f === f} onClick={() => onChoose(r, f)}>
                    <span className="hidden-text">{t("cell", { r, f })}</span><strong>{people}</strong><br />{cell.people < LEAST ? "—" : money(cell.amount, rfm.currency, lang)}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const cellOf = (cells: readonly Cell[], r: number, f: number): Cell | undefined => cells.find((cell) => cell.recency === r && cell.frequency === f);

/** One of five steps by the share of the fullest cell; null for nobody. Few people all look alike, so that the shade does not tell how many. */
export function heatOf(people: number, most: number): number | null {
  if (people <= 0) return null;
  return people < LEAST ? 0 : Math.min(4, Math.floor(Math.sqrt(people / most) * 4.999));
}

export const peopleText = (people: number, few: string): string => (people > 0 && people < LEAST ? few : exact(people));

/** What a score stands for, from the four cuts between five scores: "3 至 5". `place` 1..5 from the smallest. */
export function bounds(cuts: readonly number[], place: number, unit: string): string {
  if (cuts.length !== 4) return "";
  const [low, high] = [cuts[place - 2], cuts[place - 1]];
  const text = (value: number | undefined): string => exact(value, Number.isInteger(value) ? 0 : 1);
  if (low !== undefined && low === high) return NOBODY; // equal cuts: nobody can have this score
  if (low === undefined) return `≤ ${text(high)} ${unit}`;
  return high === undefined ? `> ${text(low)} ${unit}` : `≤ ${text(high)} ${unit}`;
}
