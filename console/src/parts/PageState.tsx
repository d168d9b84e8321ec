/** One part speaks every state of a page or a card: nothing had, nothing left, done, too few, loading, failed, partial, stale, refused. */
import { useEffect, useState, type ReactNode } from "react";
import { Button, Skeleton } from "antd";
import { useNavigate } from "react-router";
import { ApiError } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT } from "@/i18n";
import { useFilters } from "@/state/url";
import { m } from "./messages";
import { problemOf } from "./problem";

export type State =
  | "never" | "empty" | "done" | "few" | "loading" | "error" | "partial" | "stale" | "no-permission" | "no-people" | "refused" | "erased" | "nowhere";

interface Props {
  state: State;
  /** the sentence, when the page can say it better than the general one */
  text?: string;
  /** buttons and links; the state's own ones when left out */
  actions?: ReactNode;
  error?: unknown;
  onRetry?: () => void;
  /** how many people, for "few" */
  n?: number;
  /** the true layout while loading; three lines when left out */
  skeleton?: ReactNode;
  progress?: { done: number; total: number };
  onStop?: () => void;
}

const QUIET_MS = 300;
const SLOW_MS = 3_000;
const MARKS: Partial<Record<State, [string, string]>> = {
  done: ["✓", "var(--celadon)"], error: ["◐", "var(--amber)"], partial: ["◐", "var(--amber)"], stale: ["◐", "var(--amber)"], refused: ["◐", "var(--amber)"],
};

export function PageState(props: Props): ReactNode {
  const { state, text, actions } = props;
  const t = useT(m);
  if (state === "loading") return <Loading {...props} />;
  if (state === "error" || state === "refused") return <Problem {...props} />;
  const said = text ?? {
    never: t("never"), empty: t("empty"), done: t("done"), few: t("few", { n: props.n ?? 0 }), partial: "", stale: "",
    "no-permission": t("noPermission"), "no-people": t("noPeople"), erased: t("erased"), nowhere: t("nowhere"),
  }[state];
  const line = state === "partial" || state === "stale";
  return (
    <div role="status" className={line ? "past" : undefined} style={line ? { padding: "5px 12px", borderRadius: 4, border: 0 } : { padding: "24px 0", maxWidth: 720 }}>
      <p>
        <Mark state={state} />
        {said}
      </p>
      <div className="row wrap" style={{ marginTop: line ? 0 : 12 }}>{actions ?? <Offers state={state} />}</div>
    </div>
  );
}

function Mark({ state }: { state: State }): ReactNode {
  const mark = MARKS[state];
  return mark ? <span aria-hidden style={{ color: mark[1], marginRight: 8 }}>{mark[0]}</span> : null;
}

/** The nearest filter that may have rows, or the next step. */
function Offers({ state }: { state: State }): ReactNode {
  const t = useT(m);
  const navigate = useNavigate();
  const [filters, change] = useFilters();
  if (state === "never") return <Button type="primary" onClick={() => void navigate("/data/import")}>{t("importData")}</Button>;
  if (state === "nowhere") return <Button onClick={() => void navigate("/")}>{t("home")}</Button>;
  if (state !== "empty") return null;
  return (
    <>
      {filters.t !== "30d" && <Button onClick={() => change({ t: "30d" })}>{t("last30")}</Button>}
      {filters.pf.length > 0 && <Button onClick={() => change({ pf: [] })}>{t("dropPlatforms")}</Button>}
      {filters.asof && <Button onClick={() => change({ asof: "" })}>{t("dropAsOf")}</Button>}
    </>
  );
}

/** Nothing under 300 ms, then the true layout, over 3 s words. */
function Loading({ skeleton, progress, onStop, text }: Props): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [after, setAfter] = useState(0);
  useEffect(() => {
    const timers = [QUIET_MS, SLOW_MS].map((ms) => setTimeout(() => setAfter(ms), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  if (after < QUIET_MS) return <div aria-busy />;
  const words = progress ? t("counting", { total: exact(progress.total), percent: Math.floor((100 * progress.done) / Math.max(1, progress.total)) }) : (text ?? t("loading"));
  return (
    <div aria-busy lang={lang === "zh" ? "zh-CN" : "en"}>
      {skeleton ?? <Skeleton active={false} title={false} paragraph={{ rows: 3 }} />}
      <p role="status" className={after < SLOW_MS ? "hidden-text" : "note"}>
        {words} {onStop && after >= SLOW_MS && <Button size="small" onClick={onStop}>{t("stop")}</Button>}
      </p>
    </div>
  );
}

/** What and the mend in the reader's language, the API's words folded beneath; the rest of the page stays alive. */
function Problem({ state, error, onRetry, actions, text }: Props): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [open, setOpen] = useState(false);
  const known = error instanceof ApiError ? error : null;
  const told = problemOf(error, lang);
  if (known?.status === 403 && state === "error") return <PageState state={/people/.test(known.what) ? "no-people" : "no-permission"} actions={lang === "en" ? <span className="note">{known.what}</span> : <></>} />;
  const what = text ?? (known && known.status !== 0 ? t(state === "refused" ? "refused" : "error", { what: told.text.replace(/[。.]$/, "") }) : told.text);
  return (
    <div role="alert" style={{ padding: "12px 0", maxWidth: 720 }}>
      <p><Mark state={state} />{what}</p>
      <div className="row wrap" style={{ marginTop: 8 }}>
        {actions}
        {onRetry && <Button size="small" onClick={onRetry}>{t("retry")}</Button>}
        {error !== undefined && known?.status !== 0 && <Button size="small" type="text" aria-expanded={open} onClick={() => setOpen(!open)}>{t("details")}</Button>}
      </div>
      {open && (
        <div className="note" style={{ marginTop: 4, overflowWrap: "anywhere" }}>
          {told.details && <p lang="en">{told.details}</p>}
          {known && <p>{t("status", { n: known.status })}{known.field && ` · ${t("ofField", { field: known.field })}`}</p>}
        </div>
      )}
    </div>
  );
}
