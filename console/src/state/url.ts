/** The URL is the state: time, comparison, platforms, as-of, segment, sorting, page, open evidence. Back undoes. */
import { createContext, useCallback, useContext, useMemo } from "react";
import { useSearchParams } from "react-router";
import { DAY_MS, dayStart, isoDay, monthStart, parseChina, weekStart } from "@/format";

export const PRESETS = ["today", "yesterday", "7d", "30d", "week", "last_week", "month"] as const;
export type Preset = (typeof PRESETS)[number];
/** A preset, or inclusive days "custom:2026-11-09..2026-11-15"; the API reads the same text. */
export type Range = Preset | `custom:${string}..${string}`;
export type Compare = "prev" | "week" | "yoy" | "none";
export type Align = "solar" | "lunar" | "promotion";
type Key = "t" | "cmp" | "align" | "pf" | "asof" | "seg" | "sort" | "page" | "size" | "ev" | "tab" | "q" | "wall" | (string & {});

/** Which range a page starts with; set by the shell from the page's spec. */
export const DefaultRange = createContext<Range>("7d");

export interface Filters {
  t: Range;
  cmp: Compare;
  align: Align;
  /** platform ids; empty = all */
  pf: string[];
  /** "2026-11-09T08:00" of China time; "" = now */
  asof: string;
  seg: string;
}

/** Half-open window of milliseconds; `running` when it holds the present. */
export interface Window {
  start: number;
  end: number;
  running: boolean;
}

/** One text of the URL; setting "" or the default removes it. Anything but paging starts again at page one. */
export function useParam(key: Key, start = ""): [string, (value: string) => void] {
  const [params, set] = useParams();
  return [params.get(key) ?? start, useCallback((value: string) => set({ [key]: value === start ? "" : value }), [set, key, start])];
}

/** Many texts of the URL at once, as one step back. */
export function useParams(): [URLSearchParams, (change: Record<string, string>, replace?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Record<string, string>, replace = false) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          if (!Object.keys(change).every((key) => ["page", "ev", "tab"].includes(key))) after.delete("page");
          for (const [key, value] of Object.entries(change)) {
            if (value === "") after.delete(key);
            else after.set(key, value);
          }
          return after;
        },
        { replace },
      ),
    [setParams],
  );
  return [params, set];
}

/** The filters of the header, as typed values; what is not usable in the URL counts as the default. */
export function useFilters(): [Filters, (change: Partial<Filters>) => void] {
  const [params, set] = useParams();
  const start = useContext(DefaultRange);
  const filters = useMemo(() => readFilters(params, start), [params, start]);
  const change = useCallback(
    (next: Partial<Filters>) => {
      const texts: Record<string, string> = {};
      if (next.t !== undefined) texts.t = next.t === start ? "" : next.t;
      if (next.cmp !== undefined) texts.cmp = next.cmp === usualCompare(next.t ?? filters.t) ? "" : next.cmp;
      if (next.align !== undefined) texts.align = next.align === "solar" ? "" : next.align;
      if (next.pf !== undefined) texts.pf = next.pf.join(",");
      if (next.asof !== undefined) texts.asof = next.asof;
      if (next.seg !== undefined) texts.seg = next.seg;
      set(texts);
    },
    [set, start, filters.t],
  );
  return [filters, change];
}

/** What a range is compared with unless asked otherwise: a day with the same weekday of the week before, else the time just before. */
export function usualCompare(range: Range): Compare {
  const ends = isPreset(range) ? null : customEnds(range);
  return range === "today" || range === "yesterday" || (ends !== null && ends[1] - ends[0] === DAY_MS) ? "week" : "prev";
}

export function readFilters(params: URLSearchParams, start: Range = "7d"): Filters {
  const t = params.get("t") ?? "";
  const asof = params.get("asof") ?? "";
  const range = isRange(t) ? t : start;
  return {
    t: range,
    cmp: one(params.get("cmp"), ["prev", "week", "yoy", "none"], usualCompare(range)),
    align: one(params.get("align"), ["solar", "lunar", "promotion"], "solar"),
    pf: (params.get("pf") ?? "").split(",").filter((id) => /^[a-z][a-z0-9_]{0,30}$/.test(id)),
    asof: parseChina(asof) === null ? "" : asof,
    seg: params.get("seg") ?? "",
  };
}

/** The present of the reader: the as-of instant, else the clock. */
export function nowOf(filters: Filters, clock = Date.now()): number {
  return parseChina(filters.asof) ?? clock;
}

/** The window of a range, in whole days of China time, ending at the present where that lies inside. */
export function windowOf(range: Range, now: number): Window {
  const today = dayStart(now);
  const ends: Record<Preset, [number, number]> = {
    today: [today, today + DAY_MS],
    yesterday: [today - DAY_MS, today],
    "7d": [today - 6 * DAY_MS, today + DAY_MS],
    "30d": [today - 29 * DAY_MS, today + DAY_MS],
    week: [weekStart(now), weekStart(now) + 7 * DAY_MS],
    last_week: [weekStart(now) - 7 * DAY_MS, weekStart(now)],
    month: [monthStart(now), monthStart(now, 1)],
  };
  const [start, end] = isPreset(range) ? ends[range] : (customEnds(range) ?? ends["7d"]);
  const running = start <= now && now < end;
  return { start, end: running ? now : end, running };
}

/** The filters as the routes of data pages take them; hand it to `query`. */
export function filterQuery(filters: Filters): { t: Range; cmp: Compare; align: Align; pf: string; asof: string } {
  return { t: filters.t, cmp: filters.cmp, align: filters.align, pf: filters.pf.join(","), asof: filters.asof };
}

/** Inclusive days of two instants as a range of the URL. */
export const customRange = (start: number, end: number): Range => `custom:${isoDay(start)}..${isoDay(Math.max(start, end - 1))}`;

/** "-gmv" → column and direction. */
export function useSort(start = ""): [{ by: string; down: boolean }, (by: string, down: boolean) => void] {
  const [sort, setSort] = useParam("sort", start);
  const set = useCallback((by: string, down: boolean) => setSort(by ? `${down ? "-" : ""}${by}` : ""), [setSort]);
  return [{ by: sort.replace(/^-/, ""), down: sort.startsWith("-") }, set];
}

const isPreset = (text: string): text is Preset => (PRESETS as readonly string[]).includes(text);

function isRange(text: string): text is Range {
  if (isPreset(text)) return true;
  const ends = customEnds(text);
  return ends !== null && ends[0] < ends[1];
}

function customEnds(range: string): [number, number] | null {
  const found = /^custom:(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(range);
  const [start, end] = [parseChina(found?.[1] ?? ""), parseChina(found?.[2] ?? "")];
  return start === null || end === null ? null : [start, end + DAY_MS];
}

function one<T extends string>(text: string | null, allowed: readonly T[], otherwise: T): T {
  return allowed.includes(text as T) ? (text as T) : otherwise;
}
