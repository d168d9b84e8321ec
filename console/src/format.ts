/** Numbers, money, shares and times as the console writes them. Nothing here guesses: unknown is —, never 0. */
import { fill, type Lang } from "@/i18n";

export const MISSING = "—";
export const HIDDEN = "••••";
const MINUS = "\u2212";
const CHINA_MS = 8 * 3_600_000;
export const DAY_MS = 86_400_000;

type Maybe = number | null | undefined;

/** Overview number: 9,876 · 1.23万 · 1,324.9万 · 3.08亿; English 12.3K, 13.2M, 308M. */
export function count(value: Maybe, lang: Lang = "zh"): string {
  if (value == null || !Number.isFinite(value)) return MISSING;
  const size = Math.abs(value);
  // The larger unit also when rounding would reach it: 99,999,999 is 1亿, not 10,000万.
  const steps: [from: number, unit: number, word: string][] =
    lang === "zh" ? [[99_999_500, 1e8, "亿"], [1e4, 1e4, "万"]] : [[999_950_000, 1e9, "B"], [999_950, 1e6, "M"], [1e4, 1e3, "K"]];
  for (const [from, unit, word] of steps) if (size >= from) return sign(value) + significant(size / unit) + word;
  return exact(value, Number.isInteger(value) ? 0 : size < 10 ? 2 : 1);
}

/** Every digit, with separators: 12,345,678. */
export function exact(value: Maybe, digits = 0): string {
  if (value == null || !Number.isFinite(value)) return MISSING;
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (/[1-9]/.test(text) ? sign(value) : "") + text;
}

/** Money for overviews; `minor` in minor units of the currency: 1324900000 fen → ¥1,324.9万. */
export function money(minor: Maybe, currency = "CNY", lang: Lang = "zh"): string {
  if (minor == null) return MISSING;
  return sign(minor) + symbol(currency) + count(Math.abs(minor) / 100, lang);
}

/** Money for ledgers: ¥1,234.50, −¥88.00. */
export function moneyExact(minor: Maybe, currency = "CNY"): string {
  if (minor == null) return MISSING;
  return sign(minor) + symbol(currency) + exact(Math.abs(minor) / 100, 2);
}

/** A share 0..1 as percent: 0.413 → 41.3%. */
export function share(value: Maybe, digits = 1): string {
  return value == null ? MISSING : `${exact(value * 100, digits)}%`;
}

/** A ratio such as ROI: 1.57. */
export const ratio = (value: Maybe): string => exact(value, 2);

/** A relative change: 0.083 → "▲ 升 8.3%"; never without saying against what, which the caller adds. */
export function change(value: Maybe, lang: Lang = "zh", digits = 1): string {
  return moved(value == null ? value : value * 100, digits, "%", lang);
}

/** The move of a share, in percentage points: 0.013 → "▲ 升 1.3 个百分点". */
export function points(value: Maybe, lang: Lang = "zh", digits = 1): string {
  return moved(value == null ? value : value * 100, digits, lang === "zh" ? " 个百分点" : " pp", lang);
}

/** "3.1% 至 13.4%": a range uses a word, since a dash beside a minus is misread. */
export function range(low: string, high: string, lang: Lang = "zh"): string {
  return lang === "zh" ? `${low} 至 ${high}` : `${low} to ${high}`;
}

/** Digits after the point so that none is finer than a tenth of the interval. */
export function digitsFor(low: number, high: number): number {
  const width = Math.abs(high - low);
  if (!(width > 0)) return 2;
  return Math.min(4, Math.max(0, -Math.floor(Math.log10(width / 10))));
}

/** People: fewer than 5 are not told. */
export function people(value: Maybe, lang: Lang = "zh"): string {
  if (value == null) return MISSING;
  if (value > 0 && value < 5) return lang === "zh" ? "少于 5 人" : "fewer than 5 people";
  return lang === "zh" ? `${exact(value)} 人` : `${exact(value)} ${value === 1 ? "person" : "people"}`;
}

