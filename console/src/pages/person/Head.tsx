/** Who this is and what they allow; plain text only by right, for a purpose, and logged. */
import { type ReactNode, useState } from "react";
import { Button } from "antd";
import { day, exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { useMay } from "@/state/session";
import { m } from "./messages";
import type { Person } from "./Page";
import { Reveal } from "./Reveal";

const MARKS = { given: "✓", withdrawn: "✗", unknown: "○" } as const;
/** What every person page says first; a name may be 3,000 signs long. */
const NAME_SIGNS = 60;

export function Head({ person, onOpen, past }: { person: Person; onOpen: (event: string) => void; past: boolean }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mayReveal = useMay("reveal") && !past && (person.fields?.length ?? 0) > 0;
  const [asking, setAsking] = useState(false);
  const facts = [person.city, person.phone, ...Object.values(person.about ?? {})].filter((one): one is string => Boolean(one));
  return (
    <section aria-label={t("who")}>
      <div className="row wrap">
        <h2 className="person-name" title={person.name}>{clipped(person.name || t("unnamed"), NAME_SIGNS)}</h2>
        {facts.map((one) => <span key={one} className="person-fact" title={one}>{clipped(one, NAME_SIGNS)}</span>)}
        <span className="grow" />
        {mayReveal && <Button onClick={() => setAsking(true)}>{t("reveal")}</Button>}
      </div>
      <p className="note">
        {t("seen", { n: exact(person.events ?? 0), first: day(person.first_ms, lang), last: time(person.last_ms, lang) })}
        {person.first && <Button type="link" size="small" onClick={() => onOpen(person.first ?? "")}>{t("firstEvent")}</Button>}
      </p>
      <ul className="row wrap consents" aria-label={t("consents")}>
        <li className="note" aria-hidden>{t("consents")}</li>
        {(person.consents ?? []).map((one) => {
          const text = <><span aria-hidden>{MARKS[one.state]}</span> {lang === "zh" ? one.zh : one.en} <span className="note">{t(one.state === "unknown" ? "unknown_" : one.state)}{one.since_ms ? ` ${day(one.since_ms, lang)}` : ""}</span></>;
          return <li key={one.purpose} className={one.state}>{one.event ? <Button size="small" type="text" onClick={() => onOpen(one.event ?? "")}>{text}</Button> : text}</li>;
        })}
      </ul>
      {asking && <Reveal person={person} onClose={() => setAsking(false)} />}
    </section>
  );
}

/** A text of at most so many signs; whole signs, so that no half of one is left. */
export function clipped(text: string, most: number): string {
  const signs = [...text];
  return signs.length > most ? `${signs.slice(0, most).join("")}…` : text;
}
