/** Words for what the operation log holds; a verb without a word is shown as it stands. */
import { catalogue, type Lang } from "@/i18n";

const words = catalogue({
  zh: {
    "sign-in": "登录", "sign-out": "退出", create: "建立", revoke: "停用", enable: "恢复", disable: "停用", export: "导出", "change roles": "改角色", "reset password": "重置密码", "change password": "改密码",
    "workspace.create": "建立工作区", "workspace.backup": "备份", "workspace.restore": "恢复备份", "user.create": "添加成员", "key.create": "建立密钥", "key.revoke": "停用密钥",
    upload: "上传文件", "upload.remove": "删除上传", import: "导入", "import.stop": "停止导入", "mapping.save": "保存映射", "parked.replay": "重放待修行", "parked.drop": "放弃待修行", "parked.mend": "修待修行",
    "person.merge": "合并两人", "person.split": "拆开两人", "person.erase": "忘记此人", reveal: "看明文", "reach.withdraw": "撤回未发的", "reach.retry": "重发", "note.write": "写批注", "note.remove": "删批注", "kind.define": "定义事件", "kind.remove": "删除事件定义", "trait.define": "定义特征", "trait.remove": "删除特征", "trait.undo": "撤回特征改动",
    "limit.set": "改限额", "limit.remove": "停用限额", "policy.write": "写策略", "policy.run": "运行策略", "approval.lapse": "审批过期", "bank.open": "开户", "bank.redeem": "兑换", "bank.settle": "结清兑换", "bank.undo": "撤销兑换", "ledger.sign": "签发账本",
  },
  en: {
    "sign-in": "Signed in", "sign-out": "Signed out", create: "Made", revoke: "Revoked", enable: "Enabled", disable: "Disabled", export: "Exported", "change roles": "Changed roles", "reset password": "Reset a password", "change password": "Changed the password",
    "workspace.create": "Made the workspace", "workspace.backup": "Backed up", "workspace.restore": "Restored a backup", "user.create": "Added a member", "key.create": "Made a key", "key.revoke": "Revoked a key",
    upload: "Uploaded a file", "upload.remove": "Removed an upload", import: "Imported", "import.stop": "Stopped an import", "mapping.save": "Kept a mapping", "parked.replay": "Replayed parked rows", "parked.drop": "Gave up parked rows", "parked.mend": "Mended parked rows",
    "person.merge": "Merged two people", "person.split": "Split a person", "person.erase": "Forgot a person", reveal: "Saw plain text", "reach.withdraw": "Took back what was not sent", "reach.retry": "Sent again", "note.write": "Wrote a date note", "note.remove": "Removed a date note", "kind.define": "Defined a kind", "kind.remove": "Removed a kind", "trait.define": "Defined traits", "trait.remove": "Removed a trait", "trait.undo": "Took a change of traits back",
    "limit.set": "Changed a limit", "limit.remove": "Took a limit away", "policy.write": "Wrote a policy", "policy.run": "Ran a policy", "approval.lapse": "An approval lapsed", "bank.open": "Opened an account", "bank.redeem": "Redeemed", "bank.settle": "Settled a reward", "bank.undo": "Took a reward back", "ledger.sign": "Signed the ledger",
  },
});

export const OPERATIONS = Object.keys(words.zh);

export function operationName(verb: string, lang: Lang): string {
  return (words[lang] as Record<string, string>)[verb] ?? verb;
}

/** Small facts as one line: roles: operator, analyst · rows: 12. */
export function facts(detail: Readonly<Record<string, unknown>>): string {
  const text = (value: unknown): string => (Array.isArray(value) ? value.map(text).join(", ") : value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
  return Object.entries(detail).map(([name, value]) => `${name}: ${text(value)}`).join(" · ");
}
