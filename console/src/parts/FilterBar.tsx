/** The page's own filters, above its content: what `/` focuses. They live in the URL, so back undoes them. */
import type { ReactNode } from "react";
import { Button } from "antd";
import { useT } from "@/i18n";
import { m } from "./messages";

interface Props {
  children: ReactNode;
  /** clears the page's own filters; absent when none is set */
  onReset?: () => void;
  /** what stands on the right, e.g. an export */
  tools?: ReactNode;
}

export function FilterBar({ children, onReset, tools }: Props): ReactNode {
  const t = useT(m);
  return (
    <div role="search" aria-label={t("filters")} data-filter className="row wrap" style={{ marginBottom: 12 }}>
      {children}
      {onReset && <Button type="link" onClick={onReset}>{t("reset")}</Button>}
      {tools && <><span className="grow" />{tools}</>}
    </div>
  );
}
