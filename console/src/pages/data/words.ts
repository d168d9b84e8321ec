/** Names of families, reasons, states and sources, as the catalogue and the intake call them. */
import type { Label, Lang } from "@/i18n";

const FAMILIES: Record<string, Label> = {
  browse: { zh: "浏览", en: "Browsing" }, app: { zh: "应用", en: "App" }, trade: { zh: "交易", en: "Trade" }, coupon: { zh: "优惠券", en: "Coupons" },
  logistics: { zh: "物流", en: "Logistics" }, settlement: { zh: "结算", en: "Settlement" }, content: { zh: "内容", en: "Content" }, video: { zh: "视频", en: "Video" },
  live: { zh: "直播", en: "Live" }, ad: { zh: "广告", en: "Ads" }, metrics: { zh: "报表", en: "Reports" }, service: { zh: "客服", en: "Service" }, reach: { zh: "触达", en: "Reach" },
  account: { zh: "账号", en: "Accounts" }, social: { zh: "社交", en: "Social" }, place: { zh: "到店", en: "Places" }, loyalty: { zh: "会员", en: "Loyalty" }, learn: { zh: "学习", en: "Learning" },
  risk: { zh: "风控", en: "Risk" }, consent: { zh: "同意", en: "Consent" }, decision: { zh: "决策", en: "Decisions" }, system: { zh: "系统", en: "System" }, custom: { zh: "自定义", en: "Custom" },
};
const REASONS: Record<string, Label> = {
  "kind-missing": { zh: "没有写明事件名", en: "The event has no name" }, "id-missing": { zh: "缺少必填的编号", en: "A required id is missing" },
  "id-destroyed": { zh: "编号已被表格软件破坏", en: "An id was destroyed by a spreadsheet" }, "role-missing": { zh: "缺少必填的角色", en: "A required role is missing" },
  type: { zh: "值的类型不对", en: "A value has the wrong type" }, range: { zh: "值超出允许范围", en: "A value is out of range" }, amount: { zh: "金额读不出或不合理", en: "An amount is unreadable or absurd" },
  time: { zh: "时间读不出或不合理", en: "A time is unreadable or absurd" }, "text-too-long": { zh: "文本过长", en: "A text is too long" }, encoding: { zh: "文字编码损坏", en: "The bytes are not text in the file's encoding" },
  "state-unknown": { zh: "状态文字不认识", en: "A status text is not known" }, group: { zh: "同一单里有坏行", en: "Its order has a bad row" }, "group-split": { zh: "同一单的行不相邻", en: "Its order's rows are not together" },
  nothing: { zh: "这一行没有可记的事", en: "The row says nothing to record" }, trust: { zh: "这个密钥不能发送此类事件", en: "This key may not send this kind" },
  "platform-unknown": { zh: "平台代号不认识", en: "The platform id is not known" }, malformed: { zh: "这一行结构不完整", en: "The row is not well formed" },
};
const STATES: Record<string, Label> = {
  waiting: { zh: "○ 排队", en: "○ Waiting" }, running: { zh: "○ 导入中", en: "○ Importing" }, done: { zh: "✓ 已完成", en: "✓ Done" }, failed: { zh: "◐ 没有完成", en: "◐ Failed" }, stopped: { zh: "◐ 已停止", en: "◐ Stopped" },
};
const PRIVACY: Record<string, Label> = { public: { zh: "公开", en: "Public" }, behaviour: { zh: "行为", en: "Behaviour" }, sensitive: { zh: "敏感", en: "Sensitive" } };
const TRUST: Record<string, Label> = { client: { zh: "任何密钥", en: "Any key" }, server: { zh: "服务器密钥", en: "Server key" } };
const TYPES: Record<string, Label> = {
  text: { zh: "文本", en: "Text" }, id: { zh: "编号", en: "Id" }, integer: { zh: "整数", en: "Whole number" }, decimal: { zh: "精确小数", en: "Exact decimal" }, money: { zh: "金额（分）", en: "Money (minor units)" },
  number: { zh: "小数", en: "Number" }, rate: { zh: "比例（0 至 1）", en: "Rate (0 to 1)" }, boolean: { zh: "是或否", en: "Yes or no" }, time: { zh: "时间", en: "Time" }, json: { zh: "列表或对象", en: "List or object" },
};

/** The families that a kind may belong to. */
export const FAMILY_IDS: readonly string[] = Object.keys(FAMILIES);
export const typeName = (id: string, lang: Lang): string => TYPES[id]?.[lang] ?? id;
/** What nobody defined has no label but its own name. */
export const kindName = (row: { name: string; zh: string; en: string; defined: boolean }, lang: Lang): string => (row.defined ? row[lang] || row.zh : row.name);
export const familyName = (id: string, lang: Lang): string => FAMILIES[id]?.[lang] ?? id;
export const reasonName = (id: string, lang: Lang): string => REASONS[id]?.[lang] ?? id;
export const stateName = (id: string, lang: Lang): string => STATES[id]?.[lang] ?? id;
export const privacyName = (id: string, lang: Lang): string => PRIVACY[id]?.[lang] ?? id;
export const trustName = (id: string, lang: Lang): string => TRUST[id]?.[lang] ?? id;

/** "import:taobao_order" → the format's own name; "http:3" → 接口（密钥 3）. */
export function sourceName(source: string, names: ReadonlyMap<string, Label>, lang: Lang): string {
  const [how, id = ""] = source.split(/:(.*)/s);
  const label = names.get(id)?.[lang];
  if (how === "import") return label ?? id;
  if (how === "http") return lang === "zh" ? `接口（密钥 ${id}）` : `API (key ${id})`;
  return source;
}

/** A group of parked rows as one text of the URL, and back; null when it is none. */
export interface Group {
  reason: string;
  field: string;
  source: string;
  kind: string;
}
export const groupText = (group: Group): string => [group.reason, group.field, group.source, group.kind].map(encodeURIComponent).join(",");
export function groupOf(text: string): Group | null {
  const parts = text.split(",");
  if (parts.length !== 4) return null;
  try {
    const [reason = "", field = "", source = "", kind = ""] = parts.map(decodeURIComponent);
    return reason && source ? { reason, field, source, kind } : null;
  } catch {
    return null; // a broken link opens the list
  }
}
export const sameGroup = (a: Group, b: Group): boolean => groupText(a) === groupText(b);
