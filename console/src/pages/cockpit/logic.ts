/** What the cockpit says, apart from how it is drawn. */
import type { Schemas } from "@/api/client";
import { clock, DAY_MS, day, days, time, weekStart } from "@/format";
import { say, type Lang } from "@/i18n";
import { shown, type Unit } from "@/parts/units";
import { customRange, type Range } from "@/state/url";
import { m } from "./messages";

type Freshness = Schemas["Freshness"];
type Point = Schemas["Point"];
type Span = Schemas["Span"];

/** The one line under the title: what is shown, up to when, against what. */
export function windowSentence(window: Span, compared: Span | null, lang: Lang, now: number): string {
  const t = say(m, lang);
  const shownDays = days(window.start_ms, window.end_ms, lang, now);
  const then = compared ? days(compared.start_ms, compared.end_ms, lang, now) : "";
  if (window.partial) {
    const up = { days: shownDays, time: clock(window.end_ms) };
    return compared ? t("running", { ...up, then }) : t("runningAlone", up);
  }
  return compared ? t("over", { days: shownDays, then }) : t("alone", { days: shownDays });
}

/** Width of the buckets of a series, milliseconds; a month counts as what lies between its first two. */
export function bucketWidth(starts: readonly number[]): number {
  const [first, second] = starts;
  return first === undefined || second === undefined ? DAY_MS : second - first;
}

/** How a bucket is called: the hour inside a day, the day, the week by its Monday, the month. */
export function bucketName(start: number, width: number, lang: Lang, now: number): string {
  if (width < DAY_MS) return clock(start);
  if (width >= 27 * DAY_MS) return days(start, start + DAY_MS, lang, now).replace(/1日.*$/, "").replace(/^\S+ 1 /, "");
  return width >= 7 * DAY_MS && weekStart(start) === start ? days(start, start + width, lang, now) : day(start, lang, now);
}

/** Sources that are late and whose promise ends before the shown window does, a window that is over too: its last part is not told by them. */
export function lateFor(freshness: readonly Freshness[], window: Span, platforms: readonly string[]): Freshness[] {
  return freshness.filter((one) =>
    (one.state === "late" || one.state === "stopped") && (platforms.length === 0 || platforms.includes(one.platform))
    && one.newest_at_ms !== null && one.newest_at_ms + one.promise_ms < window.end_ms,
  );
}

/** The sentence about late sources; "" when all are in time. */
export function lateSentence(late: readonly Freshness[], told: number, lang: Lang, now: number): string {
  const first = late[0];
  if (!first) return "";
  const t = say(m, lang);
  const newest = Math.max(...late.map((one) => one.newest_at_ms ?? 0));
  if (late.length >= told) return t("lateAll", { time: time(newest, lang, now) });
  const counts = { all: told, n: told - late.length };
  return late.length === 1
    ? t("lateOne", { ...counts, name: first[lang], time: time(first.newest_at_ms, lang, now) })
    : t("lateMany", { ...counts, time: time(newest, lang, now) });
}

/** Height of the trend, so that it ends with the rows of three small pictures beside it. */
export const trendHeight = (parts: number): number => Math.max(300, Math.ceil(parts / 3) * 98 - 52);

/** Seven days that end with the newest data: the nearest range that has something. */
export const nearestRange = (newest: number): Range => customRange(newest - 6 * DAY_MS, newest + 1);

/** What the trend says, in a sentence for those who do not see it. */
export function trendSentence(points: readonly Point[], of: { name: string; unit: Unit; currency: string; days: string }, lang: Lang, now: number): string {
  const t = say(m, lang);
  const held = points.filter((point): point is Point & { value: number } => point.value !== null);
  const last = held.at(-1);
  if (!last) return t("trendNone", { name: of.name, days: of.days });
  const most = held.reduce((best, point) => (point.value > best.value ? point : best));
  const width = bucketWidth(points.map((point) => point.start_ms));
  const tell = (value: number): string => shown(value, of.unit, lang, of.currency);
  return t("trendSaid", {
    name: of.name, days: of.days, most: tell(most.value), most_at: bucketName(most.start_ms, width, lang, now),
    last: tell(last.value), last_at: bucketName(last.start_ms, width, lang, now),
  });
}
