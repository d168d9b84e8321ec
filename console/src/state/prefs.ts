/** What belongs to the person and not to the URL: language, appearance, density, columns.
 *
 * Kept in this browser; the part the server keeps too (`Appearance`) is carried over by state/session. */
import { useCallback, useSyncExternalStore } from "react";
import type { Lang } from "@/i18n";

/** The part that follows the person to other browsers. */
export interface Appearance {
  /** how a rise and a fall are coloured; never fills */
  colours: "none" | "red_up" | "green_up";
  density: "compact" | "roomy";
  language: Lang;
  theme: "light" | "dark" | "system";
  /** single-key shortcuts */
  shortcuts: boolean;
  /** when the first-run tour was finished or closed; null: it is offered */
  tour_ms: number | null;
}

export interface Prefs extends Appearance {
  collapsed: boolean;
  closedGroups: string[];
  /** this browser's hint about its fonts was read */
  fontHintClosed: boolean;
  /** hidden columns, by table */
  hiddenColumns: Record<string, string[]>;
}

const KEY = "guanxi.prefs";
const START: Prefs = {
  colours: "none", density: "compact", language: "zh", theme: "light", shortcuts: true, tour_ms: null,
  collapsed: false, fontHintClosed: false, closedGroups: [], hiddenColumns: {},
};
const listeners = new Set<() => void>();
let current = read();

function read(): Prefs {
  try {
    return { ...START, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>) };
  } catch {
    return START; // storage switched off, or written by something else
  }
}

export const prefs = (): Prefs => current;

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // without storage the choice lasts until the page is left
  }
  listeners.forEach((tell) => tell());
}

export function watchPrefs(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function usePrefs(): [Prefs, (change: Partial<Prefs>) => void] {
  return [useSyncExternalStore(watchPrefs, prefs), setPrefs];
}

export function usePref<K extends keyof Prefs>(name: K): [Prefs[K], (value: Prefs[K]) => void] {
  const value = useSyncExternalStore(watchPrefs, () => current[name]);
  return [value, useCallback((next: Prefs[K]) => setPrefs({ [name]: next }), [name])];
}

/** Light or dark as shown now; "system" follows the machine. */
export function useMode(): "light" | "dark" {
  const [theme] = usePref("theme");
  const wall = useSyncExternalStore(watchPlace, isWall);
  const dark = useSyncExternalStore(watchSystem, () => window.matchMedia("(prefers-color-scheme: dark)").matches);
  return wall || theme === "dark" || (theme === "system" && dark) ? "dark" : "light";
}

const isWall = (): boolean => new URLSearchParams(window.location.search).get("wall") === "1";

const places = new Set<() => void>();
/** The router went somewhere. */
export const tellPlace = (): void => places.forEach((tell) => tell());

function watchPlace(tell: () => void): () => void {
  places.add(tell);
  return () => places.delete(tell);
}

function watchSystem(tell: () => void): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}
