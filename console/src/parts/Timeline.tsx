/** What happened to a party, the newest first: by day, runs folded, gaps said, every line open to its event. */
import "./people.css";
import { type ReactNode, useState } from "react";
import { Button, Switch } from "antd";
import { clock, day, DAY_MS, dayStart, duration, exact, moneyExact, time } from "@/format";
import { catalogue, useLang, useT, type Lang } from "@/i18n";
import { Disc } from "@/parts/Disc";
import type { Schemas } from "@/api/client";

export type TimelineItem = Schemas["TimelineItem"];
export type FamilyCount = Schemas["FamilyCount"];

export interface TimelineProps {
  items: readonly TimelineItem[];
  families: readonly FamilyCount[];
  /** chosen families; empty = all */
  chosen: readonly string[];
  onChoose: (families: string[]) => void;
  /** opens the event in the drawer of evidence */
  onOpen: (event: string) => void;
  onMore?: () => void;
  busy?: boolean;
  /** absent where the past is read: nothing new can come */
  live?: boolean;
  onLive?: (on: boolean) => void;
  /** new lines held back, so that nothing moves under the pointer */
  waiting?: number;
  onShow?: () => void;
  label: string;
}

/** A pause that is worth a word. */
export const GAP_MS = 14 * DAY_MS;
const FIRST_FACTS = 3;
const FACT_SIGNS = 60;

export function Timeline(props: TimelineProps): ReactNode {
  const { items, families, chosen, onChoose, onOpen, onMore, busy, live, onLive, waiting = 0, onShow, label } = props;
  const t = useT(m);
  const lang = useLang();
  const toggle = (family: string): void => onChoose(chosen.includes(family) ? chosen.filter((one) => one !== family) : [...chosen, family]);
  return (
    <div>
      <div className="row wrap" role="group" aria-label={t("families")} style={{ marginBottom: 12 }}>
        <Button size="small" type={chosen.length ? "default" : "primary"} aria-pressed={!chosen.length} onClick={() => onChoose([])}>{t("all")}</Button>
        {families.map((one) => (
          <Button key={one.family} size="small" type={chosen.includes(one.family) ? "primary" : "default"} aria-pressed={chosen.includes(one.family)} onClick={() => toggle(one.family)}>
            {lang === "zh" ? one.zh : capital(one.en)} {exact(one.events)}
          </Button>
        ))}
        <span className="grow" />
        {onLive && <label className="row"><span className="note">{t("live")}</span><Switch size="small" checked={live} onChange={onLive} aria-label={t("live")} /></label>}
      </div>
      {waiting > 0 && <p aria-live="polite"><Button type="link" onClick={onShow}>{t("waiting", { n: exact(waiting) })}</Button></p>}
      {items.length === 0 && !busy && <p className="note">{t("empty")}</p>}
      <div role="group" aria-label={label} aria-busy={busy ?? false}>
        {byDay(items).map((group) => (
          <section key={group.start} aria-label={day(group.start, lang)}>
            <h3 className="timeline-day">{day(group.start, lang)}</h3>
            <ol>
              {group.items.map((item) => <Line key={item.id} item={item} onOpen={onOpen} t={t} lang={lang} />)}
            </ol>
            {group.gap !== null && <p className="timeline-gap note">{t("gap", { time: duration(group.gap, lang) })}</p>}
          </section>
        ))}
      </div>
      {onMore && <Button style={{ marginTop: 12 }} disabled={busy} onClick={onMore}>{t(busy ? "loading" : "more")}</Button>}
    </div>
  );
}

type T = ReturnType<typeof useT<(typeof m)["zh"]>>;

