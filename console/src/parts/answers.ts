/** What data pages are answered with, as the parts draw it; the shapes of traits/metrics/answers.py. */
export type Unit = "money" | "count" | "share" | "days" | "ratio";
export type Better = "higher" | "lower" | "neither";
export interface Span { start_ms: number; end_ms: number; partial: boolean }
export interface Reading { value: number | null; n: number; numerator: number | null; denominator: number | null; missing: string }
export interface MetricAnswer {
  metric: string; zh: string; en: string; unit: Unit; better: Better;
  current: Reading; compared: Reading | null; change: number | null; currency: string;
}
export interface Point { start_ms: number; value: number | null; partial: boolean }
export interface Series { key: string; zh: string; points: Point[] }
export interface Freshness {
  platform: string; zh: string; en: string; disc: string; state: "fresh" | "late" | "stopped" | "never";
  newest_at_ms: number | null; learnt_ms: number | null; promise_ms: number; events: number;
}
export interface DateNote { id: string; day: string; text: string; source: string; platform: string }
