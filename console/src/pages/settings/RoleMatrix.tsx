/** Roles as sets of verbs: a mark and a word in each cell. */
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { DataTable, type Column } from "@/parts/DataTable";
import { m } from "./messages";

export const VERBS = ["view", "reveal", "export", "propose", "approve", "configure", "administer"] as const;

export function RoleMatrix({ roles }: { roles: readonly Schemas["Role"][] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const columns: Column<Schemas["Role"]>[] = [
    { key: "role", title: t("role"), render: (role) => <span>{role[lang]}{role.aggregates_only && <span className="note"> · {t("aggregates")}</span>}</span> },
    ...VERBS.map((verb): Column<Schemas["Role"]> => ({
      key: verb, title: t(verb), render: (role) => (role.verbs.includes(verb)
        ? <span style={{ color: "var(--celadon)" }}><span aria-hidden>✓</span><span className="hidden-text">{t("can")}</span></span>
        : <span style={{ color: "var(--ink-3)" }}><span aria-hidden>·</span><span className="hidden-text">{t("cannot")}</span></span>),
    })),
  ];
  return (
    <section>
      <h2 style={{ marginBottom: 8 }}>{t("matrix")}</h2>
      <DataTable id="role-matrix" label={t("matrix")} columns={columns} rows={roles} rowKey={(role) => role.name} total={roles.length} bare />
      <p className="note" style={{ marginTop: 8 }}>{t("matrixNote")}</p>
    </section>
  );
}
