/** 朱砂: a person is needed now, and nothing else. The only place besides theme.ts that may name the colour. */
import type { ReactNode } from "react";

export function Seal({ children }: { children?: ReactNode }): ReactNode {
  return (
    <span className="seal" style={{ display: "inline-block", background: "var(--cinnabar)", color: "var(--paper)", borderRadius: 2, padding: "0 6px", minWidth: 12, fontSize: 12, lineHeight: "18px", fontWeight: 600, textAlign: "center" }}>
      {children ?? "■"}
    </span>
  );
}
