/** How many decisions chose what, and what refused how many: each line filters the list. */
import { useId, type ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { exact } from "@/format";
import { useLang } from "@/i18n";
import { widths } from "./query";

type Row = Schemas["CountedName"];

interface Props {
  title: string;
  note?: string;
  rows: readonly Row[];
  /** how a row is called, when its own name is not it */
  label?: (row: Row) => string;
  /** what kind of thing it is */
  kind?: (row: Row) => string;
  isOn: (row: Row) => boolean;
  onPick: (row: Row) => void;
  empty: string;
}

export function Counted({ title, note, rows, label, kind, isOn, onPick, empty }: Props): ReactNode {
  const lang = useLang();
  const id = useId();
  const wide = widths(rows);
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id} style={{ fontSize: 14, lineHeight: "22px" }}>{title}</h2>
      {note && rows.length > 0 && <p className="note">{note}</p>}
      {rows.length === 0 && <p className="note">{empty}</p>}
      <ul style={{ marginTop: 4 }}>
        {rows.map((row, at) => (
          <li key={`${row.by}.${row.name}`}>
            <button type="button" className="plain count-line" aria-pressed={isOn(row)} onClick={() => onPick(row)}>
              <i aria-hidden style={{ width: `${(wide[at] ?? 0) * 100}%` }} />
              <span className="grow">{label?.(row) ?? row[lang]}{kind && <span className="note" style={{ whiteSpace: "nowrap" }}> {kind(row)}</span>}</span>
              <span className="num">{exact(row.decisions)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
