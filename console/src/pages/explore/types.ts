/** The answers of GET /v1/explore/…, as traits/metrics/shapes.py has them. */
import type { Point, Span } from "@/parts/answers";

export const KINDS = ["events", "funnel", "retention", "paths", "distribution", "interval", "ltv"] as const;
export type Kind = (typeof KINDS)[number];

interface Told { known: number; window: Span; took_ms: number }
export interface EventTrend extends Told { kind: string; measure: string; by: string; series: [string, Point[]][]; currency?: string }
export interface FunnelStep { kind: string; zh: string; people: number; of_previous: number | null; of_first: number | null; median_ms: number | null }
export interface Funnel extends Told { within_ms: number; by: string; groups: [string, FunnelStep[]][] }
export interface Cohorts extends Told { start: string; back: string; period: string; rows: { start_ms: number; people: number; kept: (number | null)[] }[]; overall: (number | null)[] }
export interface PathLink { place: number; source: string; target: string; sessions: number }
export interface Paths extends Told { start: string; backwards: boolean; sessions: number; links: PathLink[]; names: Record<string, string> }
export interface Bin { low: number; high: number | null; people: number }
export interface Distribution extends Told { of: string; unit: string; people: number; mean: number | null; median: number | null; p90: number | null; bins: Bin[]; currency?: string }
export interface Intervals extends Told { start: string; back: string; pairs: number; median_days: number | null; p10_days: number | null; p90_days: number | null; bins: Bin[] }
export interface Ltv extends Told { period: string; rows: { start_ms: number; people: number; amount: (number | null)[] }[]; overall: (number | null)[]; currency: string }
export interface Answers { events: EventTrend; funnel: Funnel; retention: Cohorts; paths: Paths; distribution: Distribution; interval: Intervals; ltv: Ltv }
