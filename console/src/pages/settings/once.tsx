/** A secret that is shown once, with copy; and a question asked in words before something is done. */
import { useState, type ReactNode } from "react";
import { Alert, Button, Input, Modal } from "antd";
import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { copyText } from "@/parts/copy";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";

export interface Secret {
  title: string;
  value: string;
}

export function OnceSecret({ secret, onClose }: { secret: Secret | null; onClose: () => void }): ReactNode {
  const t = useT(m);
  const [copied, setCopied] = useState<boolean | null>(null);
  const close = (): void => {
    setCopied(null);
    onClose();
  };
  return (
    <Modal
      open={secret !== null} title={secret?.title} onCancel={close} mask={{ closable: false }} keyboard={false} closable={false} destroyOnHidden
      footer={<Button onClick={close}>{t("saved")}</Button>}
    >
      <p style={{ color: "var(--amber)", marginBottom: 8 }}>◐ {t("secretTitle")}</p>
      <div className="row" style={{ marginBottom: 8 }}>
        <Input readOnly value={secret?.value ?? ""} aria-label={secret?.title} onFocus={(event) => event.target.select()} style={{ fontFamily: "monospace" }} />
        <Button type="primary" onClick={() => void copyText(secret?.value ?? "").then(setCopied)}>{t("copy")}</Button>
      </div>
      <p role="status" className="note">{copied === null ? t("secretNote") : t(copied ? "copied" : "notCopied")}</p>
    </Modal>
  );
}

/** Asks in words what will happen; `onDo` says what went wrong by throwing. */
export function Ask({ open, title, children, verb, onDo, onClose, ready = true }: {
  open: boolean; title: string; children: ReactNode; verb: string; onDo: () => Promise<void>; onClose: () => void; ready?: boolean;
}): ReactNode {
  const t = useT(m);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const close = (): void => {
    setProblem("");
    onClose();
  };
  const act = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await onDo();
      close();
    } catch (error) {
      setProblem(told(error, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={open} title={title} onCancel={close} destroyOnHidden
      closeIcon={<span aria-label={t("close")}>×</span>}
      footer={<><Button onClick={close}>{t("cancel")}</Button><Button type="primary" disabled={busy || !ready} onClick={() => void act()}>{verb}</Button></>}
    >
      {problem && <Alert type="warning" role="alert" title={problem} style={{ marginBottom: 12 }} />}
      <div className="stack">{children}</div>
    </Modal>
  );
}

export function told(error: unknown, t: ReturnType<typeof useT<(typeof m)["zh"]>>): string {
  return error instanceof ApiError ? t("refused", wordsOf(error)) : String(error);
}
