import { catalogue } from "@/i18n";

export const m = catalogue({
  zh: {
    title: "登录", name: "用户名", password: "密码", submit: "登录", busy: "正在登录", workspace: "工作区 {name}",
    lost: "登录已失效。重新登录后回到原处。", wrong: "用户名或密码不对。", tooMany: "试得太多了，过一分钟再试。",
    away: "服务器没有应答。确认 guanxi serve 在运行。", again: "再试一次", needName: "写上用户名", needPassword: "写上密码",
    forgot: "忘了密码，请管理员在「成员与权限」里重置。", other: "English", asking: "正在连接",
      },
  en: {
    title: "Sign in", name: "Name", password: "Password", submit: "Sign in", busy: "Signing in", workspace: "Workspace {name}",
    lost: "The session has ended. Sign in to go on where you were.", wrong: "The name or the password is wrong.", tooMany: "Too many tries. Wait a minute.",
    away: "The server does not answer. Check that guanxi serve is running.", again: "Try again", needName: "Enter the name", needPassword: "Enter the password",
    forgot: "Forgot it? An administrator makes a new one under Members.", other: "中文", asking: "Connecting",
      },
});
