/** The kinds of analysis, and what each is answered with. */
import type { Schemas } from "@/api/client";

export const KINDS = ["events", "funnel", "retention", "paths", "distribution", "interval", "ltv"] as const;
export type Kind = (typeof KINDS)[number];

export interface Answers {
  events: Schemas["EventTrend"]; funnel: Schemas["Funnel"]; retention: Schemas["Cohorts"]; paths: Schemas["Paths"]; distribution: Schemas["Distribution"];
  interval: Schemas["Intervals"]; ltv: Schemas["Ltv"];
}
