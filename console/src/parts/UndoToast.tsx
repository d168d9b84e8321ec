/** After a write: what was done, to how many, seconds left to take it back, and where it stands in the log. */
import { useCallback, useEffect, useState, type ReactNode } from "react";
import { Button } from "antd";
import { Link } from "react-router";
import { catalogue, useLang, useT } from "@/i18n";
import { problemOf } from "./problem";

export interface Done {
  /** what was done, to how many: 「已停用 周宁」 */
  text: string;
  /** takes it back; left out: it cannot be taken back, and the text says so */
  undo?: () => Promise<unknown>;
  /** page of the log */
  log?: string;
  /** seconds in which it can be taken back */
  seconds?: number;
}

const SECONDS = 10;
const AFTER_MS = 6_000;

/** The toast of a page and the function that shows one; a new one takes the place of the old one. */
export function useUndoToast(): [ReactNode, (done: Done) => void] {
  const [shown, setShown] = useState<{ done: Done; id: number } | null>(null);
  const show = useCallback((done: Done) => setShown((before) => ({ done, id: (before?.id ?? 0) + 1 })), []);
  const close = useCallback(() => setShown(null), []);
  return [shown && <UndoToast key={shown.id} {...shown.done} onClose={close} />, show];
}

export function UndoToast({ text, undo, log, seconds = SECONDS, onClose }: Done & { onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [left, setLeft] = useState(seconds);
  const [state, setState] = useState<"open" | "undoing" | "undone" | "failed">("open");
  const [problem, setProblem] = useState("");
  const over = state === "undone" || state === "failed" || !undo;
  useEffect(() => {
    if (state === "undoing") return;
    if (over) {
      const timer = setTimeout(onClose, state === "failed" ? 3 * AFTER_MS : AFTER_MS);
      return () => clearTimeout(timer);
    }
    const timer = setTimeout(() => (left > 1 ? setLeft(left - 1) : onClose()), 1_000);
    return () => clearTimeout(timer);
  }, [left, over, state, onClose]);
  const takeBack = async (): Promise<void> => {
    setState("undoing");
    try {
      await undo?.();
      setState("undone");
    } catch (error) {
      setProblem(problemOf(error, lang).text);
      setState("failed");
    }
  };
  return (
    <div
      className="row wrap"
      style={{ position: "fixed", left: "50%", bottom: 24, transform: "translateX(-50%)", zIndex: 1100, maxWidth: "min(640px, calc(100vw - 32px))", padding: "8px 16px", background: "var(--sheet)", border: "1px solid var(--field)", borderRadius: 4, boxShadow: "0 4px 16px rgba(31,35,40,.16)" }}
    >
      <span role="status">{state === "undone" ? t("undone") : state === "failed" ? t("failed", { problem }) : text}</span>
      {undo && (state === "open" || state === "undoing") && (
        <Button type="link" size="small" disabled={state === "undoing"} onClick={() => void takeBack()}>{t("undo", { n: left })}</Button>
      )}
      {log && <Link to={log}>{t("log")}</Link>}
      <Button type="text" size="small" aria-label={t("close")} onClick={onClose}>×</Button>
    </div>
  );
}

const m = catalogue({
  zh: { undo: "撤销（还剩 {n} 秒）", undone: "已撤销", failed: "没有撤销：{problem}", log: "看日志", close: "关闭提示" },
  en: { undo: "Undo ({n} s left)", undone: "Undone", failed: "Not undone: {problem}", log: "See the log", close: "Close this note" },
});
