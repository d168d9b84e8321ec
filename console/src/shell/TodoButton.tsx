import { useState, type ReactNode } from "react";
import { Button, Popover } from "antd";
import { Link } from "react-router";
import { useGet } from "@/api/client";
import { useT } from "@/i18n";
import { Seal } from "@/parts/Seal";
import { TodoLine, type Todo } from "@/parts/TodoLine";
import { m } from "./messages";
import { beside } from "./popup";

const EACH_MS = 60_000;
const SHOWN = 5;

/** The only badge: how many things wait for this person; sealed only when one of them cannot wait. */
export function TodoButton(): ReactNode {
  const t = useT(m);
  const [open, setOpen] = useState(false);
  const { data } = useGet("/v1/todo", {}, { refetchInterval: EACH_MS });
  if (!data) return null;
  const rows = data.filter((row) => row.count > 0);
  const urgent = rows.some((row) => !row.patient);
  return (
    <Popover getPopupContainer={beside} content={<Rows rows={rows} onLeave={() => setOpen(false)} />} trigger="click" open={open} onOpenChange={setOpen} placement="bottomRight" arrow={false}>
      <Button data-tour="todo" type="text" aria-haspopup="dialog">
        {t("todo")} {urgent ? <Seal>{rows.length}</Seal> : <span className="todo-count">{rows.length}</span>}
      </Button>
    </Popover>
  );
}

function Rows({ rows, onLeave }: { rows: readonly Todo[]; onLeave: () => void }): ReactNode {
  const t = useT(m);
  return (
    <div style={{ width: 340, maxWidth: "calc(100vw - 48px)" }}>
      {rows.length === 0 ? <p><span style={{ color: "var(--celadon)" }} aria-hidden>✓</span> {t("todoNone")}</p> : (
        <ul>{rows.slice(0, SHOWN).map((row) => <li key={`${row.kind} ${row.id}`} style={{ borderBottom: "1px solid var(--line)" }}><TodoLine row={row} onLeave={onLeave} /></li>)}</ul>
      )}
      {rows.length > 0 && <p style={{ paddingTop: 8 }}><Link to="/todo" onClick={onLeave}>{t("todoAll", { n: rows.length })}</Link></p>}
    </div>
  );
}
