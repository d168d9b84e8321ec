/** The table that says what a chart says: the same numbers, for eyes, keyboards and export. */
import type { ReactNode } from "react";
import { MISSING } from "@/format";
import "./figures.css";

/** A text, or a text with every digit for hover and export. */
export type Cell = string | number | null | { text: string; exact: string };

export interface Twin {
  /** what the rows are, in a sentence */
  caption: string;
  columns: readonly { title: string; numeric?: boolean }[];
  rows: readonly (readonly Cell[])[];
}

export function TableTwin({ twin, shade }: { twin: Twin; shade?: (row: number, column: number) => { background: string; color: string } | undefined }): ReactNode {
  return (
    <table className="twin">
      <caption className="hidden-text">{twin.caption}</caption>
      <thead>
        <tr>{twin.columns.map((column) => <th key={column.title} scope="col" className={column.numeric ? "num" : undefined}>{column.title}</th>)}</tr>
      </thead>
      <tbody>
        {twin.rows.map((cells, row) => (
          <tr key={row}>
            {cells.map((cell, at) => {
              const numeric = twin.columns[at]?.numeric;
              const props = { className: numeric ? "num" : undefined, title: exactOf(cell), style: shade?.(row, at) };
              return at === 0 ? <th key={at} scope="row" {...props}>{textOf(cell)}</th> : <td key={at} {...props}>{textOf(cell)}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What may be wider than its card scrolls inside it, by keyboard too. */
export function Wide({ label, children, className = "", minHeight }: { label: string; children: ReactNode; className?: string; minHeight?: number }): ReactNode {
  return <div className={`twin-box ${className}`} role="group" aria-label={label} tabIndex={0} style={{ minHeight }}>{children}</div>;
}

/** The twin as CSV, every digit; a cell that a spreadsheet would run as a formula stays text. */
export function csvOf(twin: Twin): string {
  const lines = [twin.columns.map((column) => column.title), ...twin.rows.map((row) => row.map((cell) => exactOf(cell) ?? textOf(cell)))];
  return `\uFEFF${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

export const textOf = (cell: Cell | undefined): string => (cell == null ? MISSING : typeof cell === "object" ? cell.text : String(cell));
const exactOf = (cell: Cell): string | undefined => (cell !== null && typeof cell === "object" ? cell.exact : undefined);

function quoted(text: string): string {
  const plain = /^[=+@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
