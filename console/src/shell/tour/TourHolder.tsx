/** Whether the tour is shown: to whom it is not over, on the cockpit; to anybody who asks for it. */
import { lazy, type ReactNode, Suspense, useSyncExternalStore } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "react-router";
import { api, queryKey, type Schemas, useGet } from "@/api/client";
import { setPrefs, usePref } from "@/state/prefs";
import { useParam } from "@/state/url";

const PATH = "/v1/tour";
export const TOUR_PAGE = "/cockpit";
const Tour = lazy(() => import("./Tour").then((part) => ({ default: part.Tour })));

let asked = false;
const watchers = new Set<() => void>();
const watch = (tell: () => void): (() => void) => {
  watchers.add(tell);
  return () => watchers.delete(tell);
};

/** Show the tour again, or end it; it stands on TOUR_PAGE. */
export function askTour(on: boolean): void {
  asked = on;
  watchers.forEach((tell) => tell());
}

export function TourHolder(): ReactNode {
  const client = useQueryClient();
  const { pathname } = useLocation();
  const [ev] = useParam("ev");
  const [over] = usePref("tour_ms");
  const again = useSyncExternalStore(watch, () => asked);
  const { data, isError } = useGet(PATH, {}, { enabled: over === null || again, staleTime: Infinity });
  const due = data !== undefined && !data.done && over === null && ev === "";
  const shown = pathname === TOUR_PAGE && (again ? data !== undefined || isError : due);
  const close = (): void => {
    askTour(false);
    client.setQueryData<Schemas["Tour"]>(queryKey(PATH), (before) => before && { ...before, done: true });
    setPrefs({ tour_ms: Date.now() });
    void api.put(PATH, { body: { done: true } }).then((kept) => setPrefs({ tour_ms: kept.tour_ms }), () => {}); // in this browser it is over all the same
  };
  return shown ? <Suspense><Tour data={data} onClose={close} /></Suspense> : null;
}
