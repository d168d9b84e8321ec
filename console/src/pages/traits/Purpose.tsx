/** Why a sensitive trait is looked at: chosen before anything is read, and logged with it. */
import { type ReactNode, useState } from "react";
import { Button, Input, Modal, Radio } from "antd";
import { useT } from "@/i18n";
import { m } from "./messages";

const PURPOSES = ["checkRisk", "study", "afterSales", "askedByPerson", "other_"] as const;

export function Purpose({ onSaid, onClose }: { onSaid: (purpose: string) => void; onClose: () => void }): ReactNode {
  const t = useT(m);
  const [purpose, setPurpose] = useState<(typeof PURPOSES)[number] | "">("");
  const [words, setWords] = useState("");
  const said = purpose === "other_" ? words.trim() : purpose && t(purpose);
  return (
    <Modal
      open onCancel={onClose} title={t("reveal")} width={480} destroyOnHidden closable={{ "aria-label": t("close") }}
      footer={<><Button onClick={onClose}>{t("cancel")}</Button><Button type="primary" disabled={said.length < 2} onClick={() => onSaid(said)}>{t("agree")}</Button></>}
    >
      <div className="stack">
        <fieldset className="trait-choices">
          <legend>{t("purpose")}</legend>
          <Radio.Group value={purpose} onChange={(event) => setPurpose(event.target.value as typeof purpose)} options={PURPOSES.map((one) => ({ value: one, label: t(one) }))} />
          {purpose === "other_" && <Input value={words} onChange={(event) => setWords(event.target.value)} maxLength={200} aria-label={t("purpose")} style={{ marginTop: 8 }} />}
        </fieldset>
        <p className="note">{t("willLog")}</p>
      </div>
    </Modal>
  );
}
