/** Asks for the purpose before sensitive traits are read; who looked and why goes into the operation log. */
import type { ReactNode } from "react";
import { Button, Modal } from "antd";
import { useT } from "@/i18n";
import { m } from "./messages";
import { usePurpose } from "./Purpose";

export function Sensitive({ count, onLook, onClose }: { count: number; onLook: (purpose: string) => void; onClose: () => void }): ReactNode {
  const t = useT(m);
  const [said, field] = usePurpose();
  return (
    <Modal
      open onCancel={onClose} title={t("sensitiveTitle", { n: count })} width={480} destroyOnHidden closable={{ "aria-label": t("close") }}
      footer={<><Button onClick={onClose}>{t("cancel")}</Button><Button type="primary" disabled={said.length < 2} onClick={() => onLook(said)}>{t("look")}</Button></>}
    >
      <div className="stack">{field}<p className="note">{t("willLog")}</p></div>
    </Modal>
  );
}
