/** What windows, units, parties, uses and classes of traits are called, and where a trait's page is. */
import type { Label, Lang } from "@/i18n";
import { platformName } from "@/platforms";

/** The page of a trait; with a party, why it is what it is for that party. */
export const traitPath = (name: string, ref = ""): string => `/traits/${encodeURIComponent(name)}${ref ? `?ref=${encodeURIComponent(ref)}` : ""}`;

/** A trait's own sentence, as a sentence begins. */
export const saidOf = (row: Label, lang: Lang): string => row[lang].charAt(0).toUpperCase() + row[lang].slice(1);

interface Party {
  /** what one is: 设备, device */
  zh: string;
  en: string;
  /** how several are counted: 台设备, devices */
  some: Label;
  /** role of an event that names it, and the types that may stand there */
  role: string;
  types: readonly string[];
  /** a reference as people may write it */
  like: string;
}
/** What stands for the key of a reference. */
export const likeOf = (id: string, lang: Lang): string => partyOf(id).like.replace("编号", lang === "zh" ? "编号" : "ID");
const party = (zh: string, en: string, some: Label, role: string, types: readonly string[], like: string): Party => ({ zh, en, some, role, types, like });
const PARTIES: Record<string, Party> = {
  person: party("人", "Person", { zh: "人", en: "people" }, "actor", ["account", "person"], "account:taobao:编号"),
  account: party("账号", "Account", { zh: "个账号", en: "accounts" }, "actor", ["account"], "account:taobao:编号"),
  device: party("设备", "Device", { zh: "台设备", en: "devices" }, "device", ["device"], "device::编号"),
  ip: party("IP", "IP address", { zh: "个 IP", en: "IP addresses" }, "ip", ["ip"], "ip::192.0.2.1"),
  card: party("支付卡", "Card", { zh: "张支付卡", en: "cards" }, "card", ["card"], "card::编号"),
  address: party("收货地址", "Address", { zh: "个收货地址", en: "addresses" }, "address", ["address"], "address::编号"),
  phone: party("手机号", "Phone", { zh: "个手机号", en: "phone numbers" }, "phone", ["phone"], "phone::编号"),
  recipient: party("收件人", "Recipient", { zh: "个收件人", en: "recipients" }, "recipient", [], "person::编号"),
  payer: party("付款人", "Payer", { zh: "个付款人", en: "payers" }, "payer", [], "account:taobao:编号"),
  household: party("家庭", "Household", { zh: "个家庭", en: "households" }, "household", [], "household::编号"),
  shop: party("店铺", "Shop", { zh: "家店铺", en: "shops" }, "shop", ["shop"], "shop:taobao:编号"),
  item: party("商品", "Product", { zh: "件商品", en: "products" }, "item", ["item"], "item:jd:编号"),
  creator: party("达人", "Creator", { zh: "位达人", en: "creators" }, "creator", [], "creator:douyin:编号"),
  content: party("内容", "Content", { zh: "条内容", en: "pieces of content" }, "content", ["content"], "content:xiaohongshu:编号"),
  room: party("直播间", "Live room", { zh: "个直播间", en: "live rooms" }, "room", [], "room:douyin:编号"),
  coupon: party("券", "Coupon", { zh: "种券", en: "coupons" }, "coupon", [], "coupon:taobao:编号"),
  campaign: party("活动", "Campaign", { zh: "个活动", en: "campaigns" }, "campaign", [], "campaign:douyin:编号"),
  place: party("地点", "Place", { zh: "个地点", en: "places" }, "place", [], "place::编号"),
};
const unknown = (id: string): Party => party(id, id, { zh: id, en: id }, id, [], `${id}::…`);

export const partyOf = (id: string): Party => PARTIES[id] ?? unknown(id);
export const partyName = (id: string, lang: Lang): string => partyOf(id)[lang];
/** Traits of these are of people: small groups of them are not told. */
export const isHuman = (id: string): boolean => ["person", "account", "recipient", "payer", "household", "phone"].includes(id);

