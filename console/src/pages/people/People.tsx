/** Everybody who acted before the end of the asked time; names are masked, what is searched for never enters the URL. */
import { type FormEvent, type ReactNode, useState } from "react";
import { Button, Input, Select, Space } from "antd";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { api, ApiError, type Schemas, urlOf } from "@/api/client";
import { day, exact, MISSING, moneyExact } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column, usePaging } from "@/parts/DataTable";
import { Disc } from "@/parts/Disc";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { personPath, shortened } from "@/parts/PartyChip";
import { useFilters, useParams } from "@/state/url";
import { m } from "./messages";
import { scopeOf, type Variant } from "./Page";

type Answer = Schemas["People"];
type Line = Answer["rows"][number];
const FIELDS = ["ref", "phone", "address", "card"] as const;
type Field = (typeof FIELDS)[number];
interface Asked { field: Field; value: string }
const NOTHING: Asked = { field: "ref", value: "" };

export function People({ variant }: { variant: Variant }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const navigate = useNavigate();
  const [filters] = useFilters();
  const [params, set] = useParams();
  const paging = usePaging({ sort: "-amount" });
  const [draft, setDraft] = useState(NOTHING); // what stands in the box
  const [asked, setAsked] = useState(NOTHING); // what the list answers
  const scope = { ...scopeOf(filters), variant, segment: params.get("seg") ?? "", r: params.get("r") ?? "", f: params.get("f") ?? "", label: params.get("label") ?? "" };
  const personal = asked.value !== "" && asked.field !== "ref";
  const query = { ...scope, ...paging.query, q: personal ? "" : asked.value };
  const { data, error, refetch, isFetching } = useQuery<Answer, ApiError>({
    queryKey: personal ? ["/v1/people/search", asked] : ["/v1/people", query], placeholderData: keepPreviousData,
    gcTime: personal ? 0 : undefined, // a personal value is not kept after the search
    queryFn: ({ signal }) => (personal ? api.post("/v1/people/search", { body: asked, signal }) : api.get("/v1/people", { query, signal })),
  });
  const ask = (next: Asked): void => {
    if (next.field === asked.field && next.value === asked.value) return void refetch();
    setAsked(next);
    if (paging.page > 1) paging.turn(1);
  };
  const narrowed = scope.segment || scope.r || scope.f || scope.label;
  const columns: Column<Line>[] = [
    { key: "name", title: t("name"), render: (row) => <span className="person-cell"><strong className="cut" title={row.name}>{row.name || t("unnamed")}</strong><span className="note cut" title={row.ref}>{shortened(row.ref.split(":").slice(2).join(":"))}</span></span>, always: true },
    { key: "platforms", title: t("platforms"), render: (row) => <span className="row">{row.platforms.filter(Boolean).map((one) => <Disc key={one} platform={one} />)}</span> },
    { key: "city", title: t("city"), render: (row) => row.city || MISSING },
    { key: "orders", title: t("orders"), render: (row) => exact(row.orders), numeric: true, sorts: true, downFirst: true },
    { key: "amount", title: t("amount"), render: (row) => moneyExact(row.amount, data?.currency), numeric: true, sorts: true, downFirst: true },
    { key: "recency", title: t("lastOrder"), render: (row) => day(row.last_order_ms, lang), sorts: true, downFirst: true },
    { key: "segment", title: t("segment"), render: (row) => (row.segment ? (lang === "zh" ? row.segment_zh : row.segment_en) : MISSING) },
    { key: "scores", title: "R F M", render: (row) => (row.r ? `${row.r} ${row.f} ${row.m}` : MISSING), numeric: true, startsHidden: true },
    { key: "first_seen", title: t("firstSeen"), render: (row) => day(row.first_seen_ms, lang), sorts: true, downFirst: true },
  ];
  const file = (ending: string): string => urlOf(`/v1/people.${ending}`, undefined, { ...scope, sort: paging.sort, size: 1000 });
  if (error instanceof ApiError && error.status === 403) return <section className="card" aria-label={t("list")}><PageState state="no-people" /></section>;
  return (
    <section className="card" aria-labelledby="people-list">
      <header className="row wrap">
        <h2 id="people-list" style={{ flex: "1 1 auto" }}>{t("list")}</h2>
        {narrowed && !personal && <Button onClick={() => set({ seg: "", r: "", f: "", label: "" })}>{t("dropSegment")}</Button>}
        <Search draft={draft} asked={asked} onDraft={setDraft} onAsk={ask} />
      </header>
      {error ? <PageState state="error" error={error} onRetry={() => void refetch()} /> : !data ? <PageState state="loading" /> : (
        <DataTable
          id="people" label={t("list")} columns={columns} rows={data.rows} rowKey={(row) => row.ref} rowLabel={(row) => row.name || row.ref} total={data.total} paging={personal ? undefined : paging} busy={isFetching}
          onOpen={(row) => void navigate({ pathname: personPath(row.ref), search: filters.asof ? `?asof=${filters.asof}` : "" })}
          tools={!personal && <ExportMenu name="people" label={t("list")} csv={file("csv")} xlsx={file("xlsx")} />}
          empty={<PageState state="empty" text={asked.value ? t(personal ? "nobodyPersonal" : "nobody") : narrowed ? t("nobodyHere") : undefined} actions={asked.value ? <Button onClick={() => { setDraft(NOTHING); ask(NOTHING); }}>{t("dropSearch")}</Button> : narrowed ? <Button onClick={() => set({ seg: "", r: "", f: "", label: "" })}>{t("dropSegment")}</Button> : undefined} />}
        />
      )}
    </section>
  );
}

/** An id by its beginning or an order by its number; phone, address and card by the whole value. It stands above the list, whatever that shows. */
function Search({ draft, asked, onDraft, onAsk }: { draft: Asked; asked: Asked; onDraft: (next: Asked) => void; onAsk: (next: Asked) => void }): ReactNode {
  const t = useT(m);
  const type = (value: string): void => {
    onDraft({ ...draft, value });
    if (value === "" && asked.value) onAsk({ ...draft, value });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const value = draft.value.trim();
    onAsk({ field: guessed(draft.field, value), value });
  };
  return (
    <form role="search" aria-label={t("search")} onSubmit={submit} style={{ maxWidth: "100%" }} data-filter>
      <Space.Compact style={{ maxWidth: "100%" }}>
        <Select aria-label={t("searchBy")} value={draft.field} onChange={(field: Field) => onDraft({ ...draft, field })} style={{ width: 184, flex: "0 1 auto", minWidth: 96 }} options={FIELDS.map((one) => ({ value: one, label: t(`by_${one}`) }))} />
        <Input aria-label={t(`by_${draft.field}`)} value={draft.value} maxLength={200} autoComplete="off" spellCheck={false} allowClear placeholder={t(draft.field === "ref" ? "hintRef" : "hintExact")} style={{ width: 300, flex: "0 1 auto", minWidth: 96 }} onChange={(event) => type(event.target.value)} />
        <Button htmlType="submit">{t("search")}</Button>
      </Space.Compact>
    </form>
  );
}

/** A phone number is searched for as one whatever was chosen, so that it never travels in a URL. */
export function guessed(field: Field, text: string): Field {
  return field === "ref" && /^(\+?86)?[-\s]?1[3-9](\d[-\s]?){9}$/.test(text) ? "phone" : field;
}
