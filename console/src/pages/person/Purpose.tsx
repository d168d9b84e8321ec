/** Why somebody looks at what is personal: one of a few purposes, or their own words. */
import { type ReactNode, useState } from "react";
import { Input, Radio } from "antd";
import { useT } from "@/i18n";
import { m } from "./messages";

const PURPOSES = ["callBack", "afterSales", "checkOrder", "checkRisk", "askedByPerson", "other"] as const;

/** The purpose as it will be logged, "" until one is said; and the field that asks for it. */
export function usePurpose(): [said: string, field: ReactNode] {
  const t = useT(m);
  const [purpose, setPurpose] = useState<(typeof PURPOSES)[number] | "">("");
  const [words, setWords] = useState("");
  const field = (
    <fieldset className="choices">
      <legend>{t("purpose")}</legend>
      <Radio.Group value={purpose} onChange={(event) => setPurpose(event.target.value as typeof purpose)} options={PURPOSES.map((one) => ({ value: one, label: t(one) }))} />
      {purpose === "other" && <Input value={words} onChange={(event) => setWords(event.target.value)} maxLength={200} aria-label={t("purpose")} style={{ marginTop: 8 }} />}
    </fieldset>
  );
  return [purpose === "other" ? words.trim() : purpose && t(purpose), field];
}
