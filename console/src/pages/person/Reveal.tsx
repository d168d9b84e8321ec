/** A personal value in plain text: asked for by purpose, logged before it is read, forgotten when the dialog closes. */
import { type ReactNode, useState } from "react";
import { Button, Modal, Radio } from "antd";
import { api, type Schemas } from "@/api/client";
import { time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { m } from "./messages";
import type { Person } from "./Page";
import { usePurpose } from "./Purpose";

export function Reveal({ person, onClose }: { person: Person; onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const fields = person.fields ?? [];
  const [field, setField] = useState(fields[0]?.field ?? "");
  const [said, purpose] = usePurpose();
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState<Schemas["Revealed"] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const look = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setShown(await api.post("/v1/people/{ref}/reveal", { path: { ref: person.ref }, body: { field, purpose: said } }));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open onCancel={onClose} title={t("reveal")} width={480} destroyOnHidden closable={{ "aria-label": t("close") }}
      footer={shown ? <Button type="primary" onClick={onClose}>{t("close")}</Button> : <><Button onClick={onClose}>{t("cancel")}</Button><Button type="primary" disabled={busy || said.length < 2} onClick={() => void look()}>{t("look")}</Button></>}
    >
      {shown ? (
        <div className="stack">
          <p className="revealed" role="status">{shown.value}</p>
          <p className="note">{t("logged", { time: time(shown.at_ms, lang), purpose: said })}</p>
        </div>
      ) : (
        <div className="stack">
          <fieldset className="choices">
            <legend>{t("which")}</legend>
            <Radio.Group value={field} onChange={(event) => setField(String(event.target.value))} options={fields.map((one) => ({ value: one.field, label: `${lang === "zh" ? one.zh : one.en} ${one.masked.slice(0, 40)}` }))} />
          </fieldset>
          {purpose}
          <p className="note">{t("willLog")}</p>
          {error !== null && <PageState state="refused" error={error} />}
        </div>
      )}
    </Modal>
  );
}
