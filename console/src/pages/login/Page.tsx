import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Alert, Button, Input, type InputRef } from "antd";
import { ApiError } from "@/api/client";
import { useLanguage, useT } from "@/i18n";
import { useSession, type Phase } from "@/state/session";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";

const workspace = (): string => document.querySelector<HTMLMetaElement>('meta[name="guanxi-workspace"]')?.content ?? "";

/** Name and password; the address bar keeps the page to which the person returns. */
export default function Login({ phase }: { phase: Phase }): ReactNode {
  const t = useT(m);
  const { lang, setLang } = useLanguage();
  const { again } = useSession();
  useEffect(() => {
    document.title = `${t("title")} · 关系 Guanxi`;
  }, [t]);
  const place = workspace();
  return (
    <main className="login">
      <div className="login-box">
        <div className="row" style={{ marginBottom: 24 }}>
          <div className="grow">
            <span className="mark">关系 Guanxi</span>
            {place && <div className="note cut" title={place}>{t("workspace", { name: place })}</div>}
          </div>
          <Button type="text" onClick={() => setLang(lang === "zh" ? "en" : "zh")} lang={lang === "zh" ? "en" : "zh-CN"}>
            {t("other")}
          </Button>
        </div>
        <div className="card">
          <h1 id="login-title" style={{ fontSize: 20, lineHeight: "28px", marginBottom: 16 }}>{t("title")}</h1>
          {phase === "asking" && <p role="status" className="note">{t("asking")}</p>}
          {phase === "away" && (
            <div role="alert" className="stack">
              <p>{t("away")}</p>
              <Button onClick={again}>{t("again")}</Button>
            </div>
          )}
          {(phase === "out" || phase === "lost") && <Form lost={phase === "lost"} />}
        </div>
        {phase !== "away" && <p className="note" style={{ marginTop: 16 }}>{t("forgot")}</p>}
      </div>
    </main>
  );
}

function Form({ lost }: { lost: boolean }): ReactNode {
  const t = useT(m);
  const { signIn, me } = useSession();
  const [name, setName] = useState(me?.who ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [error, setError] = useState("");
  const nameBox = useRef<InputRef>(null);
  const passwordBox = useRef<InputRef>(null);
  useEffect(() => (me ? passwordBox : nameBox).current?.focus(), [me]);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (!name.trim() || !password) return (name.trim() ? passwordBox : nameBox).current?.focus();
    setBusy(true);
    setError("");
    try {
      await signIn(name.trim(), password);
    } catch (failure) {
      setBusy(false);
      setError(told(failure, t));
      passwordBox.current?.select();
    }
  };
  const missing = { name: tried && !name.trim(), password: tried && !password };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {lost && <Alert type="info" title={t("lost")} style={{ marginBottom: 16 }} role="status" />}
      <div className="field-block">
        <label htmlFor="login-name">{t("name")}</label>
        <Input
          id="login-name" ref={nameBox} value={name} onChange={(event) => setName(event.target.value)} autoComplete="username" maxLength={128}
          status={missing.name ? "error" : ""} aria-invalid={missing.name} aria-describedby={missing.name ? "login-name-note" : undefined} autoCapitalize="none" spellCheck={false}
        />
        {missing.name && <span id="login-name-note" className="note">{t("needName")}</span>}
      </div>
      <div className="field-block">
        <label htmlFor="login-password">{t("password")}</label>
        <Input.Password
          id="login-password" ref={passwordBox} value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" maxLength={1024}
          status={missing.password || error ? "error" : ""} aria-invalid={missing.password || error !== ""} aria-describedby="login-note"
        />
        {missing.password && <span className="note">{t("needPassword")}</span>}
      </div>
      <p id="login-note" role="alert" style={{ color: "var(--amber)", marginBottom: error ? 12 : 0 }}>{error && `◐ ${error}`}</p>
      <Button type="primary" htmlType="submit" block disabled={busy}>{busy ? t("busy") : t("submit")}</Button>
    </form>
  );
}

function told(failure: unknown, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  if (!(failure instanceof ApiError)) return String(failure);
  if (failure.status === 401) return t("wrong");
  if (failure.status === 429) return t("tooMany");
  if (failure.status === 0) return t("away");
  const { what, mend } = wordsOf(failure);
  return `${what}。${mend}`;
}