function Line({ item, onOpen, t, lang }: { item: TimelineItem; onOpen: (event: string) => void; t: T; lang: Lang }): ReactNode {
  const [open, setOpen] = useState(false);
  const run = item.count > 1;
  const facts = item.facts.slice(0, open ? undefined : FIRST_FACTS);
  const long = facts.some((fact) => String(fact.value).length > FACT_SIGNS);
  return (
    <li className="timeline-line">
      <time className="note" dateTime={new Date(item.at_ms).toISOString()} title={time(item.at_ms, lang)}>{clock(item.at_ms)}</time>
      {item.platform ? <Disc platform={item.platform} /> : <span className="disc-space" aria-hidden />}
      <div className="grow">
        <div className="row wrap">
          {run
            ? <Button size="small" type="link" className="timeline-what" aria-expanded={open} onClick={() => setOpen(!open)}>{lang === "zh" ? item.zh : item.en}</Button>
            : <Button size="small" type="link" className="timeline-what" onClick={() => onOpen(item.id)}>{lang === "zh" ? item.zh : item.en}</Button>}
          <span className="note">
            {lang === "zh" ? item.family_zh : item.family_en}{item.acted ? "" : ` · ${t("passive")}`}
            {run && item.first_ms !== item.at_ms ? ` · ${t("since", { time: clock(item.first_ms) })}` : ""}
          </span>
        </div>
        {!run && item.facts.length > 0 && (
          <p className="note facts" title={long ? facts.map((fact) => factText(fact, item.currency, t)).filter((text) => text.length > FACT_SIGNS).join(" · ") : undefined}>
            {facts.map((fact) => `${lang === "zh" ? fact.zh : fact.name.replaceAll("_", " ")} ${cutText(factText(fact, item.currency, t))}`).join(" · ")}
            {item.facts.length > FIRST_FACTS && <Button size="small" type="link" onClick={() => setOpen(!open)} aria-expanded={open}>{t(open ? "less" : "others", { n: item.facts.length - FIRST_FACTS })}</Button>}
          </p>
        )}
        {run && open && (
          <p className="row wrap facts">
            <span className="note">{t("behind", { n: exact(item.ids.length), all: exact(item.count) })}</span>
            {item.ids.map((id, place) => <Button key={id} size="small" onClick={() => onOpen(id)} aria-label={t("event", { n: place + 1 })}>{place + 1}</Button>)}
          </p>
        )}
      </div>
    </li>
  );
}

interface Day { start: number; items: TimelineItem[]; gap: number | null }

/** Lines by day of China time, newest first; `gap` when a long pause lies before the day, in milliseconds. */
export function byDay(items: readonly TimelineItem[]): Day[] {
  const days: Day[] = [];
  for (const item of items) {
    const start = dayStart(item.at_ms);
    const last = days.at(-1);
    if (last?.start === start) {
      last.items.push(item);
      continue;
    }
    const before = last?.items.at(-1);
    if (last && before && before.first_ms - item.at_ms >= GAP_MS) last.gap = before.first_ms - item.at_ms;
    days.push({ start, items: [item], gap: null });
  }
  return days;
}

/** A property as text: money by its currency, an instant as a time, the rest as it came. */
export function factText(fact: TimelineItem["facts"][number], currency: string, t: (key: "yes" | "no") => string): string {
  if (typeof fact.value === "boolean") return t(fact.value ? "yes" : "no");
  if (typeof fact.value === "number" && fact.type === "money") return moneyExact(fact.value, currency || "CNY");
  if (typeof fact.value === "number" && fact.type === "time") return time(fact.value);
  if (typeof fact.value === "number") return Number.isInteger(fact.value) ? exact(fact.value) : exact(fact.value, 2);
  return String(fact.value);
}

const cutText = (text: string): string => (text.length > FACT_SIGNS ? `${[...text].slice(0, FACT_SIGNS).join("")}…` : text);

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const m = catalogue({
  zh: {
    families: "类别", all: "全部", live: "实时跟随", waiting: "有 {n} 条新的，显示", empty: "这一类没有事件。", gap: "此前 {time}没有动静", more: "再早一些", loading: "正在读",
    passive: "对其所做", since: "自 {time}", others: "还有 {n} 项", less: "收起", behind: "其中最近 {n} 个，共 {all} 个", event: "第 {n} 个事件", yes: "是", no: "否",
  },
  en: {
    families: "Families", all: "All", live: "Follow live", waiting: "{n} new, show", empty: "No events of this family.", gap: "Quiet for {time} before this", more: "Earlier", loading: "Reading",
    passive: "done to them", since: "from {time}", others: "{n} more", less: "Less", behind: "Newest {n} of {all}", event: "Event {n}", yes: "yes", no: "no",
  },
});
