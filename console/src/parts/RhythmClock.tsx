/** When somebody acts: 24 hours by weekday in China time, with the same numbers as a table. */
import "./people.css";
import { Fragment, type ReactNode, useState } from "react";
import { Button } from "antd";
import { exact } from "@/format";
import { catalogue, useLang, useT, type Lang } from "@/i18n";
import { HEAT } from "@/theme";

export interface RhythmClockProps {
  /** 7 rows, Monday first, of 24 counts */
  cells: readonly (readonly number[])[];
  /** acts in all, and the different days that they lie on */
  n: number;
  days: number;
  /** whose rhythm this is, for those who do not see the picture */
  label: string;
}

/** Fewer acts than this, or all on one or two days, say nothing about habits. */
export const ENOUGH = { acts: 30, days: 5 };
const HOURS = [0, 6, 12, 18]; // the hours that are named under their column
const WEEKDAYS: Record<Lang, readonly string[]> = {
  zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
  en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
};

export function RhythmClock({ cells, n, days, label }: RhythmClockProps): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [table, setTable] = useState(false);
  const peak = busiest(cells);
  const names = WEEKDAYS[lang];
  if (n < ENOUGH.acts || days < ENOUGH.days || !peak) return <p className="note">{t("few", { n: exact(n), days: exact(days) })}</p>;
  const most = Math.max(...cells.flat());
  const said = t("best", { day: names[peak.day] as string, from: peak.hour, to: peak.hour + 1, n: exact(peak.acts) });
  return (
    <div>
      <div className="row" style={{ marginBottom: 8 }}>
        <span className="grow">{said} <span className="note">{t("of", { n: exact(n), days: exact(days) })}</span></span>
        <Button size="small" aria-pressed={table} onClick={() => setTable(!table)}>{t(table ? "picture" : "table")}</Button>
      </div>
      {table ? <Twin cells={cells} label={label} names={names} /> : <Strip cells={cells} most={most} peak={peak} names={names} label={`${label}${lang === "zh" ? "：" : ": "}${said}`} />}
    </div>
  );
}

interface Peak { day: number; hour: number; acts: number }

function Strip({ cells, most, peak, names, label }: { cells: RhythmClockProps["cells"]; most: number; peak: Peak; names: readonly string[]; label: string }): ReactNode {
  return (
    <div role="img" aria-label={label} className="rhythm">
      {cells.map((row, day) => (
        <Fragment key={names[day]}>
          <span className="rhythm-day">{names[day]}</span>
          {row.map((acts, hour) => (
            <i
              key={hour} title={`${names[day]} ${hour}:00 · ${exact(acts)}`} className={day === peak.day && hour === peak.hour ? "rhythm-best" : undefined}
              style={{ background: shadeOf(acts, most) }}
            />
          ))}
        </Fragment>
      ))}
      <span />
      {HOURS.map((hour) => <span key={hour} className="rhythm-hour" style={{ gridColumn: `${hour + 2} / span 6` }}>{hour}</span>)}
    </div>
  );
}

/** The same numbers by weekday and four-hour part; each hour of the day stands below. */
function Twin({ cells, label, names }: { cells: RhythmClockProps["cells"]; label: string; names: readonly string[] }): ReactNode {
  const t = useT(m);
  return (
    <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label={label}>
      <table className="plain-table" aria-label={label}>
        <thead><tr><th scope="col">{t("hour")}</th>{names.map((name) => <th key={name} scope="col" className="num">{name}</th>)}</tr></thead>
        <tbody>
          {Array.from({ length: 24 }, (_, hour) => (
            <tr key={hour}><th scope="row">{t("at", { hour })}</th>{cells.map((row, day) => <td key={names[day]} className="num">{exact(row[hour] ?? 0)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The weekday and hour of most acts, the earlier on a tie; null when nothing repeats. */
export function busiest(cells: RhythmClockProps["cells"]): Peak | null {
  let found: Peak | null = null;
  cells.forEach((row, day) => row.forEach((acts, hour) => {
    if (acts > (found?.acts ?? 1)) found = { day, hour, acts };
  }));
  return found;
}

/** Nothing, then five steps by the square root, so that small counts are seen beside a high one. */
export function shadeOf(acts: number, most: number): string {
  if (acts <= 0 || most <= 0) return "var(--shade)";
  return HEAT[Math.min(4, Math.floor(Math.sqrt(acts / most) * 4.999))] as string;
}

const m = catalogue({
  zh: { few: "只有 {n} 个动作，分在 {days} 天，还不足以说作息。", best: "{day} {from} 至 {to} 点最多：{n} 次", of: "共 {n} 次，{days} 天", table: "表格", picture: "图", hour: "时刻", at: "{hour} 点" },
  en: { few: "Only {n} acts on {days} days: not enough to tell a rhythm.", best: "Most on {day}, {from}:00 to {to}:00: {n}", of: "{n} acts, {days} days", table: "Table", picture: "Picture", hour: "Hour", at: "{hour}:00" },
});
