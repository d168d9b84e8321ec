import type { PageSpec } from "@/registry";

export const pages: PageSpec[] = [
  {
    path: "/settings/members", group: "settings", order: 1, title: { zh: "成员与权限", en: "Members" }, synonyms: ["用户管理", "角色", "权限", "密码", "roles", "users"],
    verbs: ["administer"], load: () => import("./Members"),
  },
  {
    path: "/settings/keys", group: "settings", order: 2, title: { zh: "密钥", en: "Keys" }, synonyms: ["API key", "token", "写入密钥"],
    verbs: ["administer"], load: () => import("./Keys"),
  },
  {
    path: "/settings/consent", group: "settings", order: 3, title: { zh: "同意与脱敏", en: "Consent & Masking" }, synonyms: ["隐私", "授权", "明文", "privacy"],
    verbs: ["view"], load: () => import("./Consent"),
  },
  {
    path: "/settings/limits", group: "settings", order: 3.5, title: { zh: "限额", en: "Limits" }, synonyms: ["触达上限", "频控", "预算", "免打扰", "限制", "caps", "quiet hours", "budget"],
    verbs: ["view"], load: () => import("./Limits"),
  },
  {
    path: "/settings/sources", group: "settings", order: 4, title: { zh: "平台与来源", en: "Sources" }, synonyms: ["格式", "平台", "对接", "platforms", "formats"],
    verbs: ["view"], load: () => import("./Sources"),
  },
  {
    path: "/settings/appearance", group: "settings", order: 5, title: { zh: "外观与密码", en: "Appearance & Password" }, synonyms: ["外观", "主题", "深色", "红涨绿跌", "语言", "快捷键", "修改密码", "dark", "theme"],
    verbs: ["view"], load: () => import("./Appearance"),
  },
  {
    path: "/settings/audit", group: "settings", order: 6, title: { zh: "操作日志", en: "Audit" }, synonyms: ["审计", "谁做了什么", "log"],
    verbs: ["administer"], load: () => import("./Audit"),
  },
];
