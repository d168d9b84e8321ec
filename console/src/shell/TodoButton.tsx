import { useState, type ReactNode } from "react";
import { Button, Popover } from "antd";
import { Link } from "react-router";
import { useGet, type Schemas } from "@/api/client";
import { ago, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { Seal } from "@/parts/Seal";
import { m } from "./messages";
import { beside } from "./popup";

const EACH_MS = 60_000;
/** Waiting costs these nothing by the minute, so they take no seal. */
const PATIENT = ["parked"];

/** The only badge: how many things wait for a person; sealed only when one of them cannot wait. */
export function TodoButton(): ReactNode {
  const t = useT(m);
  const [open, setOpen] = useState(false);
  const { data } = useGet("/v1/todo", {}, { refetchInterval: EACH_MS });
  if (!data) return null;
  const rows = data.filter((row) => row.count > 0);
  const urgent = rows.some((row) => !PATIENT.includes(row.kind));
  return (
    <Popover getPopupContainer={beside} content={<Rows rows={rows} onLeave={() => setOpen(false)} />} trigger="click" open={open} onOpenChange={setOpen} placement="bottomRight" arrow={false}>
      <Button data-tour="todo" type="text" aria-haspopup="dialog">
        {t("todo")} {urgent ? <Seal>{rows.length}</Seal> : <span className="todo-count">{rows.length}</span>}
      </Button>
    </Popover>
  );
}

function Rows({ rows, onLeave }: { rows: Schemas["Todo"][]; onLeave: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (rows.length === 0) return <p><span style={{ color: "var(--celadon)" }} aria-hidden>✓</span> {t("todoNone")}</p>;
  const why = (row: Schemas["Todo"]): string => {
    const n = exact(row.count);
    const known = { parked: t("parked", { n }), imports: t("imports", { n }), stale: t("stale", { n }) };
    return known[row.kind as keyof typeof known] ?? `${row.kind} ${n}`;
  };
  return (
    <ul style={{ width: 300 }}>
      {rows.map((row) => (
        <li key={row.kind} className="row" style={{ padding: "8px 0", borderBottom: "1px solid var(--line)", alignItems: "start" }}>
          {PATIENT.includes(row.kind) ? <span aria-hidden>○</span> : <Seal />}
          <div className="grow">
            <div>{why(row)}</div>
            {row.since_ms !== null && <div className="note">{t("since", { time: ago(row.since_ms, lang) })}</div>}
          </div>
          <Link to={row.path} onClick={onLeave}>{t("goMend")}</Link>
        </li>
      ))}
    </ul>
  );
}
