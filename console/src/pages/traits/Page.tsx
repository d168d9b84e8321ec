/** The catalogue of traits: what is known of whom, found by words, topic, party and use. Everything chosen stands in the URL. */
import { type ReactNode, useMemo, useState } from "react";
import { Button, Input, Select } from "antd";
import { useNavigate } from "react-router";
import { urlOf, useGet } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { type Column, DataTable, usePaging } from "@/parts/DataTable";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { useMay } from "@/state/session";
import { useParams } from "@/state/url";
import { type Asked, byTopic, type Choice, choices, found, type Row, sorted, tidy } from "./logic";
import { m } from "./messages";
import { partyName, privacyName, saidOf, traitPath, unitOf, usesName, windowName } from "./names";
import "./traits.css";

const KEPT_MS = 60_000;

export default function TraitsPage(): ReactNode {
  const { data, error, refetch } = useGet("/v1/traits", { query: {} }, { staleTime: KEPT_MS });
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  return data ? <Catalogue all={data.rows} /> : <PageState state="loading" />;
}

function Catalogue({ all }: { all: readonly Row[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const navigate = useNavigate();
  const rows = useMemo(() => byTopic(all), [all]);
  const mayExport = useMay("export");
  const paging = usePaging();
  const [params, set] = useParams();
  const [q, setQ] = useState(params.get("q") ?? ""); // the box keeps what is typed, the address what is looked for
  const asked: Asked = { q: tidy(q), topic: params.get("topic") ?? "", party: params.get("party") ?? "", use: params.get("use") ?? "" };
  const hits = useMemo(() => sorted(found(rows, { q: asked.q, topic: asked.topic, party: asked.party, use: asked.use }), paging.sort, lang), [rows, asked.q, asked.topic, asked.party, asked.use, paging.sort, lang]);
  const type = (text: string): void => {
    setQ(text);
    set({ q: tidy(text) }, true);
  };
  const clear = (): void => {
    setQ("");
    set({ q: "", topic: "", party: "", use: "" });
  };
  const last = Math.max(1, Math.ceil(hits.length / paging.size));
  const page = Math.min(paging.page, last);
  const topics = choices(rows, asked, "topic", lang);
  const narrowed = Boolean(asked.q || asked.topic || asked.party || asked.use);
  const query = { q: asked.q, topic: asked.topic, party: asked.party, use: asked.use };
  const columns: Column<Row>[] = [
    { key: "trait", title: t("trait"), always: true, sorts: true, render: (row) => <span className="trait-name"><span>{saidOf(row, lang)}</span>{row.own && <span className="note"> · {t("own")}</span>}{lang === "zh" && <span className="note trait-code" title={row.name}>{row.name}</span>}</span> },
    { key: "name", title: t("name"), width: 280, sorts: true, render: (row) => row.name, startsHidden: true },
    { key: "topic", title: t("topic"), width: 120, sorts: true, render: (row) => (lang === "zh" ? row.topic_zh : row.topic_en), startsHidden: true },
    { key: "party", title: t("party"), width: 92, sorts: true, render: (row) => partyName(row.party, lang) },
    { key: "window", title: t("window"), width: 108, sorts: true, render: (row) => windowName(row.window, lang) },
    { key: "unit", title: t("unit"), width: 80, sorts: true, render: (row) => unitOf(row, lang) },
    { key: "uses", title: t("uses"), width: 104, sorts: true, render: (row) => usesName(row.uses, lang) },
    { key: "privacy", title: t("privacy"), width: 92, sorts: true, render: (row) => privacyName(row.privacy, lang) },
  ];
  return (
    <div className="traits">
      <nav className="trait-topics" aria-label={t("topics")}>
        <Topic text={t("allTopics")} n={found(rows, { ...asked, topic: "" }).length} on={!asked.topic} onChoose={() => set({ topic: "" })} />
        {topics.map((one) => <Topic key={one.value} text={one.text} n={one.n} on={one.value === asked.topic} onChoose={() => set({ topic: one.value === asked.topic ? "" : one.value })} />)}
      </nav>
      <section className="card" aria-labelledby="traits-list">
        <header className="row wrap"><h2 id="traits-list" style={{ flex: "0 0 auto" }}>{t("catalogue")}</h2><span className="note">{t("intro")}</span></header>
        <DataTable
          id="traits" label={t("catalogue")} columns={columns} rows={hits.slice((page - 1) * paging.size, page * paging.size)} rowKey={(row) => row.name} total={hits.length} paging={{ ...paging, page }}
          onOpen={(row) => void navigate(traitPath(row.name))}
          before={
            <>
              <Input allowClear style={{ width: 240 }} placeholder={t("find")} aria-label={t("find")} value={q} maxLength={100} onChange={(event) => type(event.target.value)} data-filter />
              <span className="trait-topic-select"><Pick label={t("topic")} all={t("allTopics")} value={asked.topic} of={topics} onPick={(topic) => set({ topic })} /></span>
              <Pick label={t("party")} all={t("allParties")} value={asked.party} of={choices(rows, asked, "party", lang)} onPick={(party) => set({ party })} />
              <Pick label={t("uses")} all={t("anyUse")} value={asked.use} of={choices(rows, asked, "use", lang).map((one) => ({ ...one, text: usesName([one.value], lang) }))} onPick={(use) => set({ use })} />
              {narrowed && <Button type="link" style={{ paddingInline: 4 }} onClick={clear}>{t("clear")}</Button>}
            </>
          }
          tools={<ExportMenu name="traits" label={t("catalogue")} csv={mayExport ? urlOf("/v1/traits.csv", undefined, query) : undefined} xlsx={mayExport ? urlOf("/v1/traits.xlsx", undefined, query) : undefined} command="guanxi traits list" />}
          empty={<PageState state="empty" text={t("nothing")} actions={<Button onClick={clear}>{t("clear")}</Button>} />}
        />
      </section>
    </div>
  );
}

/** One topic of the list on the left, with how many it holds. */
function Topic({ text, n, on, onChoose }: { text: string; n: number; on: boolean; onChoose: () => void }): ReactNode {
  return <button type="button" className={on ? "plain trait-topic on" : "plain trait-topic"} aria-pressed={on} onClick={onChoose}><span className="grow">{text}</span><span className="note num">{exact(n)}</span></button>;
}

/** A filter whose choices say what they would leave; what is chosen stays choosable. */
function Pick({ label, all, value, of, onPick }: { label: string; all: string; value: string; of: readonly Choice[]; onPick: (value: string) => void }): ReactNode {
  const t = useT(m);
  const known = of.some((one) => one.value === value) || !value ? of : [...of, { value, text: value, n: 0 }];
  return <Select style={{ minWidth: 116 }} popupMatchSelectWidth={false} aria-label={label} value={value} onChange={onPick} options={[{ value: "", label: all }, ...known.map((one) => ({ value: one.value, label: t("countOf", { text: one.text, n: exact(one.n) }) }))]} />;
}
