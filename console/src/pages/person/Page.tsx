/** One person: who this is, what they did, what they allow, what we did to them; every number counted from events. */
import type { ReactNode } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "react-router";
import { ApiError, type Schemas, useGet } from "@/api/client";
import { time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { RhythmClock } from "@/parts/RhythmClock";
import { useUndoToast } from "@/parts/UndoToast";
import { useObjectName } from "@/shell/Shell";
import { useMay } from "@/state/session";
import { useFilters, useParam } from "@/state/url";
import { Accounts, type Change } from "./Accounts";
import { Figures, Ties, Touches } from "./Figures";
import { Head } from "./Head";
import { PersonLimits } from "./Limits";
import { m } from "./messages";
import { Story } from "./Story";
import { Traits } from "./Traits";
import "./person.css";

export type Person = Schemas["Person"];

export default function PersonPage(): ReactNode {
  const t = useT(m);
  const { id = "" } = useParams();
  const [filters] = useFilters();
  const { data, error, refetch, isPlaceholderData } = useGet("/v1/people/{ref}", { path: { ref: id }, query: { asof: filters.asof } });
  const held = data && !(isPlaceholderData && data.asked !== id) ? data : undefined; // another person's facts never stand under this name
  useObjectName(held?.name || (held ? held.type_zh && t("unnamed") : ""));
  if (error instanceof ApiError && error.status === 404) return <PageState state="nowhere" text={t("unknown")} actions={<span className="note ref">{id.slice(0, 120)}</span>} />;
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!held) return <PageState state="loading" />;
  return held.erased ? <Erased person={held} /> : <Known key={id} person={held} />;
}

function Erased({ person }: { person: Person }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return <PageState state="erased" text={t("erased", { time: time(person.erased?.at_ms, lang), reason: person.erased?.reason || t("noReason") })} actions={<span className="note">{t("erasedNote")}</span>} />;
}

function Known({ person }: { person: Person }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const [filters] = useFilters();
  const [, setEvidence] = useParam("ev");
  const [toast, tell] = useUndoToast();
  const mayChange = useMay("configure") && filters.asof === "";
  const open = (event: string): void => setEvidence(`event:${event}`);
  // Every reference of a person opens the same page, so the address stays whoever names them now.
  const renew = (): Promise<void> => client.invalidateQueries();
  const changed = async (text: string, undo: () => Promise<Change>): Promise<void> => {
    tell({ text, undo: async () => { await undo(); await renew(); } });
    await renew();
  };
  const name = person.name || t("unnamed");
  return (
    <div className="stack person">
      <Head person={person} onOpen={open} past={filters.asof !== ""} />
      <div className="grid">
        <section className="card span-8" aria-labelledby="person-bought">
          <h2 id="person-bought" className="hidden-text">{t("bought")}</h2>
          <p className="person-summary">{lang === "zh" ? person.summary_zh : person.summary_en}</p>
          <Figures person={person} onOpen={open} />
        </section>
        <section className="card span-4" aria-labelledby="person-rhythm">
          <header><h2 id="person-rhythm">{t("rhythm")}</h2></header>
          {person.rhythm ? <RhythmClock {...person.rhythm} label={name} /> : <p className="note">{t("neverActed")}</p>}
        </section>
        <Traits reference={person.ref} asof={filters.asof} />
        <section className="card span-8" aria-labelledby="person-story">
          <header><h2 id="person-story">{t("timeline")}</h2></header>
          <Story reference={person.ref} asof={filters.asof} onOpen={open} />
        </section>
        <div className="stack span-4">
          <section className="card" aria-labelledby="person-reach"><header><h2 id="person-reach">{t("reach")}</h2></header><Touches touches={person.touches} />{filters.asof === "" && <PersonLimits reference={person.ref} />}</section>
          <section className="card" aria-labelledby="person-accounts">
            <header><h2 id="person-accounts">{t("accounts", { n: person.identities?.length ?? 0 })}</h2></header>
            <Accounts person={person} mayChange={mayChange} onOpen={open} onChanged={changed} />
          </section>
          <section className="card" aria-labelledby="person-ties"><header><h2 id="person-ties">{t("ties")}</h2></header><Ties ties={person.ties ?? []} onOpen={open} /></section>
        </div>
      </div>
      {toast}
    </div>
  );
}
