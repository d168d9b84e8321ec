/** The design language in one place: tokens for CSS, antd, ECharts and SVG, light and dark. */
import { theme as antdTheme, type ThemeConfig } from "antd";

export type Mode = "light" | "dark";

export interface Tokens {
  paper: string; sheet: string; shade: string;
  ink: string; ink2: string; ink3: string;
  field: string; line: string;
  blue: string; blueHover: string;
  cinnabar: string; celadon: string; amber: string; rouge: string;
  blueTint: string; cinnabarTint: string; celadonTint: string; amberTint: string;
}

export const TOKENS: Record<Mode, Tokens> = {
  light: {
    paper: "#FAF8F3", sheet: "#FFFFFF", shade: "#F1EEE6",
    ink: "#1F2328", ink2: "#4A5159", ink3: "#646B73",
    field: "#8C8779", line: "#DDD8CC",
    blue: "#1F4E79", blueHover: "#163A5C",
    cinnabar: "#B5342B", celadon: "#2F6F62", amber: "#8A5A00", rouge: "#9D2B52",
    blueTint: "#E6EDF4", cinnabarTint: "#F9E7E3", celadonTint: "#E3EFEB", amberTint: "#F8EDD6",
  },
  dark: {
    paper: "#12161B", sheet: "#1A2027", shade: "#232B34",
    ink: "#ECE7DC", ink2: "#B9B6AD", ink3: "#959389",
    field: "#7B8088", line: "#323B45",
    blue: "#8FB8DE", blueHover: "#A9C9E8",
    cinnabar: "#F0897A", celadon: "#7CC4B0", amber: "#E3B457", rouge: "#F08CA6",
    blueTint: "#22354A", cinnabarTint: "#3A2320", celadonTint: "#1D332E", amberTint: "#352B16",
  },
};

export const FONT = '-apple-system, "Segoe UI", Roboto, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
export const SERIF = '"Songti SC", "Noto Serif CJK SC", serif';
/** Heat ramp of five; white text from the fourth on. */
export const HEAT = ["#EEF2F5", "#C9D6E2", "#94AFC8", "#4A769E", "#1F4E79"] as const;
export const DIVERGING = ["#8A5A00", "#C9A25A", "#F1EEE6", "#94AFC8", "#1F4E79"] as const;

export type Family = "attention" | "trade" | "spread" | "kin" | "shared" | "care" | "conflict";
/** Relation kinds: one hue a family, everywhere; `dash` as SVG and ECharts read it. */
export const FAMILIES: Record<Family, { light: string; dark: string; zh: string; en: string; dash?: number[] }> = {
  attention: { light: "#235894", dark: "#39D0FD", zh: "注意", en: "Attention" },
  trade: { light: "#AB7A1C", dark: "#EECF78", zh: "交易", en: "Trade" },
  spread: { light: "#8375C9", dark: "#8E82CA", zh: "传播", en: "Spread" },
  kin: { light: "#5F7353", dark: "#A9BC9D", zh: "共处", en: "Kin" },
  shared: { light: "#4A3B28", dark: "#968371", zh: "标识", en: "Shared mark", dash: [6, 3] },
  care: { light: "#4C8E8A", dark: "#CBE8ED", zh: "照料", en: "Care" },
  conflict: { light: "#772550", dark: "#CA8CA7", zh: "冲突", en: "Conflict", dash: [2, 3] },
};

/** Platforms take fixed slots; one without a slot is grey with its disc. */
const SLOTS: Record<string, { light: string; dark: string }> = {
  douyin: { light: "#2E3B44", dark: "#7D8890" },
  kuaishou: { light: "#B45D11", dark: "#CC973E" },
  xiaohongshu: { light: "#B97890", dark: "#E6B8C0" },
  wechat: { light: "#2C5E48", dark: "#79B689" },
  channels: { light: "#8F8562", dark: "#E4DC95" },
  bilibili: { light: "#4096C6", dark: "#7ADFFD" },
  zhihu: { light: "#276CB5", dark: "#618DCF" },
  taobao: { light: "#6D5675", dark: "#B8A1C0" },
};
export const platformColour = (id: string, mode: Mode): string => SLOTS[id]?.[mode] ?? TOKENS[mode].field;

