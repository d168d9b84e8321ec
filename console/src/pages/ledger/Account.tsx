/** One account: what it holds against its limit, its lots first in first out, its entries with the balance after each. */
import { type ReactNode, useState } from "react";
import { Button, Drawer } from "antd";
import { Link } from "react-router";
import { api, urlOf, useGet } from "@/api/client";
import { day, exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { LimitBar } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { PartyChip } from "@/parts/PartyChip";
import { useMay } from "@/state/session";
import { useFilters } from "@/state/url";
import { amount, type Entry, signed } from "./logic";
import { kindWord, m } from "./messages";

const SIZE = 20;

export function AccountDrawer({ id, onClose }: { id: string; onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters] = useFilters();
  const { data, error, refetch } = useGet("/v1/ledger/accounts/{account}", { path: { account: id }, query: { asof: filters.asof } }, { enabled: id !== "" });
  const row = data?.account;
  return (
    <Drawer open={id !== ""} onClose={onClose} size={720} title={row ? (lang === "zh" ? row.zh : row.en) : t("account")} closable={{ "aria-label": t("close") }} destroyOnHidden>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data || !row ? <PageState state="loading" /> : (
        <div className="stack">
          <dl className="ledger-facts">
            <dt>{t("id")}</dt><dd className="ledger-hash">{row.id}</dd>
            {(row.kind === "member" || row.person) && <><dt>{t("whose")}</dt><dd>{row.person ? <PartyChip reference={row.person} name={row.person_name} /> : t("nobody")}</dd></>}
            <dt>{t("balance")}</dt><dd className="num"><b>{amount(row.balance, row.unit)}</b>{row.held > 0 && <span className="note"> · {t("held")} {amount(row.held, row.unit)}</span>}{row.coming > 0 && <span className="note"> · {t("coming")} {amount(row.coming, row.unit)}</span>}</dd>
            {row.kind !== "issuer" && row.floor < 0 && <><dt>{t("limit")}</dt><dd>{t("overdraft", { n: amount(row.floor, row.unit) })}</dd></>}
          </dl>
          {row.kind === "issuer" && <p className="note">{t("issuerNote")}</p>}
          {row.cap !== null && <LimitBar name={lang === "zh" ? row.zh : row.en} cap={row.cap} used={row.balance} reserved={row.coming} unit={row.unit} resetsMs={row.resets_ms} />}
          {row.kind !== "issuer" && (
            <section aria-labelledby="account-lots">
              <h2 id="account-lots">{t("lots")}</h2>
              {data.lots === null ? <p className="note">{t("lotsPast")}</p> : !data.lots.length ? <p className="note">{t("lotsNone")}</p> : (
                <table className="twin">
                  <thead><tr><th scope="col">{t("lotDue")}</th><th scope="col" className="num">{t("lotLeft")}</th><th scope="col">{t("lotCame")}</th><th scope="col" className="num">{t("entry")}</th></tr></thead>
                  <tbody>{data.lots.slice(0, SIZE).map((lot) => <tr key={lot.number}><th scope="row">{day(lot.expires_ms - 1, lang)}</th><td className="num">{amount(lot.left, row.unit)}</td><td>{time(lot.at_ms, lang)}</td><td className="num"><EntryLink number={lot.number} /></td></tr>)}</tbody>
                </table>
              )}
              {data.undated > 0 && <p className="note">{t("undatedPart", { n: amount(data.undated, row.unit) })}</p>}
            </section>
          )}
          <Entries id={id} unit={row.unit} />
        </div>
      )}
    </Drawer>
  );
}

function Entries({ id, unit }: { id: string; unit: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mayExport = useMay("export");
  const [filters] = useFilters();
  const path = { account: id };
  const query = { asof: filters.asof, limit: SIZE };
  const { data, error, refetch } = useGet("/v1/ledger/accounts/{account}/entries", { path, query });
  const [loaded, setOlder] = useState<{ of: typeof data; rows: readonly Entry[]; next: string | null }>();
  const older = loaded?.of === data ? loaded : undefined; // rows behind an older answer are forgotten
  const rows = [...(data?.rows ?? []), ...(older?.rows ?? [])];
  const next = older ? older.next : (data?.next ?? null);
  const load = async (): Promise<void> => {
    const page = await api.get("/v1/ledger/accounts/{account}/entries", { path, query: { ...query, cursor: next ?? "" } });
    setOlder({ of: data, rows: [...(older?.rows ?? []), ...page.rows], next: page.next });
  };
  return (
    <section aria-labelledby="account-entries">
      <header className="row"><h2 id="account-entries" className="grow">{t("entries")}</h2>
        <ExportMenu name="entries" label={t("entries")} csv={mayExport ? urlOf("/v1/ledger/accounts/{account}/entries.csv", path, { asof: filters.asof }) : undefined} xlsx={mayExport ? urlOf("/v1/ledger/accounts/{account}/entries.xlsx", path, { asof: filters.asof }) : undefined} command={`guanxi ledger balance ${id}`} />
      </header>
      {error && !data ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data ? <PageState state="loading" /> : !rows.length ? <p className="note">{t("noEntries")}</p> : (
        <table className="twin">
          <thead><tr><th scope="col">{t("when")}</th><th scope="col">{t("what")}</th><th scope="col" className="num">{t("change")}</th><th scope="col" className="num">{t("after")}</th><th scope="col">{t("other")}</th><th scope="col" className="num">{t("entry")}</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.number}>
                <th scope="row">{time(row.at_ms, lang)}</th><td>{kindWord("k", row.kind, t)}</td>
                <td className="num">{row.moved || !(row.held + row.coming) ? signed(row.moved, unit) : <span className="note">{t("reservedChange", { n: signed(row.held + row.coming, unit) })}</span>}</td>
                <td className="num">{amount(row.balance, unit)}</td><td title={row.other}>{row.other === id ? "—" : (lang === "zh" ? row.zh : row.en)}</td><td className="num"><EntryLink number={row.number} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {next && <Button type="link" onClick={() => void load()}>{t("more")}</Button>}
    </section>
  );
}

const EntryLink = ({ number }: { number: number }): ReactNode => <Link to={`/evidence?entry=${number}`}>{exact(number)}</Link>;
