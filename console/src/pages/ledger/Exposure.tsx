/** 未兑付: what people hold, when it expires, what became of what was issued, and what it may cost. */
import { type ReactNode } from "react";
import { urlOf, useGet } from "@/api/client";
import { exact, money, moneyExact, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { TableTwin, type Twin, Wide } from "@/parts/TableTwin";
import { useMay } from "@/state/session";
import { useFilters } from "@/state/url";
import { amount, type Exposure } from "./logic";
import { m } from "./messages";

export function ExposureCard(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const mayExport = useMay("export");
  const [filters] = useFilters();
  const query = { asof: filters.asof };
  const { data, error, refetch } = useGet("/v1/ledger/exposure", { query });
  if (error && !data) return <section className="card"><h2>{t("exposure")}</h2><PageState state="error" error={error} onRetry={() => void refetch()} /></section>;
  if (!data) return <section className="card"><h2>{t("exposure")}</h2><PageState state="loading" /></section>;
  if (!data.length) return null;
  const buckets = data[0]!.buckets;
  const head = (bucket: Exposure["buckets"][number], at: number): string => {
    const before = buckets[at - 1]?.days;
    return bucket.undated ? t("undated") : bucket.days === null ? t("later") : before ? t("between", { from: before + 1, to: bucket.days }) : t("within", { n: bucket.days });
  };
  const twin: Twin = {
    caption: t("exposure"),
    columns: [{ title: t("unit") }, { title: t("people"), numeric: true }, { title: t("outstanding"), numeric: true }, { title: t("held"), numeric: true }, ...buckets.map((one, at) => ({ title: head(one, at), numeric: true }))],
    rows: data.map((one) => [lang === "zh" ? one.zh : one.en, exact(one.people), amount(one.outstanding, one.unit), amount(one.held, one.unit), ...one.buckets.map((bucket) => amount(bucket.amount, one.unit))]),
  };
  return (
    <section className="card" aria-labelledby="ledger-exposure">
      <header className="row wrap">
        <h2 id="ledger-exposure" style={{ flex: "0 0 auto" }}>{t("exposure")}</h2><span className="note grow">{t("exposureNote")}</span>
        <ExportMenu name="exposure" label={t("exposure")} table={twin} csv={mayExport ? urlOf("/v1/ledger/exposure.csv", undefined, query) : undefined} xlsx={mayExport ? urlOf("/v1/ledger/exposure.xlsx", undefined, query) : undefined} command="guanxi bank exposure" />
      </header>
      <Wide label={t("exposure")}><TableTwin twin={twin} /></Wide>
      {data.filter((one) => one.value_fen !== null).map((one) => <Cost key={one.unit} one={one} />)}
      <details className="ledger-how">
        <summary>{t("months")}</summary>
        {data.map((one) => <Wide key={one.unit} label={lang === "zh" ? one.zh : one.en}><TableTwin twin={monthsOf(one, lang, t)} /></Wide>)}
      </details>
    </section>
  );
}

/** What a unit will probably cost, its interval, and how that was reckoned. */
function Cost({ one }: { one: Exposure }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const known = one.share !== null;
  return (
    <div className="ledger-cost">
      <p>
        <b>{lang === "zh" ? one.zh : one.en}</b>
        <span>{t("cost")} <b className="num">{t("range", { low: money(one.low_fen, "CNY", lang), high: money(one.high_fen, "CNY", lang) })}</b></span>
        <span className="note">{t("worth", { money: moneyExact(one.value_fen) })}</span>
        <span className="note">{t("share")} {known ? t("shareRange", { share: share(one.share, 0), low: share(one.share_low, 0), high: share(one.share_high, 0) }) : t("notYet")}</span>
      </p>
      <details className="ledger-how">
        <summary>{t("howTitle")}</summary>
        <p className="note">{known ? `${t("how", { n: exact(Math.round(one.share_n)) })} ${one.share_of === "matured" ? t("ofMatured") : t("ofEnded")}` : t("noneEnded")}</p>
      </details>
    </div>
  );
}

function monthsOf(one: Exposure, lang: "zh" | "en", t: (key: "month" | "came" | "redeemed" | "expired" | "takenBack" | "outstanding") => string): Twin {
  const keys = ["came", "redeemed", "expired", "taken_back", "outstanding"] as const;
  const titles = { came: t("came"), redeemed: t("redeemed"), expired: t("expired"), taken_back: t("takenBack"), outstanding: t("outstanding") };
  return {
    caption: lang === "zh" ? one.zh : one.en,
    columns: [{ title: `${lang === "zh" ? one.zh : one.en} · ${t("month")}` }, ...keys.map((key) => ({ title: titles[key], numeric: true }))],
    rows: [...one.months].reverse().map((row) => [row.month, ...keys.map((key) => amount(row[key], one.unit))]),
  };
}
