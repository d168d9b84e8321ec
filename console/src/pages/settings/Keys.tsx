import { useState, type ReactNode } from "react";
import { Button, Input, Radio } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, useGet, type Schemas } from "@/api/client";
import { ago, day, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { m } from "./messages";
import { Ask, OnceSecret, type Secret } from "./once";

type Key = Schemas["ApiKey"];
type Scope = Key["scope"];
const SCOPES: readonly Scope[] = ["client", "server", "read", "admin"];
const NOTES = { client: "clientNote", server: "serverNote", read: "readNote", admin: "adminNote" } as const;

export default function Keys(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const keys = useGet("/v1/keys");
  const [making, setMaking] = useState(false);
  const [scope, setScope] = useState<Scope>("client");
  const [label, setLabel] = useState("");
  const [ending, setEnding] = useState<Key | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [toast, tell] = useUndoToast();
  if (keys.error) return <PageState state="error" error={keys.error} onRetry={() => void keys.refetch()} />;
  if (!keys.data) return <PageState state="loading" />;
  const again = (): Promise<void> => client.invalidateQueries({ queryKey: ["/v1/keys"] });
  const called = (key: Key | null): string => key?.label || key?.prefix || "";
  const columns: Column<Key>[] = [
    { key: "label", title: t("label"), always: true, render: (key) => key.label || "—" },
    { key: "scope", title: t("scope"), render: (key) => t(key.scope) },
    { key: "prefix", title: t("prefix"), render: (key) => <code>{key.prefix}…</code> },
    { key: "origin", title: t("origin"), render: (key) => t(key.origin === "settings" ? "fromSettings" : "fromPage") },
    { key: "created_ms", title: t("made"), render: (key) => day(key.created_ms, lang) },
    { key: "used_ms", title: t("used"), render: (key) => (key.used_ms === null ? t("never") : <span title={time(key.used_ms, lang)}>{ago(key.used_ms, lang)}</span>) },
    { key: "state", title: t("state"), render: (key) => (key.revoked_ms === null ? t("active") : t("revoked", { time: time(key.revoked_ms, lang) })) },
    {
      key: "acts", title: t("actions"), always: true, render: (key) => {
        if (key.revoked_ms !== null) return "—";
        if (key.origin === "settings") return <span className="note">{t("settingsKey")}</span>;
        return <Button size="small" onClick={() => setEnding(key)} aria-label={t("revokeOf", { name: called(key) })}>{t("revoke")}</Button>;
      },
    },
  ];
  return (
    <div className="stack">
      <DataTable
        id="keys" label={t("keys")} columns={columns} rows={keys.data.rows} rowKey={(key) => String(key.id)} total={keys.data.rows.length} empty={t("keysEmpty")}
        before={<Button type="primary" onClick={() => setMaking(true)}>{t("newKey")}</Button>}
      />
      <Ask
        open={making} title={t("newKey")} verb={t("createKey")} onClose={() => { setMaking(false); setLabel(""); setScope("client"); }}
        onDo={async () => {
          const made = await api.post("/v1/keys", { body: { scope, label: label.trim() } });
          await again();
          setSecret({ title: t("keyOf", { name: called(made.key) }), value: made.secret });
        }}
      >
        <div className="field-block" style={{ margin: 0 }}>
          <label htmlFor="key-label">{t("label")}</label>
          <Input id="key-label" value={label} maxLength={128} onChange={(event) => setLabel(event.target.value)} autoComplete="off" aria-describedby="key-label-note" />
          <span id="key-label-note" className="note">{t("labelHint")}</span>
        </div>
        <Radio.Group value={scope} onChange={(event) => setScope(event.target.value as Scope)} aria-label={t("scope")} style={{ display: "grid", gap: 8 }}>
          {SCOPES.map((one) => <Radio key={one} value={one}>{t(one)}<span className="note" style={{ display: "block" }}>{t(NOTES[one])}</span></Radio>)}
        </Radio.Group>
      </Ask>
      <Ask
        open={ending !== null} title={t("revokeOf", { name: called(ending) })} verb={t("revokeDo")} onClose={() => setEnding(null)}
        onDo={async () => {
          if (!ending) return;
          await api.delete("/v1/keys/{key_id}", { path: { key_id: ending.id } });
          await again();
          tell({ text: t("didRevoke", { name: called(ending) }), log: "/settings/audit" });
        }}
      >
        <p>{t("revokeNote")}</p>
        <p>{ending?.used_ms == null ? t("revokeUnused") : t("revokeLast", { time: ago(ending.used_ms, lang) })}</p>
      </Ask>
      <OnceSecret secret={secret} onClose={() => setSecret(null)} />
      {toast}
    </div>
  );
}
