/** 账本与积分: what people hold and what it may cost, how a unit flows, every account with its limit. */
import "./ledger.css";
import { type ReactNode, useState } from "react";
import { Button, Select } from "antd";
import { Link } from "react-router";
import { api, urlOf, useGet } from "@/api/client";
import { day, exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { type Column, DataTable } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { amountOf, LimitBar } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { PartyChip } from "@/parts/PartyChip";
import { useMay } from "@/state/session";
import { useFilters, useParams } from "@/state/url";
import { AccountDrawer } from "./Account";
import { ExposureCard } from "./Exposure";
import { FlowsCard } from "./Flows";
import { type Account, amount, short } from "./logic";
import { kindWord, m } from "./messages";

const SIZE = 50;

export default function LedgerPage(): ReactNode {
  const t = useT(m);
  const [params, set] = useParams();
  const { data: units, error, refetch } = useGet("/v1/ledger/units", {});
  if (error && !units) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!units) return <PageState state="loading" />;
  if (!units.length) return <PageState state="never" text={t("never")} actions={<Link to="/settings/limits">{t("toLimits")}</Link>} />;
  const flowing = params.get("flow") || (units.find((one) => one.kinds.member) ?? units[0]!).unit;
  return (
    <div className="stack ledger-page">
      <ExposureCard />
      <div className="ledger-two">
        <FlowsCard unit={flowing} units={units} onUnit={(unit) => set({ flow: unit })} />
        <Rewards />
      </div>
      <Tight />
      <Accounts key={`${params.get("unit") ?? ""} ${params.get("kind") ?? ""}`} units={units} />
      <AccountDrawer id={params.get("account") ?? ""} onClose={() => set({ account: "" })} />
    </div>
  );
}

/** Limits that all share, the tightest first: what everybody's next act may run into. */
function Tight(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data } = useGet("/v1/ledger/tightest", {});
  if (!data?.length) return null;
  return (
    <section className="card" aria-labelledby="ledger-limits">
      <header className="row wrap"><h2 id="ledger-limits" style={{ flex: "0 0 auto" }}>{t("limits")}</h2><span className="note grow">{t("limitsNote")}</span><Link to="/settings/limits">{t("allLimits")}</Link></header>
      <div className="ledger-bars">
        {data.map((row) => <LimitBar key={row.id} name={lang === "zh" ? row.zh : row.en} cap={row.cap} used={row.balance} reserved={row.coming} unit={row.unit} resetsMs={row.resets_ms} to={`/ledger?account=${row.id}`} />)}
      </div>
    </section>
  );
}

/** Rewards as limits: the stock is the cap, what was given is used. */
function Rewards(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data } = useGet("/v1/bank/rewards", {});
  const { data: bank } = useGet("/v1/bank", {});
  if (!data || !bank) return null;
  if (bank.since_ms === null) {
    return (
      <section className="card" aria-labelledby="ledger-rewards">
        <h2 id="ledger-rewards">{t("bank")}</h2>
        <p>{t("closed")}</p>
        <p className="note">guanxi bank open --since 2026-11-01</p>
      </section>
    );
  }
  const guards = bank.rules.filter((row) => row.of === "guard");
  const word = (row: { zh: string; en: string }): string => (lang === "zh" ? row.zh : row.en);
  return (
    <section className="card" aria-labelledby="ledger-rewards">
      <h2 id="ledger-rewards">{t("bank")}</h2>
      <p>{bank.rules.filter((row) => row.of !== "guard").map((row) => <span key={row.name} className="ledger-rule">{word(row)} <b className="num">+{amountOf(row.amount, row.unit, lang)}</b></span>)}</p>
      <details className="ledger-how">
        <summary>{t("guards", { n: guards.length })}</summary>
        <ul className="ledger-steps">{guards.map((row) => <li key={row.name}>{word(row)}</li>)}</ul>
      </details>
      <h3>{t("rewards")}</h3>
      <div className="stack">
        {data.map((row) => (
          <div key={row.name}>
            <LimitBar name={lang === "zh" ? row.zh : row.en} cap={row.stock} used={row.given} reserved={row.reserved} unit="rewards" compact />
            <p className="note">{amountOf(row.price, row.unit, lang)} · {row.stock === null ? t("unlimited") : t("of", { n: exact(row.stock) })} · {t("given", { n: exact(row.given) })}</p>
          </div>
        ))}
      </div>
    </section>
  );
}