/** Black or white, whichever is read better on a ground "#rrggbb". */
export function textOn(ground: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(ground.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#FFFFFF";
}

/** CSS custom properties of a mode: `--ink`, `--blue-tint`. */
export function cssVariables(mode: Mode): Record<string, string> {
  const named = Object.entries(TOKENS[mode]).map(([name, value]) => [
    `--${name.replace(/[A-Z]|\d/g, (c) => `-${c.toLowerCase()}`)}`, value as string,
  ]);
  return { ...Object.fromEntries(named), "--font": FONT, "--serif": SERIF };
}

/** Alias tokens are set by hand: those that antd derives fail contrast. */
export function antdConfig(mode: Mode): ThemeConfig {
  const c = TOKENS[mode];
  const onBlue = mode === "light" ? c.sheet : c.paper;
  return {
    algorithm: mode === "dark" ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    token: {
      fontFamily: FONT, fontSize: 14, lineHeight: 22 / 14, borderRadius: 4, motion: false, wireframe: false,
      fontSizeSM: 12, fontSizeHeading1: 28, fontSizeHeading2: 20, fontSizeHeading3: 16, fontWeightStrong: 600,
      colorPrimary: c.blue, colorPrimaryHover: c.blueHover, colorPrimaryActive: c.blueHover,
      colorPrimaryBg: c.blueTint, colorPrimaryBgHover: c.blueTint, colorPrimaryBorder: c.blue,
      colorPrimaryText: c.blue, colorPrimaryTextHover: c.blueHover,
      colorLink: c.blue, colorLinkHover: c.blueHover, colorLinkActive: c.blueHover,
      colorInfo: c.blue, colorInfoBg: c.blueTint, colorInfoBorder: c.blue, colorInfoText: c.blue,
      colorSuccess: c.celadon, colorSuccessBg: c.celadonTint, colorSuccessBorder: c.celadon, colorSuccessText: c.celadon,
      // A failed field is a doubt about input, not a task that waits: amber, so that cinnabar stays a seal.
      colorWarning: c.amber, colorWarningBg: c.amberTint, colorWarningBorder: c.amber, colorWarningText: c.amber,
      colorError: c.amber, colorErrorBg: c.amberTint, colorErrorBorder: c.amber, colorErrorText: c.amber,
      colorErrorHover: c.amber, colorWarningHover: c.amber,
      colorText: c.ink, colorTextHeading: c.ink, colorTextSecondary: c.ink2, colorTextTertiary: c.ink3,
      colorTextQuaternary: c.ink3, colorTextPlaceholder: c.ink3, colorTextDescription: c.ink3, colorTextLabel: c.ink2,
      colorTextDisabled: c.ink3, colorTextLightSolid: onBlue, colorIcon: c.ink3, colorIconHover: c.ink,
      colorBgBase: c.sheet, colorBgLayout: c.paper, colorBgContainer: c.sheet, colorBgElevated: c.sheet,
      colorBgTextHover: c.shade, colorBgTextActive: c.shade, colorBgContainerDisabled: c.shade,
      colorFillAlter: c.shade, colorFillSecondary: c.shade, colorFillTertiary: c.shade, colorFillQuaternary: c.shade,
      colorBorder: c.field, colorBorderSecondary: c.line, colorSplit: c.line, colorBorderDisabled: c.field,
      controlItemBgActive: c.blueTint, controlItemBgActiveHover: c.blueTint, controlItemBgHover: c.shade,
      controlOutline: c.blue, controlOutlineWidth: 1, // with the border: a ring of 2 px
      boxShadow: "0 4px 16px rgba(31,35,40,.16)",
      boxShadowSecondary: "0 4px 16px rgba(31,35,40,.16)", boxShadowTertiary: "none",
    },
    components: {
      Button: { primaryShadow: "none", defaultShadow: "none", dangerShadow: "none", primaryColor: onBlue },
      Card: { bodyPadding: 16, headerFontSize: 16, bodyPaddingSM: 12 },
      Table: {
        headerBg: c.shade, headerColor: c.ink2, headerSortActiveBg: c.shade, headerSortHoverBg: c.shade,
        bodySortBg: c.sheet, rowHoverBg: c.shade, rowSelectedBg: c.blueTint, rowSelectedHoverBg: c.blueTint,
        borderColor: c.line, headerSplitColor: "transparent", cellPaddingBlockSM: 5, cellPaddingInlineSM: 8,
        cellPaddingBlock: 9, cellPaddingInline: 8, headerBorderRadius: 0,
      },
      Tabs: { itemColor: c.ink2, itemSelectedColor: c.blue, inkBarColor: c.blue },
      Tooltip: { colorBgSpotlight: c.ink, colorTextLightSolid: c.paper },
      Segmented: { trackBg: c.shade, itemSelectedBg: c.sheet, itemColor: c.ink2, itemSelectedColor: c.ink },
      Tag: { defaultBg: c.shade, defaultColor: c.ink2 },
    },
  };
}

/** What every chart starts from; pages give series and axes only. */
export function chartTheme(mode: Mode): Record<string, unknown> {
  const c = TOKENS[mode];
  const axis = {
    axisLine: { lineStyle: { color: c.field } }, axisTick: { show: false },
    axisLabel: { color: c.ink3, fontSize: 12 }, splitLine: { lineStyle: { color: c.line } },
    nameTextStyle: { color: c.ink2, fontSize: 12 },
  };
  return {
    color: [c.ink, c.blue, FAMILIES.trade[mode], FAMILIES.care[mode], c.field],
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, fontSize: 12, color: c.ink2 },
    title: { textStyle: { color: c.ink, fontSize: 16, fontWeight: 600 } },
    legend: { textStyle: { color: c.ink2 } },
    tooltip: {
      backgroundColor: c.sheet, borderColor: c.line, borderWidth: 1, padding: [8, 12],
      textStyle: { color: c.ink, fontSize: 12 }, extraCssText: "box-shadow:none",
      axisPointer: { lineStyle: { color: c.field }, crossStyle: { color: c.field } },
    },
    line: { symbol: "none", smooth: false, lineStyle: { width: 1.75 } },
    categoryAxis: { ...axis, splitLine: { show: false } }, valueAxis: { ...axis, axisLine: { show: false } },
    timeAxis: { ...axis, splitLine: { show: false } }, logAxis: axis,
  };
}
