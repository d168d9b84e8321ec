/** The way from what was known to what came back, as a line of links: ✓ done, ○ not yet, ◐ broken here; ← → walk it. */
import type { KeyboardEvent, ReactNode } from "react";
import { Link } from "react-router";
import { catalogue, useT } from "@/i18n";

export interface TraceStep {
  key: string;
  mark: "done" | "open" | "broken";
  /** 决策, 发送, 回执 */
  title: string;
  /** when, by what */
  note?: string;
  to?: string;
  /** shows it on this page; steps with neither are words alone */
  onPick?: () => void;
}

const MARKS = { done: ["✓", "var(--celadon)"], open: ["○", "var(--ink-3)"], broken: ["◐", "var(--amber)"] } as const;

export function TraceLink({ steps, label }: { steps: readonly TraceStep[]; label?: string }): ReactNode {
  const t = useT(m);
  return (
    <nav aria-label={label ?? t("trace")} onKeyDown={walk}>
      <ol className="row wrap" style={{ gap: "4px 8px", alignItems: "baseline" }}>
        {steps.map((step, place) => (
          <li key={step.key} className="row" style={{ gap: 8, alignItems: "baseline" }}>
            {place > 0 && <span aria-hidden className="note">→</span>}
            <span style={{ whiteSpace: "nowrap" }}>
              <span aria-hidden style={{ color: MARKS[step.mark][1] }}>{MARKS[step.mark][0]} </span>
              {step.to ? <Link to={step.to}>{step.title}</Link> : step.onPick ? <button type="button" className="plain" style={{ color: "var(--blue)" }} onClick={step.onPick}>{step.title}</button> : <span>{step.title}</span>}
              {step.mark !== "done" && <span className="hidden-text"> {t(step.mark)}</span>}
              {step.note && <span className="note"> {step.note}</span>}
            </span>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** ← → move the focus along the links. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("a, button")];
  const here = links.indexOf(document.activeElement as HTMLElement);
  const next = links[here + (event.key === "ArrowRight" ? 1 : -1)];
  if (here < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

const m = catalogue({
  zh: { trace: "全程", open: "（还没有）", broken: "（在这里断开）" },
  en: { trace: "The whole way", open: "(not yet)", broken: "(broken here)" },
});
