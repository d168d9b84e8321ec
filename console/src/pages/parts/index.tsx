import type { PageSpec } from "@/registry";

/** The parts with their states: in development, or behind `?parts`. */
export const page: PageSpec = {
  path: "/parts", group: "settings", order: 90, title: { zh: "部件", en: "Parts" }, menu: import.meta.env.DEV,
  filters: ["time", "platforms", "asof"], load: () => import("./Page"),
};