const WEEKDAYS = { zh: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A day of China time: "11月15日 周日", the year when it is not this one. */
export function day(ms: Maybe, lang: Lang = "zh", now = Date.now()): string {
  if (ms == null) return MISSING;
  const at = china(ms);
  const foreign = at.year !== china(now).year;
  const week = WEEKDAYS[lang][at.weekday] as string;
  if (lang === "zh") return `${foreign ? `${at.year}年` : ""}${at.month}月${at.day}日 ${week}`;
  return `${week} ${at.day} ${MONTHS[at.month - 1]}${foreign ? ` ${at.year}` : ""}`;
}

/** "14:20", with seconds when asked. */
export function clock(ms: Maybe, seconds = false): string {
  if (ms == null) return MISSING;
  const at = china(ms);
  const parts = [at.hour, at.minute, ...(seconds ? [at.second] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** "11月15日 周日 14:20". */
export function time(ms: Maybe, lang: Lang = "zh", now = Date.now()): string {
  return ms == null ? MISSING : `${day(ms, lang, now)} ${clock(ms)}`;
}

/** "3 分钟前" within the hour, else the time; show `time` on hover. */
export function ago(ms: Maybe, lang: Lang = "zh", now = Date.now()): string {
  if (ms == null) return MISSING;
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 0 || minutes >= 60) return time(ms, lang, now);
  if (minutes === 0) return lang === "zh" ? "刚刚" : "just now";
  return lang === "zh" ? `${minutes} 分钟前` : `${minutes} min ago`;
}

/** How long: "3 天", "4 小时", "12 分钟"; the largest unit that says it. */
export function duration(ms: Maybe, lang: Lang = "zh"): string {
  if (ms == null) return MISSING;
  const units: [number, string, string][] = [[DAY_MS, "{n} 天", "{n} d"], [3_600_000, "{n} 小时", "{n} h"], [60_000, "{n} 分钟", "{n} min"]];
  const [unit, zh, en] = units.find(([size]) => ms >= size) ?? [1000, "{n} 秒", "{n} s"];
  return fill(lang === "zh" ? zh : en, { n: Math.floor(ms / unit) });
}

/** Inclusive days of a half-open window: "11月9日至15日". */
export function days(start: number, end: number, lang: Lang = "zh", now = Date.now()): string {
  const from = china(start);
  const to = china(Math.max(start, end - 1));
  if (from.year === to.year && from.month === to.month && from.day === to.day) return day(start, lang, now);
  const year = from.year !== to.year || to.year !== china(now).year;
  if (lang === "en") {
    const left = from.year !== to.year ? ` ${from.year}` : "";
    return `${from.day} ${MONTHS[from.month - 1]}${left} to ${to.day} ${MONTHS[to.month - 1]}${year ? ` ${to.year}` : ""}`;
  }
  const left = `${year ? `${from.year}年` : ""}${from.month}月${from.day}日`;
  const right = `${from.year !== to.year ? `${to.year}年` : ""}${from.year !== to.year || from.month !== to.month ? `${to.month}月` : ""}${to.day}日`;
  return `${left}至${right}`;
}

/** ISO week with its days: "第46周(11月9日至15日)"; `ms` lies in it. */
export function week(ms: number, lang: Lang = "zh", now = Date.now()): string {
  const monday = weekStart(ms);
  const thursday = china(monday + 3 * DAY_MS);
  const first = weekStart(Date.UTC(thursday.year, 0, 4) - CHINA_MS);
  const number = Math.round((monday - first) / (7 * DAY_MS)) + 1;
  const inside = days(monday, monday + 7 * DAY_MS, lang, now);
  return lang === "zh" ? `第${number}周（${inside}）` : `Week ${number} (${inside})`;
}

/** Midnight of China time at or before an instant. */
export const dayStart = (ms: number): number => Math.floor((ms + CHINA_MS) / DAY_MS) * DAY_MS - CHINA_MS;

/** Monday's midnight at or before an instant. */
export function weekStart(ms: number): number {
  return dayStart(ms) - ((china(ms).weekday + 6) % 7) * DAY_MS;
}

/** First midnight of the month, `months` later. */
export function monthStart(ms: number, months = 0): number {
  const at = china(ms);
  return Date.UTC(at.year, at.month - 1 + months, 1) - CHINA_MS;
}

/** "2026-11-15" of China time. */
export const isoDay = (ms: number): string => new Date(ms + CHINA_MS).toISOString().slice(0, 10);

/** "2026-11-15T08:00" of China time, as `asof` stands in the URL; the API reads a time without a zone the same way. */
export const isoMinute = (ms: number): string => new Date(ms + CHINA_MS).toISOString().slice(0, 16);

/** Milliseconds of "2026-11-15" or "2026-11-15T08:00" of China time; null when it is neither. */
export function parseChina(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text)) return null;
  const ms = Date.parse(`${text.length === 10 ? `${text}T00:00` : text}:00Z`) - CHINA_MS;
  return Number.isFinite(ms) && isoDay(ms) === text.slice(0, 10) ? ms : null;
}

interface Parts {
  year: number; month: number; day: number; hour: number; minute: number; second: number; weekday: number;
}

function china(ms: number): Parts {
  const at = new Date(ms + CHINA_MS); // China has one zone and no summer time
  return {
    year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), hour: at.getUTCHours(),
    minute: at.getUTCMinutes(), second: at.getUTCSeconds(), weekday: at.getUTCDay(),
  };
}

const sign = (value: number): string => (value < 0 ? MINUS : "");
const symbol = (currency: string): string => ({ CNY: "¥", USD: "$", EUR: "€", GBP: "£" })[currency] ?? `${currency} `;

/** 1.23, 12.3, 1,324.9: two digits after the point under ten, else one; a zero at the end is left out. */
const significant = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : 1 });

function moved(value: Maybe, digits: number, unit: string, lang: Lang): string {
  if (value == null || !Number.isFinite(value)) return MISSING;
  const text = exact(Math.abs(value), digits);
  if (!/[1-9]/.test(text)) return lang === "zh" ? "持平" : "unchanged";
  const up = value > 0;
  if (lang === "zh") return `${up ? "▲ 升" : "▼ 降"} ${text}${unit}`;
  return `${up ? "▲ up" : "▼ down"} ${text}${unit}`;
}
