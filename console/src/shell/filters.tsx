import { useState, type ReactNode } from "react";
import { Button, Checkbox, DatePicker, Popover, Radio } from "antd";
import { DownOutlined } from "@ant-design/icons";
import dayjs, { type Dayjs } from "dayjs";
import { useGet } from "@/api/client";
import { days, isoDay, isoMinute, parseChina, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { Disc } from "@/parts/Disc";
import { PLATFORMS, platformName, type Platform } from "@/platforms";
import { nowOf, PRESETS, useFilters, windowOf, type Align, type Compare, type Range } from "@/state/url";
import { m } from "./messages";
import { beside } from "./popup";

/** 时间: range, comparison, alignment; the button says all three. */
export function TimeFilter(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  const [open, setOpen] = useState(false);
  const now = nowOf(filters);
  const span = windowOf(filters.t, now);
  const preset = PRESETS.find((one) => one === filters.t);
  const compared = { prev: t("prevShort"), week: t("weekShort"), yoy: t("yoyShort"), none: "" }[filters.cmp];
  const pick = (ends: [Dayjs | null, Dayjs | null] | null): void => {
    if (ends?.[0] && ends[1]) change({ t: `custom:${ends[0].format("YYYY-MM-DD")}..${ends[1].format("YYYY-MM-DD")}` });
  };
  const full = lastDay(span);
  const body = (
    <div style={{ width: 320 }}>
      <div className="note" id="filter-range">{t("timeRange")}</div>
      <Radio.Group
        aria-labelledby="filter-range" value={preset ?? ""} optionType="button" size="small" style={{ display: "flex", flexWrap: "wrap", gap: 4, margin: "4px 0 8px" }}
        onChange={(event) => change({ t: event.target.value as Range })} options={PRESETS.map((one) => ({ value: one, label: t(one) }))}
      />
      <DatePicker.RangePicker
        style={{ width: "100%" }} value={[dayjs(isoDay(span.start)), dayjs(isoDay(full))]} allowClear={false} onChange={pick}
        aria-label={t("custom")} placeholder={[t("from"), t("to")]} maxDate={dayjs(isoDay(now))}
      />
      <div className="note" id="filter-compare" style={{ marginTop: 12 }}>{t("compare")}</div>
      <Radio.Group
        aria-labelledby="filter-compare" value={filters.cmp} vertical onChange={(event) => change({ cmp: event.target.value as Compare })}
        options={[{ value: "prev", label: t("prev") }, { value: "week", label: t("sameWeekday") }, { value: "yoy", label: t("yoy") }, { value: "none", label: t("noCompare") }]}
      />
      {filters.cmp === "yoy" && (
        <>
          <div className="note" id="filter-align" style={{ marginTop: 12 }}>{t("align")}</div>
          <Radio.Group
            aria-labelledby="filter-align" value={filters.align} onChange={(event) => change({ align: event.target.value as Align })}
            options={[{ value: "solar", label: t("solar") }, { value: "lunar", label: t("lunar") }, { value: "promotion", label: t("promotion") }]}
          />
        </>
      )}
    </div>
  );
  const shown = preset ? t(preset) : days(span.start, full + 1, lang, now);
  return (
    <Popover getPopupContainer={beside} content={body} trigger="click" open={open} onOpenChange={setOpen} placement="bottomLeft" arrow={false}>
      <Button size="small" aria-haspopup="dialog" title={days(span.start, span.end, lang, now)}>
        <span className="hidden-text">{t("timeRange")}</span>{shown}{compared && <span style={{ color: "var(--ink-3)" }}>{compared}</span>}<DownOutlined aria-hidden style={{ fontSize: 12 }} />
      </Button>
    </Popover>
  );
}

/** 平台: none chosen means all. */
export function PlatformFilter(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  const [open, setOpen] = useState(false);
  const only = filters.pf.length === 1 ? filters.pf[0] : undefined;
  const shown = filters.pf.length === 0 ? t("allPlatforms") : only ? platformName(only, lang) : t("nPlatforms", { n: filters.pf.length });
  const [held, others] = usePlatforms(open);
  const boxes = (some: readonly Platform[]): ReactNode => (
    <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 4 }}>
      {some.map((one) => <Checkbox key={one.id} value={one.id}><span className="row" style={{ gap: 4 }}><Disc platform={one.id} />{one[lang]}</span></Checkbox>)}
    </div>
  );
  const body = (
    <div style={{ width: 280 }}>
      <Checkbox.Group
        value={filters.pf} onChange={(chosen) => change({ pf: [...held, ...others].map((one) => one.id).filter((id) => chosen.includes(id)) })}
        aria-label={t("platformFilter")} style={{ display: "block" }}
      >
        {held.length > 0 && <p className="note" style={{ marginBottom: 4 }}>{t("hasData")}</p>}
        {boxes(held)}
        {others.length > 0 && held.length > 0 && <p className="note" style={{ margin: "12px 0 4px" }}>{t("noData")}</p>}
        {boxes(others)}
      </Checkbox.Group>
      <Button size="small" type="link" disabled={filters.pf.length === 0} onClick={() => change({ pf: [] })} style={{ marginTop: 8, paddingInline: 0 }}>{t("clear")}</Button>
    </div>
  );
  return (
    <Popover getPopupContainer={beside} content={body} trigger="click" open={open} onOpenChange={setOpen} placement="bottomLeft" arrow={false}>
      <Button size="small" aria-haspopup="dialog"><span className="hidden-text">{t("platformFilter")}</span>{shown}<DownOutlined aria-hidden style={{ fontSize: 12 }} /></Button>
    </Popover>
  );
}

