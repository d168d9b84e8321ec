/** 待办: what waits for a person, and where it is done. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useT } from "@/i18n";
import { PageState } from "@/parts/PageState";
import { TodoLine, type Todo } from "@/parts/TodoLine";
import { m } from "./messages";

const SHOWN = 5;

export function TodoList({ todo, now }: { todo: readonly Todo[]; now: number }): ReactNode {
  const t = useT(m);
  const open = todo.filter((one) => one.count > 0);
  return (
    <>
      <h2 style={{ marginBottom: 8 }}>{t("todo")}</h2>
      {open.length === 0 ? <PageState state="done" text={t("nothing")} actions={<></>} /> : (
        <ul className="todo-list">{open.slice(0, SHOWN).map((one) => <li key={`${one.kind} ${one.id}`}><TodoLine row={one} now={now} /></li>)}</ul>
      )}
      {open.length > SHOWN && <p><Link to="/todo">{t("todoAll", { n: open.length })}</Link></p>}
    </>
  );
}
