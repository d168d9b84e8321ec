/** The parts of data pages and of people, each in its states, on rows that are made up here. */
import { type ReactNode, useState } from "react";
import { Button } from "antd";
import { DAY_MS, exact, money, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { Chart } from "@/parts/Chart";
import { type Column, DataTable } from "@/parts/DataTable";
import { DateNotes } from "@/parts/DateNotes";
import { DecisionCard } from "@/parts/DecisionCard";
import { Disc } from "@/parts/Disc";
import { DropZone } from "@/parts/DropZone";
import { FreshnessBadge } from "@/parts/FreshnessBadge";
import { EstimateNumber, MetricNumber } from "@/parts/MetricNumber";
import { LimitBar } from "@/parts/LimitBar";
import { PartyChip } from "@/parts/PartyChip";
import { RhythmClock } from "@/parts/RhythmClock";
import { SmallMultiples } from "@/parts/SmallMultiples";
import { Timeline, type TimelineItem } from "@/parts/Timeline";
import { useUndoToast } from "@/parts/UndoToast";
import { discColour, platformName } from "@/platforms";
import { useMode } from "@/state/prefs";
import { TOKENS } from "@/theme";
import { m } from "./messages";

const AT = Date.UTC(2026, 10, 15, 6, 20);
const DAYS = [9, 10, 11, 12, 13, 14, 15].map((day) => Date.UTC(2026, 10, day - 1, 16));
const SOLD = [1_520, 1_480, 4_910, null, 1_610, 1_730, 640];
const PLACES = ["douyin", "xiaohongshu", "taobao"];
const SHADES: readonly (readonly number[])[] = Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_, hour) => (hour > 18 && hour < 23 ? (day > 4 ? 9 : 5) - Math.abs(hour - 21) : hour > 8 ? 1 : 0)));

export function More(): ReactNode {
  return (
    <>
      <div className="grid">
        <Figures />
        <Sources />
      </div>
      <div className="grid">
        <Charts />
        <Multiples />
      </div>
      <div className="grid">
        <Rhythms />
        <Lines />
      </div>
      <Rows />
      <Writes />
      <Limits />
      <Decisions />
    </>
  );
}

const HALF = { gridColumn: "span 6" } as const;

function Figures(): ReactNode {
  const t = useT(m);
  const name = t("keyNumber");
  return (
    <section className="card" style={HALF}>
      <header><h2>{t("figures")}</h2></header>
      <div className="row wrap" style={{ gap: 32, alignItems: "flex-end" }}>
        <MetricNumber of="metric:gmv_paid" name={name} value={1_324_900_000} unit="money" change={0.083} against={t("last")} compared={1_223_400_000} size="key" />
        <MetricNumber of="metric:refund_rate" name={name} value={0.067} unit="share" change={-0.013} against={t("last")} />
        <MetricNumber of="metric:roi" name={name} value={null} unit="ratio" change={null} against={t("last")} missing={t("noSpend")} />
        <EstimateNumber of="metric:gmv_paid" name={name} value={0.082} low={0.031} high={0.134} n={400} unit="share" />
        <EstimateNumber of="metric:gmv_paid" name={name} value={0.082} low={0.031} high={0.134} n={11} unit="share" />
        <EstimateNumber of="metric:gmv_paid" name={name} value={null} low={null} high={null} n={0} unit="share" />
      </div>
      <h2 style={{ margin: "16px 0 8px" }}>{t("chips")}</h2>
      <p className="row wrap">
        <PartyChip reference="account:app:u-0001" name="王*芳" type={t("person")} facts={[t("fact")]} /><PartyChip reference="account:app:u-0002" name="李*" confidence={0.93} />
        <PartyChip reference="account:app:u-0003" name="周*" confidence={0.7} merged /><PartyChip reference="person::p-1" erased /><PartyChip reference="item:app:a-very-long-key-of-an-item-0001" />
      </p>
    </section>
  );
}