/** Topics as the page orders them: what tells of people first, then what tells of risk; others come last. */
const TOPICS = [
  "activity", "life", "purchase", "taste", "price", "promotion", "content", "live", "service", "social", "platforms", "recipient", "reach", "loyalty", "learning", "household",
  "velocity", "ages", "sharing", "amounts", "failures", "rhythm", "geography", "addresses", "takeover", "refunds", "abuse", "traffic", "merchant", "neighbours",
];
export const topicPlace = (id: string): number => (TOPICS.includes(id) ? TOPICS.indexOf(id) : TOPICS.length);

const UNITS: Record<string, Label> = {
  count: { zh: "个数", en: "Number" }, money: { zh: "元", en: "Yuan" }, ms: { zh: "时长", en: "Time" }, s: { zh: "时长", en: "Time" }, days: { zh: "天", en: "Days" }, ratio: { zh: "比值", en: "Ratio" },
  share: { zh: "占比", en: "Share" }, bits: { zh: "比特", en: "Bits" }, name: { zh: "名称", en: "Name" }, points: { zh: "分", en: "Points" }, km: { zh: "公里", en: "Km" },
};
const unitName = (id: string, lang: Lang): string => UNITS[id]?.[lang] ?? id;

/** The unit of a trait; a ratio of a part to its whole is a share. */
export const unitOf = (row: { unit: string; zh: string }, lang: Lang): string => unitName(row.unit === "ratio" && row.zh.endsWith("占比") ? "share" : row.unit, lang);

const USES: Record<string, Label> = { profile: { zh: "画像", en: "Profile" }, risk: { zh: "风控", en: "Risk" } };
export const usesName = (uses: readonly string[], lang: Lang): string => uses.map((one) => USES[one]?.[lang] ?? one).join(lang === "zh" ? "、" : ", ");
const PRIVACY: Record<string, Label> = { public: { zh: "公开", en: "Public" }, behaviour: { zh: "行为", en: "Behaviour" }, sensitive: { zh: "敏感", en: "Sensitive" } };
export const privacyName = (id: string, lang: Lang): string => PRIVACY[id]?.[lang] ?? id;

const SPANS: Record<string, Label> = { m: { zh: "{n} 分钟", en: "{n} min" }, h: { zh: "{n} 小时", en: "{n} h" }, d: { zh: "{n} 天", en: "{n} days" } };
/** "10m" → 近 10 分钟; a whole life → 至今. */
export function windowName(window: string, lang: Lang): string {
  const found = /^(\d+)([mhd])$/.exec(window);
  if (!found) return lang === "zh" ? "至今" : "So far";
  const [, n = "", unit = ""] = found;
  const text = (SPANS[unit]?.[lang] ?? "{n}").replace("{n}", n);
  if (lang === "zh") return `近 ${text}`;
  return `Last ${n === "1" && unit === "d" ? "day" : text}`;
}
/** For sorting: minutes of a window; a life is the longest. */
export function windowLength(window: string): number {
  const found = /^(\d+)([mhd])$/.exec(window);
  return found ? Number(found[1]) * ({ m: 1, h: 60, d: 1440 }[found[2] ?? ""] ?? 1) : Infinity;
}

const WEEKDAYS: Record<Lang, readonly string[]> = { zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"], en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] };
/** A name that a trait counts, as people read it: an hour, a weekday, a platform, or the text itself. */
export function codeName(text: string, by: string, lang: Lang): string {
  const plain = by.split(".").at(-1) ?? "";
  if (plain === "hour" && /^\d{1,2}$/.test(text)) return lang === "zh" ? `${text} 点` : `${text}:00`;
  if (plain === "weekday" && /^[1-7]$/.test(text)) return WEEKDAYS[lang][Number(text) - 1] ?? text;
  if (plain === "platform") return platformName(text, lang);
  return text;
}
