/** The providers, outermost first, and the routes that the pages declare. */
import { lazy, Suspense, useEffect, useLayoutEffect, useRef, useState, type ComponentType, type ReactNode } from "react";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { QueryClientProvider } from "@tanstack/react-query";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { createBrowserRouter, Navigate, Outlet, RouterProvider, useRouteError } from "react-router";
import { makeQueryClient } from "@/api/client";
import { LanguageProvider } from "@/i18n";
import { PageState } from "@/parts/PageState";
import Login from "@/pages/login/Page";
import { allowed, PAGES, type PageSpec } from "@/registry";
import { SessionProvider, useMe, useSession } from "@/state/session";
import { tellPlace, useMode, usePref } from "@/state/prefs";
import { FontHint } from "@/shell/FontHint";
import { Shell } from "@/shell/Shell";
import { antdConfig, cssVariables } from "@/theme";

const client = makeQueryClient();
/** Where a role begins, the first that exists counts. */
const LANDINGS: Record<string, string> = {
  operator: "/cockpit", buyer: "/budget", service: "/service", reviewer: "/review", analyst: "/weekly", manager: "/map", engineer: "/data", wall: "/map",
};
/** What a wall screen shows, the first that exists. */
const WALLS = ["/map", "/cockpit"];

export function App(): ReactNode {
  return (
    <Appearance>
      <QueryClientProvider client={client}>
        <SessionProvider>
          <FontHint />
          <Gatehouse />
        </SessionProvider>
      </QueryClientProvider>
    </Appearance>
  );
}

/** Language, colours and antd's own texts; a switch is seen at once everywhere. */
export function Appearance({ children }: { children: ReactNode }): ReactNode {
  const [lang, setLang] = usePref("language");
  const mode = useMode();
  dayjs.locale(lang === "zh" ? "zh-cn" : "en");
  useEffect(() => {
    const root = document.documentElement;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    root.dataset.mode = mode;
    for (const [name, value] of Object.entries(cssVariables(mode))) root.style.setProperty(name, value);
  }, [lang, mode]);
  return (
    <LanguageProvider lang={lang} setLang={setLang}>
      <ConfigProvider locale={lang === "zh" ? zhCN : enUS} theme={antdConfig(mode)} button={{ autoInsertSpace: false }} wave={{ disabled: true }}>
        <AntApp component={false}>{children}</AntApp>
      </ConfigProvider>
    </LanguageProvider>
  );
}

/** Without a session the login stands in place of the page. One that was lost covers the page, which waits with all that was typed; another person gets a new one. */
function Gatehouse(): ReactNode {
  const { phase, me } = useSession();
  const [router] = useState(makeRouter);
  const held = phase === "in" || phase === "lost";
  return (
    <>
      {held && <RouterProvider key={me?.who} router={router} />}
      {phase === "lost" ? <Cover><Login phase={phase} /></Cover> : phase !== "in" && <Login phase={phase} />}
    </>
  );
}

/** Above everything else, drawers too: the browser keeps the rest from focus, pointer and screen readers. */
function Cover({ children }: { children: ReactNode }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const show = (): void => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
  };
  useLayoutEffect(show, []); // before the form inside takes the focus
  return <dialog ref={dialog} className="cover" aria-labelledby="login-title" onCancel={(event) => event.preventDefault()} onClose={show}>{children}</dialog>;
}

function makeRouter(): ReturnType<typeof createBrowserRouter> {
  const router = createBrowserRouter([
    {
      element: <Shell><Suspense fallback={<PageState state="loading" />}><Outlet /></Suspense></Shell>,
      errorElement: <Broken />,
      children: [
        { index: true, element: <Landing /> },
        { path: "/login", element: <Landing /> },
        ...PAGES.map((page) => ({ path: page.path, element: <Guarded page={page} View={lazy(page.load)} />, errorElement: <Broken /> })),
        { path: "*", element: <PageState state="nowhere" /> },
      ],
    },
  ]);
  router.subscribe(tellPlace);
  return router;
}

/** A page that the person may not open says so instead of failing. */
function Guarded({ page, View }: { page: PageSpec; View: ComponentType }): ReactNode {
  const me = useMe();
  if (!allowed(me.verbs).includes(page)) return <PageState state="no-permission" />;
  return <View />;
}

function Landing(): ReactNode {
  const me = useMe();
  const open = allowed(me.verbs).filter((page) => page.menu !== false);
  if (me.roles.every((role) => role === "wall")) return <Navigate to={`${WALLS.find((path) => open.some((page) => page.path === path)) ?? "/cockpit"}?wall=1&t=7d`} replace />;
  const wanted = me.roles.map((role) => LANDINGS[role]);
  const first = open.find((page) => wanted.includes(page.path)) ?? open.find((page) => page.path === "/cockpit") ?? open[0];
  return first ? <Navigate to={first.path} replace /> : <PageState state="nowhere" />;
}

function Broken(): ReactNode {
  const error = useRouteError();
  return <PageState state="error" error={error} onRetry={() => window.location.reload()} />;
}