function Sources(): ReactNode {
  const t = useT(m);
  const source = (platform: string, state: "fresh" | "late" | "stopped" | "never", hours: number) => ({
    platform, zh: platformName(platform, "zh"), en: platformName(platform, "en"), disc: "", state, newest_at_ms: AT - hours * 3_600_000, learnt_ms: AT, promise_ms: 3_600_000, events: 1_204,
  });
  const fresh = source("douyin", "fresh", 0.1);
  return (
    <section className="card" style={HALF}>
      <header><h2>{t("sources")}</h2></header>
      <div className="stack" style={{ gap: 8, alignItems: "flex-start" }}>
        <FreshnessBadge sources={[fresh]} asOf={AT} />
        <FreshnessBadge sources={[fresh, source("kuaishou", "late", 2)]} asOf={AT} />
        <FreshnessBadge sources={[fresh, source("kuaishou", "stopped", 5)]} asOf={AT} />
        <FreshnessBadge sources={[source("taobao", "never", 0)]} asOf={AT} />
      </div>
      <h2 style={{ margin: "16px 0 8px" }}>{t("notes")}</h2>
      <DateNotes notes={[
        { id: "a", day: "2026-11-11", text: "双11", text_en: "Double 11", source: "calendar", platform: "", who: "" }, { id: "b", day: "2026-11-13", text: t("release"), text_en: "", source: "person", platform: "", who: "" },
      ]} onRemove={() => Promise.resolve()} />
    </section>
  );
}

