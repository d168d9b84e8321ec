/** The key numbers: the first large, the next ones beside it, the rest in one line; rules between them, no boxes. */
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { MetricNumber } from "@/parts/MetricNumber";
import { m } from "./messages";

type MetricAnswer = Schemas["MetricAnswer"];

const BESIDE = 5;

export function Cards({ cards, against, wall = false }: { cards: readonly MetricAnswer[]; against: string; wall?: boolean }): ReactNode {
  const t = useT(m);
  const [first, ...others] = cards;
  if (!first) return null;
  return (
    <section aria-label={t("numbers")}>
      <dl className={wall ? "strip strip-wall" : "strip"}>
        <Card card={first} against={against} size="first" />
        {others.slice(0, BESIDE).map((card) => <Card key={card.metric} card={card} against={against} size="key" />)}
      </dl>
      {others.length > BESIDE && (
        <dl className="strip-more" aria-label={t("more")}>
          {others.slice(BESIDE).map((card) => <Card key={card.metric} card={card} against={against} size="plain" />)}
        </dl>
      )}
    </section>
  );
}

function Card({ card, against, size }: { card: MetricAnswer; against: string; size: "first" | "key" | "plain" }): ReactNode {
  const lang = useLang();
  return (
    <div className={`strip-${size}`}>
      <dt>{card[lang]}</dt>
      <dd>
        <MetricNumber
          of={`metric:${card.metric}`} name={card[lang]} value={card.current.value} unit={card.unit} currency={card.currency} missing={card.current.missing}
          change={card.change} against={against || undefined} compared={card.compared?.value} size={size}
        />
      </dd>
    </div>
  );
}
