/** The answer of GET /v1/cockpit, as traits/metrics/answers.py has it. */
import type { Better, DateNote, Freshness, MetricAnswer, Series, Span, Unit } from "@/parts/answers";

export interface MetricChange {
  metric: string; zh: string; en: string; unit: Unit; better: Better; dimension: string; part: string; part_zh: string;
  current: number | null; compared: number | null; change: number | null; of_total: number | null; stale: boolean;
}
export interface Todo { kind: string; count: number; path: string; since_ms: number | null }
export interface Cockpit {
  known: number; as_of_ms: number; window: Span; compared: Span | null; cards: MetricAnswer[]; freshness: Freshness[]; changes: MetricChange[];
  metric: string; trend: Series[]; multiples: Series[]; notes: DateNote[]; todo: Todo[]; newest_at_ms: number | null; rows: number; took_ms: number;
}
