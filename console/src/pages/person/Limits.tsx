/** What the limits still leave for this person now, and the way to what was decided about them. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useGet } from "@/api/client";
import { useLang, useT } from "@/i18n";
import { LimitBar } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { m } from "./messages";

export function PersonLimits({ reference }: { reference: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data, error, refetch } = useGet("/v1/people/{ref}/limits", { path: { ref: reference } });
  if (error) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  // Contacts are what everybody asks about; money only once some was used.
  const rows = data.rows.filter((row) => row.unit === "contacts" || row.used + row.reserved > 0);
  return (
    <div className="stack" style={{ gap: 8, marginTop: 12 }}>
      {rows.map((row) => <LimitBar key={row.account || row.limit} name={row[lang]} cap={row.cap} used={row.used} reserved={row.reserved} unit={row.unit} resetsMs={row.resets_ms} to={`/settings/limits?limit=${row.limit}`} />)}
      <p><Link to={`/decisions?person=${encodeURIComponent(data.ref)}`}>{t("decisionsOf")}</Link></p>
    </div>
  );
}
