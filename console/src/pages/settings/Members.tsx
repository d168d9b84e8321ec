import { useState, type ReactNode } from "react";
import { Button, Checkbox, Input, Space } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, useGet, type Schemas } from "@/api/client";
import { day, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { PageState } from "@/parts/PageState";
import { useUndoToast } from "@/parts/UndoToast";
import { useMe } from "@/state/session";
import { m } from "./messages";
import { Ask, OnceSecret, type Secret } from "./once";
import { RoleMatrix } from "./RoleMatrix";

type User = Schemas["User"];
type Role = Schemas["Role"];
type Open = { what: "invite" } | { what: "roles" | "reset" | "disable"; user: User } | null;

export default function Members(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const me = useMe();
  const client = useQueryClient();
  const users = useGet("/v1/users");
  const roles = useGet("/v1/roles");
  const [open, setOpen] = useState<Open>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [toast, tell] = useUndoToast();
  const again = (): Promise<void> => client.invalidateQueries({ queryKey: ["/v1/users"] });
  if (users.error) return <PageState state="error" error={users.error} onRetry={() => void users.refetch()} />;
  if (!users.data || !roles.data) return <PageState state="loading" />;

  const enable = async (user: User): Promise<void> => {
    await api.post("/v1/users/{user_id}/enable", { path: { user_id: user.id } });
    await again();
  };
  const disable = async (user: User): Promise<void> => {
    await api.delete("/v1/users/{user_id}", { path: { user_id: user.id } });
    await again();
  };
  const setRoles = async (user: User, next: string[]): Promise<void> => {
    await api.put("/v1/users/{user_id}/roles", { path: { user_id: user.id }, body: { roles: next } });
    await again();
  };
  const names = (user: User): string => roles.data.rows.filter((role) => user.roles.includes(role.name)).map((role) => role[lang]).join(lang === "zh" ? "、" : ", ");
  const columns: Column<User>[] = [
    { key: "name", title: t("name"), always: true, render: (user) => <span>{user.name}{user.name === me.who && <span className="note">{t("you")}</span>}</span> },
    { key: "roles", title: t("roles"), render: (user) => names(user) || t("noRoles") },
    { key: "created_ms", title: t("since"), render: (user) => day(user.created_ms, lang) },
    { key: "state", title: t("state"), render: (user) => (user.disabled_ms === null ? t("active") : t("disabled", { time: time(user.disabled_ms, lang) })) },
    {
      key: "acts", title: t("actions"), always: true, render: (user) => (
        <Space size={4} wrap>
          {user.disabled_ms === null && <Button size="small" onClick={() => setOpen({ what: "roles", user })} aria-label={t("changeRolesOf", { name: user.name })}>{t("changeRoles")}</Button>}
          {user.disabled_ms === null && user.name !== me.who && <Button size="small" onClick={() => setOpen({ what: "reset", user })} aria-label={t("resetOf", { name: user.name })}>{t("reset")}</Button>}
          {user.disabled_ms === null && user.name !== me.who && <Button size="small" onClick={() => setOpen({ what: "disable", user })} aria-label={t("disableOf", { name: user.name })}>{t("disable")}</Button>}
          {user.disabled_ms !== null && <Button size="small" onClick={() => void enable(user).then(() => tell({ text: t("didEnable", { name: user.name }), undo: () => disable(user), log: "/settings/audit" }))}>{t("enable")}</Button>}
        </Space>
      ),
    },
  ];
  const target = open && "user" in open ? open.user : null;
  return (
    <div className="stack">
      <DataTable
        id="members" label={t("members")} columns={columns} rows={users.data.rows} rowKey={(user) => String(user.id)} total={users.data.rows.length}
        before={<Button type="primary" onClick={() => setOpen({ what: "invite" })}>{t("invite")}</Button>}
      />
      <RoleMatrix roles={roles.data.rows} />
      <Invite
        open={open?.what === "invite"} roles={roles.data.rows} onClose={() => setOpen(null)}
        onAdd={async (name, chosen) => {
          const made = await api.post("/v1/users", { body: { name, roles: chosen } });
          await again();
          setSecret({ title: t("passwordOf", { name: made.user.name }), value: made.password });
        }}
      />
      {target && (
        <ChangeRoles
          key={target.id} open={open?.what === "roles"} user={target} roles={roles.data.rows} onClose={() => setOpen(null)}
          onSave={async (next) => {
            await setRoles(target, next);
            tell({ text: t("didRoles", { name: target.name }), undo: () => setRoles(target, [...target.roles]), log: "/settings/audit" });
          }}
        />
      )}
      <Ask
        open={open?.what === "reset"} title={t("resetOf", { name: target?.name ?? "" })} verb={t("resetDo")} onClose={() => setOpen(null)}
        onDo={async () => {
          if (!target) return;
          const made = await api.post("/v1/users/{user_id}/password", { path: { user_id: target.id } });
          setSecret({ title: t("passwordOf", { name: made.user.name }), value: made.password });
        }}
      >
        <p>{t("resetNote", { name: target?.name ?? "" })}</p>
      </Ask>
      <Ask
        open={open?.what === "disable"} title={t("disableOf", { name: target?.name ?? "" })} verb={t("disable")} onClose={() => setOpen(null)}
        onDo={async () => {
          if (!target) return;
          await disable(target);
          tell({ text: t("didDisable", { name: target.name }), undo: () => enable(target), log: "/settings/audit" });
        }}
      >
        <p>{t("disableNote", { name: target?.name ?? "" })}</p>
      </Ask>
      <OnceSecret secret={secret} onClose={() => setSecret(null)} />
      {toast}
    </div>
  );
}

function Invite({ open, roles, onAdd, onClose }: { open: boolean; roles: readonly Role[]; onAdd: (name: string, roles: string[]) => Promise<void>; onClose: () => void }): ReactNode {
  const t = useT(m);
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const close = (): void => {
    setName("");
    setChosen([]);
    onClose();
  };
  return (
    <Ask open={open} title={t("invite")} verb={name.trim() ? t("add", { name: name.trim() }) : t("addOne")} ready={name.trim() !== "" && chosen.length > 0} onClose={close} onDo={() => onAdd(name.trim(), chosen)}>
      <div className="field-block" style={{ margin: 0 }}>
        <label htmlFor="member-name">{t("name")}</label>
        <Input id="member-name" value={name} maxLength={64} onChange={(event) => setName(event.target.value)} autoComplete="off" autoCapitalize="none" spellCheck={false} aria-describedby="member-name-note" />
        <span id="member-name-note" className="note">{t("nameHint")}</span>
      </div>
      <RoleChoice roles={roles} chosen={chosen} onChange={setChosen} />
      <p className="note">{t("inviteNote")}</p>
    </Ask>
  );
}

function ChangeRoles({ open, user, roles, onSave, onClose }: { open: boolean; user: User; roles: readonly Role[]; onSave: (roles: string[]) => Promise<void>; onClose: () => void }): ReactNode {
  const t = useT(m);
  const [chosen, setChosen] = useState<string[]>([...user.roles]);
  return (
    <Ask open={open} title={t("changeRolesOf", { name: user.name })} verb={t("saveRoles")} ready={chosen.length > 0} onClose={onClose} onDo={() => onSave(chosen)}>
      <RoleChoice roles={roles} chosen={chosen} onChange={setChosen} />
      <p className="note">{t("rolesNote", { name: user.name })}</p>
    </Ask>
  );
}

function RoleChoice({ roles, chosen, onChange }: { roles: readonly Role[]; chosen: string[]; onChange: (roles: string[]) => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ padding: 0, marginBottom: 4 }}>{t("roles")}</legend>
      <Checkbox.Group value={chosen} onChange={onChange} style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 4 }}>
        {roles.map((role) => <Checkbox key={role.name} value={role.name}>{role[lang]}</Checkbox>)}
      </Checkbox.Group>
      {chosen.length === 0 && <span className="note">{t("needRole")}</span>}
    </fieldset>
  );
}
