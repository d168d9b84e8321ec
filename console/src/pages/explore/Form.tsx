/** The query form: every field is in the URL, so Back undoes and a link asks the same. */
import type { ReactNode } from "react";
import { Button, Select } from "antd";
import { useLang, useT } from "@/i18n";
import { useParams } from "@/state/url";
import { type Field, FORMS } from "./logic";
import { m } from "./messages";
import type { Kind } from "./kinds";

export interface KindName { name: string; zh: string; en: string; events: number }
interface Option { value: string; label: string }

export function Form({ kind, query, kinds }: { kind: Kind; query: Record<string, string>; kinds: readonly KindName[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [, set] = useParams();
  const names: Option[] = kinds.map((one) => ({ value: one.name, label: lang === "zh" ? one.zh || one.name : one.en || one.name }));
  return (
    <form className="card explore-form" aria-label={t("form")} onSubmit={(event) => event.preventDefault()}>
      <h2 style={{ marginBottom: 12 }}>{t("form")}</h2>
      {FORMS[kind].map((field) => (field.of === "steps"
        ? <Steps key={field.key} chosen={(query[field.key] ?? "").split(",").filter(Boolean)} names={names} onChange={(steps) => set({ [field.key]: steps.join(",") })} />
        : (
          <label key={field.key} className="field-block">
            <span>{t(field.label as "kind")}</span>
            <Select<string>
              value={query[field.key] ?? ""} aria-label={t(field.label as "kind")} showSearch={field.of === "kind" ? { optionFilterProp: "label" } : false} popupMatchSelectWidth={false}
              options={optionsOf(field, names, t)} onChange={(value) => set({ [field.key]: value === field.start ? "" : value })}
            />
          </label>
        )))}
    </form>
  );
}

function Steps({ chosen, names, onChange }: { chosen: string[]; names: Option[]; onChange: (steps: string[]) => void }): ReactNode {
  const t = useT(m);
  return (
    <fieldset className="explore-steps">
      <legend>{t("steps")}</legend>
      {chosen.map((step, at) => (
        <div key={`${at}:${step}`} className="row">
          <span className="note" aria-hidden style={{ width: 12 }}>{at + 1}</span>
          <Select<string>
            className="grow" value={step} aria-label={t("step", { n: at + 1 })} showSearch={{ optionFilterProp: "label" }} options={names} popupMatchSelectWidth={false}
            onChange={(value) => onChange(chosen.map((one, place) => (place === at ? value : one)))}
          />
          {chosen.length > 2 && <Button size="small" type="text" aria-label={t("removeStep", { n: at + 1 })} onClick={() => onChange(chosen.filter((_, place) => place !== at))}>×</Button>}
        </div>
      ))}
      {chosen.length < 10 && (
        <Select<string>
          value={null} placeholder={t("addStep")} aria-label={t("addStep")} showSearch={{ optionFilterProp: "label" }} options={names} popupMatchSelectWidth={false} onChange={(value) => onChange([...chosen, value])}
        />
      )}
    </fieldset>
  );
}

function optionsOf(field: Field, names: Option[], t: ReturnType<typeof useT<(typeof m)["zh"]>>): Option[] {
  const none = field.none ? [{ value: "", label: t(field.none as "whole") }] : [];
  if (field.of === "kind") return [...none, ...names];
  if (field.key === "backwards") return [{ value: "", label: t("after") }, { value: "true", label: t("before") }];
  return (field.of as readonly string[]).map((word) => (word === "" ? none[0] ?? { value: "", label: "" } : { value: word, label: /^\d+$/.test(word) ? word : t(word as "whole") }));
}
