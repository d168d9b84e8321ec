import { useState, type ReactNode } from "react";
import { Button, Popover, Segmented } from "antd";
import { SearchOutlined, UserOutlined } from "@ant-design/icons";
import { Link, useLocation, useNavigate } from "react-router";
import { useGet } from "@/api/client";
import { useLanguage, useLang, useT } from "@/i18n";
import { PAGES, type PageSpec } from "@/registry";
import { usePrefs } from "@/state/prefs";
import { useMe, useSession } from "@/state/session";
import { AsOfFilter, PlatformFilter, TimeFilter } from "./filters";
import { m } from "./messages";
import { beside } from "./popup";
import { TodoButton } from "./TodoButton";
import { m as tour } from "./tour/messages";
import { askTour, TOUR_PAGE } from "./tour/TourHolder";

interface Props {
  page: PageSpec | undefined;
  object: string;
  onSearch: () => void;
  onHelp: () => void;
}

/** Breadcrumb, the filters that the page heeds, search, to-do, language, person. */
export function Header({ page, object, onSearch, onHelp }: Props): ReactNode {
  const t = useT(m);
  const { lang, setLang } = useLanguage();
  const heeds = page?.filters ?? [];
  return (
    <header className="topbar">
      <Breadcrumb page={page} object={object} />
      {heeds.length > 0 && (
        <span className="row wrap" data-tour="filters">
          {heeds.includes("time") && <TimeFilter />}
          {heeds.includes("platforms") && <PlatformFilter />}
          {heeds.includes("asof") && <AsOfFilter />}
        </span>
      )}
      <span className="grow" />
      <Button data-tour="search" type="text" icon={<SearchOutlined aria-hidden />} onClick={onSearch} aria-keyshortcuts="Meta+K Control+K">
        {t("search")} <kbd aria-hidden>⌘K</kbd>
      </Button>
      <TodoButton />
      <Button type="text" onClick={() => setLang(lang === "zh" ? "en" : "zh")} lang={lang === "zh" ? "en" : "zh-CN"}>{lang === "zh" ? "EN" : "中文"}</Button>
      <PersonMenu onHelp={onHelp} />
    </header>
  );
}

function Breadcrumb({ page, object }: { page: PageSpec | undefined; object: string }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const parent = page?.parent ? PAGES.find((one) => one.path === page.parent) : undefined;
  const steps: ReactNode[] = page ? [t(page.group)] : [];
  if (parent) steps.push(<Link to={parent.path}>{parent.title[lang]}</Link>);
  if (object && page && !parent) steps.push(page.title[lang]);
  return (
    <nav className="crumbs" aria-label={t("breadcrumb")}>
      {steps.map((step, place) => (
        <span key={place} className="note">{step} <span aria-hidden>/</span></span>
      ))}
      <h1>{object || page?.title[lang] || "关系 Guanxi"}</h1>
    </nav>
  );
}

/** The roles in the reader's words. */
function RoleNames({ names }: { names: readonly string[] }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const { data } = useGet("/v1/roles");
  const named = names.map((name) => data?.rows.find((role) => role.name === name)?.[lang] ?? name);
  return <div className="note">{t("roles", { roles: named.join(lang === "zh" ? "、" : ", ") })}</div>;
}

function PersonMenu({ onHelp }: { onHelp: () => void }): ReactNode {
  const t = useT(m);
  const t2 = useT(tour);
  const me = useMe();
  const { signOut } = useSession();
  const [chosen, set] = usePrefs();
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const again = (): void => {
    setOpen(false);
    if (pathname !== TOUR_PAGE) void navigate(TOUR_PAGE);
    askTour(true);
  };
  const choice = (name: "theme" | "colours" | "density", values: readonly ("light" | "dark" | "system" | "none" | "red_up" | "green_up" | "compact" | "roomy")[]): ReactNode => (
    <div style={{ marginTop: 8 }}>
      <div className="note" id={`pref-${name}`}>{t(name)}</div>
      <Segmented<string> block value={chosen[name]} aria-labelledby={`pref-${name}`} onChange={(value) => set({ [name]: value })} options={values.map((value) => ({ value: value as string, label: t(value) }))} />
    </div>
  );
  const body = (
    <div style={{ width: 260 }}>
      <div className="cut" style={{ fontWeight: 600 }} title={me.who}>{me.who}</div>
      <RoleNames names={me.roles} />
      {choice("theme", ["light", "dark", "system"])}
      {choice("colours", ["none", "red_up", "green_up"])}
      {choice("density", ["compact", "roomy"])}
      <div style={{ marginTop: 8 }}>
        <div className="note" id="pref-shortcuts">{t("shortcuts")}</div>
        <Segmented block value={chosen.shortcuts} aria-labelledby="pref-shortcuts" onChange={(shortcuts) => set({ shortcuts })} options={[{ value: true, label: t("on") }, { value: false, label: t("off") }]} />
      </div>
      <div style={{ borderTop: "1px solid var(--line)", marginTop: 12, paddingTop: 8 }}>
        <button type="button" className="plain menu-row" onClick={again}>{t2("again")}</button>
        <button type="button" className="plain menu-row" onClick={onHelp}>{t("help")}<span className="grow" /><kbd>?</kbd></button>
        <button type="button" className="plain menu-row" onClick={() => void signOut()}>{t("signOut")}</button>
      </div>
    </div>
  );
  return (
    <Popover getPopupContainer={beside} content={body} trigger="click" open={open} onOpenChange={setOpen} placement="bottomRight" arrow={false}>
      <Button type="text" icon={<UserOutlined aria-hidden />} aria-haspopup="dialog">
        <span className="hidden-text">{t("person")}</span><span className="cut" style={{ maxWidth: 96 }}>{me.who}</span>
      </Button>
    </Popover>
  );
}
