import { useState, type ReactNode } from "react";
import { Button, Popover } from "antd";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { count } from "@/format";
import { useLang, useT } from "@/i18n";
import { Seal } from "@/parts/Seal";
import { allowed } from "@/registry";
import { useMe } from "@/state/session";
import { m } from "./messages";

const EACH_MS = 60_000;

/** The only badge: how much waits for a person, from the pages that know. Absent when no page feeds it. */
export function TodoButton(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const me = useMe();
  const [open, setOpen] = useState(false);
  const feeds = allowed(me.verbs).filter((page) => page.todo);
  const { data } = useQuery({
    queryKey: ["todo", lang, me.who],
    enabled: feeds.length > 0,
    refetchInterval: EACH_MS,
    queryFn: async () => {
      const parts = await Promise.allSettled(feeds.map((page) => page.todo?.(lang) ?? []));
      const rows = parts.flatMap((part) => (part.status === "fulfilled" ? part.value : [])).filter((row) => row.count > 0);
      return [...new Map(rows.map((row) => [row.id, row])).values()];
    },
  });
  if (!data) return null;
  const total = data.reduce((sum, row) => sum + row.count, 0);
  const body = (
    <div style={{ width: 320 }}>
      {data.length === 0 && <p><span style={{ color: "var(--celadon)" }} aria-hidden>✓</span> {t("todoNone")}</p>}
      <ul>
        {data.map((row) => (
          <li key={row.id} className="row" style={{ padding: "8px 0", borderBottom: "1px solid var(--line)", alignItems: "start" }}>
            <div className="grow">
              <div>{row.why}</div>
              {row.cost && <div className="note">{row.cost}</div>}
            </div>
            <Link to={row.to} onClick={() => setOpen(false)}>{row.verb}</Link>
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <Popover content={body} trigger="click" open={open} onOpenChange={setOpen} placement="bottomRight" arrow={false}>
      <Button type="text" aria-haspopup="dialog">
        {t("todo")} {total > 0 ? <Seal>{count(total, lang)}</Seal> : <span className="todo-count">0</span>}
      </Button>
    </Popover>
  );
}