/** Platforms that have data, the largest first, then the others, those of the workspace's own too; asked when the list is opened. */
function usePlatforms(open: boolean): [Platform[], Platform[]] {
  const fresh = useGet("/v1/freshness", {}, { enabled: open });
  const all = useGet("/v1/platforms", {}, { enabled: open });
  const named: readonly Platform[] = all.data?.rows ?? PLATFORMS;
  const held = (fresh.data ?? []).flatMap((source) => (source.state === "never" ? [] : named.filter((one) => one.id === source.platform)));
  return [held, named.filter((one) => !held.includes(one))];
}

/** 截至: now, or a past instant as it was known then. */
export function AsOfFilter(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  const [open, setOpen] = useState(false);
  const at = parseChina(filters.asof);
  const [latest] = useState(() => dayjs(isoMinute(Date.now())));
  const shown = at === null ? t("now") : time(at, lang);
  const body = (
    <div style={{ width: 280 }}>
      <p className="note" style={{ marginBottom: 8 }}>{t("asofHelp")}</p>
      <DatePicker
        showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} value={at === null ? null : dayjs(filters.asof)} aria-label={t("pickTime")}
        placeholder={t("pickTime")} maxDate={latest} onChange={(value) => change({ asof: value ? value.format("YYYY-MM-DDTHH:mm") : "" })}
      />
      {at !== null && <Button type="link" size="small" style={{ marginTop: 8, paddingInline: 0 }} onClick={() => change({ asof: "" })}>{t("backToNow")}</Button>}
    </div>
  );
  return (
    <Popover getPopupContainer={beside} content={body} trigger="click" open={open} onOpenChange={setOpen} placement="bottomLeft" arrow={false}>
      <Button size="small" aria-haspopup="dialog">
        <span style={{ color: "var(--ink-3)" }}>{t("asof")}</span>{shown}<DownOutlined aria-hidden style={{ fontSize: 12 }} />
      </Button>
    </Popover>
  );
}

/** Midnight of the last day of a window, today's for a running one. */
const lastDay = (span: { start: number; end: number }): number => Math.max(span.start, span.end - 1);