function Accounts({ units }: { units: readonly { unit: string; zh: string; en: string; accounts: number; kinds: Record<string, number> }[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mayExport = useMay("export");
  const [filters] = useFilters();
  const [params, set] = useParams();
  const unit = params.get("unit") ?? "";
  const kind = params.get("kind") ?? "";
  const query = { unit, kind, asof: filters.asof };
  const { data, error, refetch } = useGet("/v1/ledger/accounts", { query: { ...query, limit: SIZE } });
  const [loaded, setMore] = useState<{ of: typeof data; rows: readonly Account[]; next: string | null }>();
  const more = loaded?.of === data ? loaded : undefined; // rows behind an older answer are forgotten
  const rows = [...(data?.rows ?? []), ...(more?.rows ?? [])];
  const next = more ? more.next : (data?.next ?? null);
  const load = async (): Promise<void> => {
    const page = await api.get("/v1/ledger/accounts", { query: { ...query, limit: SIZE, cursor: next ?? "" } });
    setMore({ of: data, rows: [...(more?.rows ?? []), ...page.rows], next: page.next });
  };
  const chosen = units.filter((one) => !unit || one.unit === unit);
  const kinds = [...new Set(chosen.flatMap((one) => Object.keys(one.kinds)))].sort();
  const total = chosen.reduce((sum, one) => sum + (kind ? (one.kinds[kind] ?? 0) : one.accounts), 0);
  const columns: Column<Account>[] = [
    { key: "account", title: t("account"), always: true, render: (row) => <button type="button" className="plain ledger-open" onClick={() => set({ account: row.id })}>{lang === "zh" ? row.zh : row.en}<span className="note num"> {short(row.id)}</span></button> },
    { key: "whose", title: t("whose"), width: 180, render: (row) => (row.person ? <PartyChip reference={row.person} name={row.person_name} /> : <span className="note">{row.kind === "member" ? t("nobody") : "—"}</span>) },
    { key: "balance", title: t("balance"), width: 130, numeric: true, render: (row) => amount(row.balance, row.unit) },
    { key: "held", title: t("held"), width: 96, numeric: true, render: (row) => amount(row.cap === null ? row.held : row.coming, row.unit) },
    { key: "free", title: t("free"), width: 110, numeric: true, render: (row) => amount(row.free, row.unit) },
    { key: "limit", title: t("limit"), width: 220, render: (row) => (row.cap === null ? <span className="note">—</span> : <LimitBar name={unitText(row, lang)} cap={row.cap} used={row.balance} reserved={row.coming} unit={row.unit} compact />) },
    { key: "next", title: t("next"), width: 176, render: (row) => (row.resets_ms === null ? <span className="note">—</span> : day(row.resets_ms - 1, lang)) },
  ];
  return (
    <section className="card" aria-labelledby="ledger-accounts">
      <h2 id="ledger-accounts">{t("accounts")}</h2>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data ? <PageState state="loading" /> : (
        <DataTable
          id="ledger" label={t("accounts")} columns={columns} rows={rows} rowKey={(row) => row.id} total={total} onMore={next ? () => void load() : undefined} current={params.get("account") ?? ""}
          before={
            <>
              <Select style={{ minWidth: 132 }} aria-label={t("unit")} value={unit} onChange={(value) => set({ unit: value, kind: "" })} options={[{ value: "", label: t("allUnits") }, ...units.map((one) => ({ value: one.unit, label: `${lang === "zh" ? one.zh : one.en} ${exact(one.accounts)}` }))]} />
              <Select style={{ minWidth: 132 }} aria-label={t("kind")} value={kind} onChange={(value) => set({ kind: value })} options={[{ value: "", label: t("anyKind") }, ...kinds.map((one) => ({ value: one, label: kindWord("a", one, t) }))]} />
            </>
          }
          tools={<ExportMenu name="accounts" label={t("accounts")} csv={mayExport ? urlOf("/v1/ledger/accounts.csv", undefined, query) : undefined} xlsx={mayExport ? urlOf("/v1/ledger/accounts.xlsx", undefined, query) : undefined} command="guanxi ledger accounts" />}
          empty={<PageState state="empty" text={t("none")} actions={<Button onClick={() => set({ unit: "", kind: "" })}>{t("clear")}</Button>} />}
        />
      )}
    </section>
  );
}

const unitText = (row: Account, lang: "zh" | "en"): string => (lang === "zh" ? row.unit_zh : row.unit_en);
