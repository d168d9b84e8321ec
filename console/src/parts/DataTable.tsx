/** A table of the server's rows: paging, sorting and totals in words. The page scrolls, never the table, but on a phone. */
import "./people.css";
import { type KeyboardEvent, type ReactNode, useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { Button, Checkbox, Pagination, Popover, Radio, Table } from "antd";
import type { ColumnsType } from "antd/es/table";
import { exact } from "@/format";
import { catalogue, useT } from "@/i18n";
import { usePref } from "@/state/prefs";
import { useParams } from "@/state/url";

export interface Column<Row> {
  /** key of the column; what is sent as `sort` when `sorts` */
  key: string;
  title: string;
  /** said once in the head: 成交额（万元） */
  unit?: string;
  render: (row: Row) => ReactNode;
  /** right-aligned digits of one width */
  numeric?: boolean;
  /** the server can sort by it */
  sorts?: boolean;
  /** the first press sorts downwards; as for amounts and dates */
  downFirst?: boolean;
  /** cannot be hidden */
  always?: boolean;
  /** hidden until the person shows it */
  startsHidden?: boolean;
  width?: number | string;
}

/** Where a table stands, from the URL; `query` is what the routes take. */
export interface Paging {
  page: number;
  size: number;
  sort: string;
  query: { page: number; size: number; sort: string };
  turn: (page: number, size?: number) => void;
  order: (sort: string) => void;
}

export const SIZES = [50, 100] as const;
const DRAWN = 100; // rows at once, when all are here

/** Page, size and sorting of a table in the URL. `name` tells two tables of one page apart. */
export function usePaging(start: { sort?: string; size?: number; name?: string } = {}): Paging {
  const [params, set] = useParams();
  const { sort: startSort = "", size: startSize = SIZES[0], name = "" } = start;
  const key = useCallback((of: "page" | "size" | "sort") => (name ? `${name}.${of}` : of), [name]);
  const page = whole(params.get(key("page")), 1, 1_000_000) ?? 1;
  const size = SIZES.find((one) => String(one) === params.get(key("size"))) ?? startSize;
  const sort = params.get(key("sort")) ?? startSort;
  return useMemo(
    () => ({
      page, size, sort, query: { page, size, sort },
      turn: (next, nextSize = size) => {
        const first = nextSize !== size;
        set({ [key("size")]: nextSize === startSize ? "" : String(nextSize), [key("page")]: first || next === 1 ? "" : String(next) });
      },
      order: (next) => set({ [key("sort")]: next === startSort ? "" : next, [key("page")]: "" }),
    }),
    [page, size, sort, key, set, startSize, startSort],
  );
}

export interface DataTableProps<Row> {
  /** under this name the person's columns are remembered */
  id: string;
  /** what the rows are, for those who do not see the table */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** all rows of the question, not of this page; null: the server does not count them, and the foot says how many are shown */
  total: number | null;
  /** rows that come by a cursor: loads the next ones; absent when there are none */
  onMore?: () => void;
  /** from `usePaging`; absent: all rows are here already, and the first hundred are drawn until more are asked for */
  paging?: Paging;
  /** a new answer is on its way; the old rows stay */
  busy?: boolean;
  /** Enter or a click on a row */
  onOpen?: (row: Row) => void;
  /** what stands beside the tools on the left, such as a search */
  before?: ReactNode;
  /** what stands beside the tools on the right, such as an export */
  tools?: ReactNode;
  /** verbs for picked rows; absent: rows cannot be picked */
  batch?: (picked: readonly string[], clear: () => void) => ReactNode;
  /** how a row is called when it is picked */
  rowLabel?: (row: Row) => string;
  /** marks the row whose detail is open */
  current?: string;
  /** instead of rows when there are none */
  empty?: ReactNode;
  /** hides columns, density and total of a small table */
  bare?: boolean;
  /** what a row unfolds into */
  expand?: (row: Row) => ReactNode;
}

export function DataTable<Row extends object>(props: DataTableProps<Row>): ReactNode {
  const { id, label, columns, rows, rowKey, total, paging, busy, onOpen, before, tools, batch, rowLabel, current, empty, bare, expand, onMore } = props;
  const t = useT(m);
  const [density] = usePref("density");
  const [hidden] = usePref("hiddenColumns");
  const narrow = useNarrow();
  const [picked, setPicked] = useState<readonly string[]>([]);
  const [most, setMost] = useState(DRAWN);
  const drawn = paging || onMore || rows.length <= most ? rows : rows.slice(0, most);
  const gone = hidden[id] ?? columns.filter((column) => column.startsHidden).map((column) => column.key);
  const shown = columns.filter((column) => column.always || !gone.includes(column.key));
  const heads: ColumnsType<Row> = shown.map((column) => ({
    key: column.key, width: column.width, align: column.numeric ? "right" : "left", className: column.numeric ? "num" : undefined,
    title: column.unit ? `${column.title}（${column.unit}）` : column.title, render: (_: unknown, row: Row) => column.render(row),
    sorter: Boolean(column.sorts && paging), sortOrder: paging ? orderOf(column.key, paging.sort) : null,
    sortDirections: column.downFirst ? ["descend", "ascend"] : ["ascend", "descend"], showSorterTooltip: false,
  }));
  const clear = (): void => setPicked([]);
  const here = picked.filter((key) => rows.some((row) => rowKey(row) === key));
  return (
    <div className="data-table">
      {!bare && (
        <div className="row wrap" style={{ marginBottom: 8, minHeight: 32 }}>
          <div className="row wrap grow">{before}</div>
          <span className="note" aria-live="polite">{busy ? t("busy") : paging ? sortedBy(columns, paging.sort, t) : ""}</span>
          {tools}
          <Choices id={id} columns={columns} gone={gone} />
        </div>
      )}
      {batch && here.length > 0 && (
        <div className="row wrap" role="region" aria-label={t("picked", { n: here.length })} style={{ background: "var(--blue-tint)", padding: "4px 12px", marginBottom: 8 }}>
          <span>{t("picked", { n: here.length })}</span>
          <span className="row wrap grow">{batch(here, clear)}</span>
          <Button type="link" onClick={clear}>{t("clear")}</Button>
        </div>
      )}
      <div className="data-table-wide" {...(narrow ? { role: "group", tabIndex: 0, "aria-label": label } : {})}>
      <Table<Row>
        aria-label={label} size={density === "compact" || bare ? "small" : "middle"} columns={heads} dataSource={drawn as Row[]} rowKey={rowKey}
        pagination={false} locale={{ emptyText: empty ?? t("empty") }} rowClassName={(row) => (rowKey(row) === current ? "current-row" : "")}
        onChange={(_, __, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          if (paging) paging.order(one?.order ? `${one.order === "descend" ? "-" : ""}${String(one.columnKey)}` : "");
        }}
        onRow={(row) => (onOpen ? { tabIndex: 0, style: { cursor: "pointer" }, onClick: (event) => opens(event.target) && onOpen(row), onKeyDown: (event) => moved(event, () => onOpen(row)) } : {})}
        rowSelection={batch ? {
          selectedRowKeys: here as string[], onChange: (keys) => setPicked(keys.map(String)), columnWidth: 40,
          getCheckboxProps: (row) => ({ "aria-label": t("pick", { name: rowLabel?.(row) ?? rowKey(row) }) }) as never,
          getTitleCheckboxProps: () => ({ "aria-label": t("pickAll") }) as never,
        } : undefined}
        expandable={expand ? { expandedRowRender: expand } : undefined}
      />
      </div>
      {drawn.length < rows.length && (
        <div className="row" style={{ marginTop: 8 }}>
          <span className="note">{t("shown", { n: exact(drawn.length) })}</span>
          <Button size="small" onClick={() => setMost(most + DRAWN)}>{t("more")}</Button>
        </div>
      )}
      {!bare && (
        <div className="row wrap" style={{ justifyContent: "space-between", marginTop: 8 }}>
          <span className="note">{total === null ? t("shown", { n: exact(rows.length) }) : t("total", { n: exact(total) })}</span>
          {onMore && <Button size="small" disabled={busy} onClick={onMore}>{t("more")}</Button>}
          {paging && total !== null && total > SIZES[0] && (
            <Pagination
              size="small" current={paging.page} pageSize={paging.size} total={total} pageSizeOptions={SIZES.map(String)} showSizeChanger={{ showSearch: false, "aria-label": t("size") }}
              onChange={(page, size) => paging.turn(page, size)} showLessItems
            />
          )}
        </div>
      )}
    </div>
  );
}

/** Columns and density, which belong to the person. */
function Choices<Row>({ id, columns, gone }: { id: string; columns: readonly Column<Row>[]; gone: readonly string[] }): ReactNode {
  const t = useT(m);
  const [hidden, setHidden] = usePref("hiddenColumns");
  const [density, setDensity] = usePref("density");
  const toggle = (key: string, on: boolean): void => setHidden({ ...hidden, [id]: on ? gone.filter((one) => one !== key) : [...gone, key] });
  const content = (
    <div style={{ display: "grid", gap: 4, minWidth: 160 }}>
      {columns.map((column) => (
        <Checkbox key={column.key} disabled={column.always} checked={column.always || !gone.includes(column.key)} onChange={(event) => toggle(column.key, event.target.checked)}>
          {column.title}
        </Checkbox>
      ))}
    </div>
  );
  return (
    <>
      <Popover trigger="click" placement="bottomRight" content={content} title={t("columns")}>
        <Button>{t("columns")}</Button>
      </Popover>
      <Radio.Group aria-label={t("density")} value={density} onChange={(event) => setDensity(event.target.value as typeof density)} optionType="button" options={[{ value: "compact", label: t("compact") }, { value: "roomy", label: t("roomy") }]} />
    </>
  );
}

/** "-amount" → how antd calls it, for the column that it names. */
export function orderOf(key: string, sort: string): "ascend" | "descend" | null {
  if (sort.replace(/^-/, "") !== key) return null;
  return sort.startsWith("-") ? "descend" : "ascend";
}

function sortedBy<Row>(columns: readonly Column<Row>[], sort: string, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  const column = columns.find((one) => one.key === sort.replace(/^-/, ""));
  if (!column) return "";
  return t(sort.startsWith("-") ? "down" : "up", { name: column.title });
}

/** A click on something that acts by itself is not a click on the row. */
function opens(target: EventTarget): boolean {
  return !(target instanceof Element) || !target.closest("a, button, input, label, .ant-checkbox-wrapper, .ant-table-selection-column");
}

/** Enter opens; arrows go to the next row, as far as there is one. */
function moved(event: KeyboardEvent<HTMLElement>, open: () => void): void {
  if (event.target !== event.currentTarget) return;
  if (event.key === "Enter") {
    event.preventDefault();
    open();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  let next: Element | null = event.currentTarget;
  do next = event.key === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling;
  while (next && !next.hasAttribute("tabindex"));
  (next as HTMLElement | null)?.focus();
}

const PHONE = "(max-width: 720px)";
const watchWidth = (tell: () => void): (() => void) => {
  const query = window.matchMedia(PHONE);
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
};
const useNarrow = (): boolean => useSyncExternalStore(watchWidth, () => window.matchMedia(PHONE).matches);

/** A whole number of the URL inside bounds, else null. */
function whole(text: string | null, least: number, most: number): number | null {
  const value = /^\d{1,9}$/.test(text ?? "") ? Number(text) : NaN;
  return value >= least && value <= most ? value : null;
}

const m = catalogue({
  zh: {
    columns: "列", density: "密度", compact: "紧凑", roomy: "宽松", total: "共 {n} 条", busy: "更新中", empty: "没有数据", shown: "已显示 {n} 条", more: "再显示一些", size: "每页条数",
    up: "按{name}从低到高", down: "按{name}从高到低", picked: "已选 {n} 条", clear: "取消选择", pick: "选择 {name}", pickAll: "选择本页全部",
  },
  en: {
    columns: "Columns", density: "Density", compact: "Compact", roomy: "Roomy", total: "{n} rows", busy: "Updating", empty: "No data", shown: "{n} rows shown", more: "Show more", size: "Rows per page",
    up: "{name}, lowest first", down: "{name}, highest first", picked: "{n} picked", clear: "Clear", pick: "Pick {name}", pickAll: "Pick all on this page",
  },
});
