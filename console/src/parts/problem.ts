/** What went wrong in the reader's language: the API's own words are English and stay at hand as details. */
import { ApiError, CUT } from "@/api/client";
import { catalogue, say, type Lang } from "@/i18n";

const CHINESE = /\p{Script=Han}/u;

/** One sentence about an error, by its status where the API's words are in another language; `details` when there is more to read. */
export function problemOf(error: unknown, lang: Lang): { text: string; details: string } {
  const t = say(m, lang);
  if (!(error instanceof ApiError)) return { text: t("broken"), details: String(error) };
  if (error.status === 0) return { text: t(error.field === CUT ? "cut" : "away"), details: "" };
  const said = [error.what, error.mend].filter(Boolean).join(lang === "zh" && CHINESE.test(error.what) ? "。" : ". ");
  if (lang === "en" || CHINESE.test(error.what)) return { text: said, details: "" };
  return { text: error.status === 400 && error.field ? t("field", { field: FIELDS[error.field] ?? error.field }) : t(WORDS[error.status] ?? "other"), details: said };
}

/** The parts of an error for a message with {what} and {mend}, in the language of the page; the API's own words come behind. */
export function wordsOf(error: ApiError): { what: string; mend: string } {
  const lang: Lang = document.documentElement.lang.startsWith("en") ? "en" : "zh";
  const { text, details } = problemOf(error, lang);
  if (details) return { what: text.replace(/。$/, ""), mend: say(m, lang)("behind", { details }) };
  return error.status === 0 ? { what: text.replace(/[。.]$/, ""), mend: "" } : { what: error.what, mend: error.mend };
}

const WORDS: Record<number, "data" | "signedOut" | "refused" | "gone" | "large" | "often" | "failed" | "engine" | "busy"> = {
  400: "data", 401: "signedOut", 403: "refused", 404: "gone", 413: "large", 429: "often", 500: "failed", 501: "engine", 503: "busy",
};

/** Fields of a question as the page calls them; the rest bear the API's own name. */
const FIELDS: Record<string, string> = {
  t: "时间", cmp: "对比", align: "对齐", pf: "平台", asof: "截至", kind: "事件", by: "拆分", bucket: "粒度", steps: "步骤", metric: "指标", name: "名称", day: "日期", text: "内容", password: "密码",
};

const m = catalogue({
  zh: {
    cut: "回答没有传完，没有采用。本页会自己再问。", away: "服务器没有应答。确认 guanxi serve 在运行，本页会自己再问。", broken: "这一块没有显示出来。其余部分不受影响。", data: "送去的内容不能用，改一改再试。", field: "「{field}」的值不能用，改一改再试。",
    signedOut: "登录已过期，重新登录后继续。", refused: "规则或权限不允许这样做。", gone: "没有找到。它可能已被删除，或者并入了别的。", large: "内容太大，分开再送。",
    often: "问得太密，等一分钟再试。", failed: "服务器出了错，编号在详情里，可在日志里查到。", engine: "缺一个可选组件，装上才能用。", busy: "系统正忙，稍等再试。", other: "没有做成。", behind: "详情：{details}",
  },
  en: {
    cut: "The answer came incomplete and was not taken; this page asks again by itself.", away: "The server does not answer. Check that guanxi serve is running; this page asks again by itself.", broken: "This part could not be shown. The rest is not affected.",
    data: "What was sent is not usable.", field: "The value of '{field}' is not usable.", signedOut: "Signed out.", refused: "Not allowed.", gone: "Not found.", large: "Too large.",
    often: "Too many requests.", failed: "The server failed.", engine: "An optional part is missing.", busy: "Busy; try again soon.", other: "It failed.", behind: "Details: {details}",
  },
});
