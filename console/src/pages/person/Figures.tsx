/** What a person bought, with whom they are tied, and what we sent them this week. */
import type { ReactNode } from "react";
import { Button } from "antd";
import type { Schemas } from "@/api/client";
import { day, days, exact, moneyExact } from "@/format";
import { useLang, useT } from "@/i18n";
import { type Column, DataTable } from "@/parts/DataTable";
import { Disc } from "@/parts/Disc";
import { PartyChip } from "@/parts/PartyChip";
import { m } from "./messages";
import type { Person } from "./Page";

type Platform = Schemas["PersonPlatform"];
type Tie = Schemas["PersonTie"];

export function Figures({ person, onOpen }: { person: Person; onOpen: (event: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const totals = person.totals;
  const currency = person.currency ?? "CNY";
  const figures: [string, string][] = totals ? [
    [t("orders"), exact(totals.orders ?? 0)], [t("amount"), moneyExact(totals.amount ?? 0, currency)],
    [t("perOrder"), totals.orders ? moneyExact(Math.round((totals.amount ?? 0) / totals.orders), currency) : "—"],
    [t("lastOrder"), day(totals.last_order_ms, lang)], [t("refunds"), totals.refunds ? `${exact(totals.refunds)} · ${moneyExact(totals.refund_amount ?? 0, currency)}` : "0"],
  ] : [];
  const columns: Column<Platform>[] = [
    { key: "platform", title: t("platform"), render: (row) => <Disc platform={row.platform} named />, always: true },
    { key: "events", title: t("events"), render: (row) => exact(row.events), numeric: true },
    { key: "orders", title: t("orders"), render: (row) => exact(row.orders), numeric: true },
    { key: "amount", title: t("amount"), render: (row) => moneyExact(row.amount, currency), numeric: true },
    { key: "last", title: t("last"), render: (row) => day(row.last_ms, lang) },
  ];
  return (
    <>
      <dl className="figures">{figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {(totals?.other_currencies?.length ?? 0) > 0 && <p className="note">{t("otherMoney", { list: (totals?.other_currencies ?? []).join(", ") })}</p>}
      {person.last && <p><Button type="link" size="small" style={{ padding: 0 }} onClick={() => onOpen(person.last ?? "")}>{t("lastEvent")}</Button></p>}
      {(person.platforms?.length ?? 0) > 0 && <DataTable id="person-platforms" label={t("platforms")} bare columns={columns} rows={person.platforms ?? []} rowKey={(row) => row.platform} total={person.platforms?.length ?? 0} />}
    </>
  );
}

export function Ties({ ties, onOpen }: { ties: readonly Tie[]; onOpen: (event: string) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (ties.length === 0) return <p className="note">{t("noTies")}</p>;
  const columns: Column<Tie>[] = [
    { key: "kind", title: t("relation"), render: (row) => <span title={row.kind}>{lang === "zh" ? row.zh : row.en}</span>, always: true },
    { key: "other", title: t("with"), render: (row) => <PartyChip reference={row.other} type={lang === "zh" ? row.other_type_zh : row.other_type_en} facts={[t("between", { days: days(row.first_ms, row.last_ms + 1, lang) })]} />, always: true },
    { key: "weight", title: t("strength"), render: (row) => exact(row.weight, 1), numeric: true },
    { key: "count", title: t("basis"), render: (row) => row.evidence[0] ? <Button type="link" size="small" style={{ padding: 0 }} aria-label={t("basisOf", { n: row.count })} onClick={() => onOpen(row.evidence[0] ?? "")}>{exact(row.count)}</Button> : exact(row.count), numeric: true },
  ];
  return (
    <>
      <DataTable id="person-ties" label={t("ties")} bare columns={columns} rows={ties} rowKey={(row) => `${row.kind} ${row.other}`} total={ties.length} />
      <p className="note" style={{ marginTop: 8 }}>{t("tieNote")}</p>
    </>
  );
}

export function Touches({ touches }: { touches: Person["touches"] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  if (!touches) return <p className="note">{t("noTouches")}</p>;
  const rows = (["sent", "delivered", "opened", "clicked", "failed", "unsubscribed"] as const).filter((one) => touches[one] > 0 || one === "sent");
  return (
    <>
      <p className="note">{days(touches.start_ms, touches.end_ms, lang)}</p>
      {touches.sent + touches.failed === 0 && rows.length === 1
        ? <p>{t("noTouches")}</p>
        : <dl className="figures small">{rows.map((one) => <div key={one}><dt>{t(one)}</dt><dd>{exact(touches[one])}</dd></div>)}</dl>}
    </>
  );
}