function Charts(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const c = TOKENS[useMode()];
  const names = DAYS.map((start) => time(start, lang, AT).replace(/ 00:00$/, ""));
  const [told, setTold] = useState("");
  return (
    <section className="card" style={HALF}>
      <Chart
        before={<h2>{t("chart")}</h2>} name="parts" height={220} label={t("chartSaid")} onRange={(from, to) => setTold(`${names[from]} – ${names[to]}`)} onPick={(at) => setTold(names[at] ?? "")}
        option={{
          grid: { left: 8, right: 24, top: 24, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" }, xAxis: { type: "category", data: names, boundaryGap: false, axisLabel: { hideOverlap: true } }, yAxis: { type: "value", min: 0 },
          series: [{ type: "line", data: SOLD, connectNulls: false, lineStyle: { color: c.ink, width: 1.75 }, itemStyle: { color: c.ink } }],
        }}
        twin={{ caption: t("chartSaid"), columns: [{ title: t("day") }, { title: t("keyNumber"), numeric: true }], rows: names.map((name, at) => [name, SOLD[at] === null ? null : exact(SOLD[at])]) }}
      />
      <p className="note" role="status">{told}</p>
    </section>
  );
}

function Multiples(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mode = useMode();
  const [chosen, setChosen] = useState<string[]>([]);
  const parts = PLACES.map((key, place) => ({
    key, title: platformName(key, lang), name: <Disc platform={key} named />, colour: discColour(key, mode),
    points: DAYS.map((start_ms, at) => ({ start_ms, value: SOLD[at] == null ? null : (SOLD[at] as number) * (100 - 30 * place), partial: at === 6 })),
  }));
  return (
    <section className="card" style={HALF}>
      <SmallMultiples parts={parts} name={t("keyNumber")} unit="money" bucket={(start) => time(start, lang, AT).replace(/ 00:00$/, "")} chosen={chosen} onPick={(key) => setChosen(chosen.includes(key) ? [] : [key])} before={<h2>{t("multiples")}</h2>} />
    </section>
  );
}

function Rhythms(): ReactNode {
  const t = useT(m);
  return (
    <section className="card" style={HALF}>
      <header><h2>{t("rhythm")}</h2></header>
      <RhythmClock cells={SHADES} n={412} days={61} label="王*芳" />
      <div style={{ width: 300, marginTop: 16 }}><RhythmClock cells={SHADES} n={412} days={61} label={t("narrow")} /></div>
      <RhythmClock cells={SHADES} n={11} days={3} label="李*" />
    </section>
  );
}

function Lines(): ReactNode {
  const t = useT(m);
  const [chosen, setChosen] = useState<string[]>([]);
  const line = (id: string, at: number, more: Partial<TimelineItem> = {}): TimelineItem => ({
    id, seq: 1, at_ms: at, first_ms: at, kind: "Order Completed", family: "trade", family_zh: "交易", family_en: "Trade", zh: "订单付清 ¥19.90", en: "Order Completed ¥19.90", count: 1, platform: "taobao",
    platform_zh: "淘宝天猫", amount: 1_990, currency: "CNY", order: "1", acted: true, facts: [], ids: [id], ...more,
  });
  const seen = { kind: "Product Viewed", family: "view", family_zh: "看", family_en: "Viewed", zh: "商品浏览", en: "Product Viewed", amount: null, order: "", count: 37, first_ms: AT - 3_600_000 };
  return (
    <section className="card" style={HALF}>
      <header><h2>{t("timeline")}</h2></header>
      <Timeline
        items={[line("a", AT), line("b", AT - 600_000, seen), line("c", AT - 40 * DAY_MS)]} families={[{ family: "trade", zh: "交易", en: "Trade", events: 2 }, { family: "view", zh: "看", en: "Viewed", events: 37 }]}
        chosen={chosen} onChoose={setChosen} onOpen={() => {}} label={t("timeline")}
      />
    </section>
  );
}

function Rows(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const columns: Column<{ id: string; amount: number }>[] = [
    { key: "id", title: t("platforms"), render: (row) => <Disc platform={row.id} named />, always: true }, { key: "amount", title: t("keyNumber"), numeric: true, render: (row) => money(row.amount, "CNY", lang) },
  ];
  const rows = PLACES.map((id, at) => ({ id, amount: 100_000 * (at + 1) }));
  return (
    <div className="grid">
      <section className="card" style={HALF}>
        <header><h2>{t("table")}</h2></header>
        <DataTable id="parts" label={t("table")} columns={columns} rows={rows} rowKey={(row) => row.id} total={rows.length} batch={(picked, clear) => <Button size="small" onClick={clear}>{t("letGo", { n: picked.length })}</Button>} rowLabel={(row) => platformName(row.id, lang)} />
      </section>
      <section className="card" style={HALF}>
        <header><h2>{t("noTable")}</h2></header>
        <DataTable id="parts-none" label={t("noTable")} columns={columns} rows={[]} rowKey={(row) => row.id} total={0} bare />
      </section>
    </div>
  );
}

function Writes(): ReactNode {
  const t = useT(m);
  const [toast, show] = useUndoToast();
  return (
    <div className="grid">
      <section className="card" style={HALF}>
        <header><h2>{t("file")}</h2></header>
        <div className="stack"><DropZone onFile={() => {}} hint="CSV, XLSX" /><DropZone onFile={() => {}} busy progress={0.38} onStop={() => {}} /></div>
      </section>
      <section className="card" style={HALF}>
        <header><h2>{t("undo")}</h2></header>
        <p className="row wrap">
          <Button onClick={() => show({ text: t("done"), undo: () => Promise.resolve() })}>{t("canUndo")}</Button>
          <Button onClick={() => show({ text: t("done"), undo: () => Promise.reject(new Error("x")) })}>{t("cannotUndo")}</Button>
        </p>
        {toast}
      </section>
    </div>
  );
}

function Limits(): ReactNode {
  const t = useT(m);
  const reset = AT + 10 * 3_600_000;
  return (
    <section className="card">
      <header><h2>{t("limits")}</h2></header>
      <div className="grid">
        {[
          <LimitBar key="a" name={t("weekly")} unit="contacts" cap={2} used={1} resetsMs={reset} now={AT} />,
          <LimitBar key="b" name={t("reach")} unit="contacts" cap={10_000} used={5_100} reserved={1_800} who={t("manager")} now={AT} />,
          <LimitBar key="c" name={t("budget")} unit="fen" cap={3_000_000} used={2_512_000} reserved={120_000} resetsMs={reset} now={AT} />,
          <LimitBar key="d" name={t("weekly")} unit="contacts" cap={2} used={2} resetsMs={reset} now={AT} />,
          <LimitBar key="e" name={t("budget")} unit="fen" cap={3_000_000} used={3_000_000} waiting={3} who={t("manager")} now={AT} />,
          <LimitBar key="f" name={t("budget")} unit="fen" cap={2_000_000} used={2_400_000} reason={t("lowered")} now={AT} />,
          <LimitBar key="g" name={t("quiet")} unit="contacts" cap={0} used={0} hours="22:00 – 08:00" now={AT} />,
          <LimitBar key="h" name={t("reach")} unit="contacts" cap={null} used={4_210} now={AT} />,
          <LimitBar key="i" name={t("weekly")} unit="contacts" cap={10} used={8} compact now={AT} />,
        ].map((bar) => <div key={bar.key} style={{ gridColumn: "span 4" }}>{bar}</div>)}
      </div>
    </section>
  );
}

/** One that was sent, and the same after its person was erased. */
function Decisions(): ReactNode {
  const t = useT(m);
  const option = { kind: "message", channel: "app", purpose: "marketing", params: {}, level: 0.9, n: 0, method: "policy", refusals: [] };
  const nothing = { ...option, id: "none", kind: "none", zh: "什么都不做", en: "Do nothing", verdict: "possible", value: null, low: null, high: null, cost: 0, score: 0, propensity: 0.1 };
  const greeting = { ...option, id: "greeting", zh: "问候一条", en: "A greeting", verdict: "chosen", value: 0.8, low: 0.32, high: 1.28, cost: 0, score: 0.8, propensity: 0.9 };
  const coupon = {
    ...option, id: "coupon5", kind: "coupon", zh: "5 元券", en: "5 yuan off", verdict: "refused", value: 3.2, low: 1.1, high: 5.3, cost: 150, score: null, propensity: 0,
    refusals: [{ by: "limit", name: "coupons_person", zh: "每人 30 天优惠券：最多 3 张，已用 3 张", en: "Coupons a person in 30 days: at most 3, 3 used", unit: "coupons", account: "", asked: 1, free: 0, resets_ms: AT + 86_400_000 }],
  };
  const room = { limit: "coupons_person", zh: "每人 30 天优惠券", en: "Coupons a person in 30 days", unit: "coupons", cap: 3, used: 3, reserved: 0, free: 0, subject: {}, resets_ms: AT + 86_400_000, account: "" };
  const row = {
    number: 1, id: "0f", run: "", at_ms: AT, written_ms: AT, policy: "winback", policy_zh: "久未下单唤回", policy_en: "Win back", party: "account:app:u-0001", person: "王*芳", kind: "message", mode: "auto", arm: "treated", chosen: "greeting",
    chosen_zh: "问候一条", chosen_en: "A greeting", propensity: 0.9, acts: true, refused: [], refused_zh: "", out: "sent", dry: false,
  };
  const sent = {
    row, version: 3, policy_hash: "2b", bucket: 0.41, until_ms: AT, known: 90_412, personalise: true, consents: { message: true }, facts: {}, why_zh: ["在 2 个可选项里净值最高：0.80 元"], why_en: ["The best of 2 possible ones: ¥0.80 net"],
    chance_zh: ["这次有 10% 的机会选别的"], chance_en: ["There was a chance of 10% for something else"], person_zh: "我们选择给你发一条消息。你可以随时退订。", person_en: "We chose to send you a message. You can unsubscribe at any time.",
    traits: [{ name: "person.orders.count.90d", zh: "90 天订单数", en: "Orders in 90 days", unit: "", value: 2, shown_zh: "2", shown_en: "2", hidden: false }], weighed: [greeting, coupon, nothing], rooms: [room], out: null,
    hold: { id: "0f", state: "settled", until_ms: AT, amounts: { contacts: 2, people: 1 } }, proof: { leaf: "3c", place: 6, size: 500, path: [], root: "5e5e5e5e5e5e5e5e", key: "5e", batch: 3, written_ms: AT, holds: true, kept: true },
  };
  const gone = { ...sent, row: { ...row, party: "", person: "", out: "" }, hold: null, proof: { ...sent.proof, kept: false } };
  return (
    <div className="grid">
      <section className="card" style={HALF} aria-label={t("decision")}><DecisionCard decision={sent} /></section>
      <section className="card" style={HALF} aria-label={t("decisionGone")}><DecisionCard decision={gone} /></section>
    </div>
  );
}
