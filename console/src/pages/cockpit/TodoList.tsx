/** 待办: what waits for a person, and where it is done. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "@/api/client";
import { ago, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { Seal } from "@/parts/Seal";
import { m } from "./messages";

type Todo = Schemas["Todo"];

const NAMED = ["parked", "imports", "stale"] as const;
/** They wait without costing more by the minute, so they take no seal. */
const PATIENT = ["parked"];

export function TodoList({ todo, now }: { todo: readonly Todo[]; now: number }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const open = todo.filter((one) => one.count > 0);
  return (
    <>
      <h2 style={{ marginBottom: 8 }}>{t("todo")}</h2>
      {open.length === 0 ? <PageState state="done" text={t("nothing")} actions={<></>} /> : (
        <ul className="todo-list">
          {open.map((one) => {
            const name = NAMED.find((known) => known === one.kind);
            return (
              <li key={`${one.kind}:${one.path}`}>
                <Link to={one.path} className="row">
                  {PATIENT.includes(one.kind) ? <span aria-hidden>○</span> : <Seal />}
                  <span className="grow">{name ? t(name) : one.kind}</span>
                  <span className="num">{t(one.kind === "parked" ? "rows" : "items", { n: exact(one.count) })}</span>
                </Link>
                {one.since_ms !== null && <p className="note">{t("since", { time: ago(one.since_ms, lang, now) })}</p>}
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
