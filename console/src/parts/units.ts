/** Values with their unit: as text, as every digit, and as one unit for an axis or a column. */
import { count, exact, MISSING, moneyExact, money, ratio, share } from "@/format";
import type { Lang } from "@/i18n";
import type { Schemas } from "@/api/client";

/** What a value is counted in. */
export type Unit = Schemas["MetricRow"]["unit"];

export interface Scale {
  /** what values are divided by */
  by: number;
  /** the unit for the head: 万元, 万, %, 天; "" for a bare ratio */
  name: string;
  /** a value in that unit, without the unit */
  text: (value: number | null | undefined) => string;
}

/** A value with its unit, as overviews show it; money in minor units. */
export function shown(value: number | null | undefined, unit: Unit, lang: Lang, currency = "CNY"): string {
  if (value == null) return MISSING;
  if (unit === "money") return money(value, currency, lang);
  if (unit === "share") return share(value);
  if (unit === "ratio") return ratio(value);
  return unit === "days" ? `${exact(value, 1)}${lang === "zh" ? " 天" : " d"}` : count(value, lang);
}

/** Every digit, for a hover and for tables that leave the page. */
export function shownExact(value: number | null | undefined, unit: Unit, currency = "CNY"): string {
  if (value == null) return MISSING;
  if (unit === "money") return moneyExact(value, currency);
  if (unit === "share") return share(value, 2);
  return unit === "count" ? exact(value, Number.isInteger(value) ? 0 : 2) : exact(value, 2);
}

/** One unit for many values, the same digits in all: what an axis and a column need. */
export function scaleFor(values: readonly (number | null | undefined)[], unit: Unit, lang: Lang, currency = "CNY"): Scale {
  const most = Math.max(0, ...values.map((value) => Math.abs(value ?? 0)));
  if (unit === "share") return made(0.01, "%", 1);
  if (unit === "days") return made(1, lang === "zh" ? "天" : "days", 1);
  if (unit === "ratio") return made(1, "", 2);
  const base = unit === "money" ? 100 : 1;
  const coin = unit === "money" ? coinName(currency, lang) : "";
  const steps: [number, string][] = lang === "zh" ? [[1e8, "亿"], [1e4, "万"]] : [[1e9, "B"], [1e6, "M"], [1e4, "K"]];
  const step = steps.find(([from]) => most / base >= from);
  if (!step) return made(base, coin || (lang === "zh" ? "个" : "number"), unit === "money" && most / base < 1000 ? 2 : 0);
  const divisor = step[1] === "K" ? 1e3 : step[0];
  return made(base * divisor, lang === "zh" ? `${step[1]}${coin || "个"}` : `${step[1]}${coin ? ` ${coin}` : ""}`, most / base / divisor < 10 ? 2 : 1);
}

function made(by: number, name: string, digits: number): Scale {
  return { by, name, text: (value) => exact(value == null ? value : value / by, digits) };
}

const coinName = (currency: string, lang: Lang): string => (lang === "zh" ? ({ CNY: "元", USD: "美元", EUR: "欧元", GBP: "英镑" })[currency] : undefined) ?? currency;
