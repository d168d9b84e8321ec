/** The frame of every page: menu, header, the amber line of the past, keys, and the drawer of evidence. */
import { createContext, lazy, Suspense, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { matchPath, useLocation, useNavigate } from "react-router";
import { useLive } from "@/api/live";
import { clock, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { PAGES, type PageSpec } from "@/registry";
import { usePref } from "@/state/prefs";
import { DefaultRange, nowOf, useFilters, useParam } from "@/state/url";
import { Header } from "./Header";
import { KeyHelp, useKeys } from "./keys";
import { m } from "./messages";
import { SearchBox } from "./SearchBox";
import { Sider } from "./Sider";
import { TourHolder } from "./tour/TourHolder";

const EvidenceDrawer = lazy(() => import("@/parts/EvidenceDrawer").then((part) => ({ default: part.EvidenceDrawer })));

const TitleContext = createContext<(name: string) => void>(() => {});

/** Name the object that a page shows, e.g. a person's masked name: the last of the breadcrumb and the h1. */
export function useObjectName(name: string): void {
  const set = useContext(TitleContext);
  useEffect(() => {
    set(name);
    return () => set("");
  }, [set, name]);
}

/** The page that a path belongs to. */
export function usePage(): PageSpec | undefined {
  const { pathname } = useLocation();
  return useMemo(() => PAGES.find((page) => matchPath(page.path, pathname)), [pathname]);
}

export function Shell({ children }: { children: ReactNode }): ReactNode {
  const t = useT(m);
  const page = usePage();
  const lang = useLang();
  const [collapsed] = usePref("collapsed");
  const [wall] = useParam("wall");
  const [object, setObject] = useState("");
  const [panel, setPanel] = useState<"" | "search" | "help">("");
  const main = useRef<HTMLElement>(null);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const openSearch = useCallback(() => setPanel("search"), []);
  const openHelp = useCallback(() => setPanel("help"), []);
  useKeys({ openSearch, openHelp, go: navigate });
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: false }); // a screen reader goes on at the new page
  }, [pathname]);
  const title = object || page?.title[lang] || "";
  useEffect(() => {
    document.title = title ? `${title} · 关系 Guanxi` : "关系 Guanxi";
  }, [title]);

  const content = (
    <main id="main" ref={main} tabIndex={-1} aria-label={title || t("menu")}>
      <TitleContext value={setObject}>{children}</TitleContext>
    </main>
  );
  return (
    <DefaultRange value={page?.range ?? "7d"}>
      {wall === "1" ? (
        <div className="wall">
          <LiveLineNote />
          <WallCorner title={title} />
          {content}
        </div>
      ) : (
        <div className={collapsed ? "shell collapsed" : "shell"}>
          <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>{t("skip")}</a>
          <Sider />
          <div className="main">
            <Header page={page} object={object} onSearch={openSearch} onHelp={openHelp} />
            <PastLine page={page} />
            <LiveLineNote />
            {content}
          </div>
          {panel === "search" && <SearchBox onClose={() => setPanel("")} />}
          {panel === "help" && <KeyHelp page={page} onClose={() => setPanel("")} />}
          <TourHolder />
        </div>
      )}
      <EvidenceHolder />
    </DefaultRange>
  );
}

function EvidenceHolder(): ReactNode {
  const [ev, setEv] = useParam("ev");
  const [used, setUsed] = useState(false);
  if (ev && !used) setUsed(true);
  return used ? <Suspense><EvidenceDrawer of={ev} onClose={() => setEv("")} /></Suspense> : null;
}

/** 正在看 …: writing is off in the past. */
function PastLine({ page }: { page: PageSpec | undefined }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [filters, change] = useFilters();
  if (!filters.asof || !page?.filters?.includes("asof")) return null;
  return (
    <div className="past" role="status">
      <span>◐ {t("past", { time: time(nowOf(filters), lang) })}</span>
      <button type="button" className="plain" style={{ color: "var(--blue)", fontWeight: 600 }} onClick={() => change({ asof: "" })}>{t("backToNow")}</button>
    </div>
  );
}

/** Whether writing is possible: not while the past is looked at. */
export function usePresent(): boolean {
  const [filters] = useFilters();
  return filters.asof === "";
}

/** Which page this is, and a clock: a screen that stands still shows an old hour. */
function WallCorner({ title }: { title: string }): ReactNode {
  const lang = useLang();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const beat = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(beat);
  }, []);
  return <header className="wall-corner"><h1>{title}</h1><time dateTime={new Date(now).toISOString()}>{time(now, lang)}</time></header>;
}

function LiveLineNote(): ReactNode {
  const t = useT(m);
  const { state, heard } = useLive();
  const text = state !== "lost" ? "" : heard ? t("lost", { time: clock(heard, true) }) : t("lostNever");
  return <div role="status" aria-live="polite" className={text ? "lost-line" : "hidden-text"}>{text && `◐ ${text}`}</div>;
}
