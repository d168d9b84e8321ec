import { useEffect, useRef, type ReactNode } from "react";
import { Button } from "antd";
import { NavLink, useLocation } from "react-router";
import { useLang, useT } from "@/i18n";
import { allowed, GROUPS, PAGES, type PageSpec } from "@/registry";
import { useMe } from "@/state/session";
import { usePrefs } from "@/state/prefs";
import { m } from "./messages";

/** The menu: groups open in place; a page is in it because its folder exists. */
export function Sider(): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const me = useMe();
  const [{ collapsed, closedGroups }, set] = usePrefs();
  const pages = allowed(me.verbs).filter((page) => page.menu !== false && !page.path.includes(":"));
  const toggle = (group: string): void =>
    set({ closedGroups: closedGroups.includes(group) ? closedGroups.filter((one) => one !== group) : [...closedGroups, group] });
  return (
    <div className="sider">
      <NavLink to="/" className="wordmark" aria-label="关系 Guanxi" end>
        {collapsed ? "关" : <>关系<small>Guanxi</small></>}
      </NavLink>
      <nav aria-label={t("menu")}>
        {GROUPS.filter((group) => pages.some((page) => page.group === group)).map((group) => {
          const open = collapsed || !closedGroups.includes(group);
          return (
            <div key={group}>
              {!collapsed && (
                <button type="button" className="plain group-name" aria-expanded={open} onClick={() => toggle(group)}>
                  {t(group)}
                  <span aria-hidden>{open ? "−" : "+"}</span>
                </button>
              )}
              {open && (
                <ul aria-label={t(group)}>
                  {pages.filter((page) => page.group === group).map((page) => (
                    <li key={page.path}><Link page={page} collapsed={collapsed} label={page.title[lang]} /></li>
                  ))}
                </ul>
              )}
            </div>
          );
        })}
      </nav>
      <footer>
        <Button type="text" block={!collapsed} onClick={() => set({ collapsed: !collapsed })} aria-label={t(collapsed ? "expand" : "collapse")} title={t(collapsed ? "expand" : "collapse")}>
          <span aria-hidden>{collapsed ? "»" : `« ${t("collapse")}`}</span>
        </Button>
      </footer>
    </div>
  );
}

/** Lit on its own page and on those that belong under it. */
function Link({ page, collapsed, label }: { page: PageSpec; collapsed: boolean; label: string }): ReactNode {
  const { pathname } = useLocation();
  const child = PAGES.some((one) => one.parent === page.path && pathname.startsWith(one.path.split(":")[0] ?? ""));
  const active = pathname === page.path || (child && pathname.startsWith(`${page.path}/`));
  const self = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (active) self.current?.scrollIntoView?.({ block: "nearest", inline: "nearest" }); // the menu may be longer than the screen
  }, [active]);
  return (
    <NavLink ref={self} to={page.path} className={() => (active ? "nav-link active" : "nav-link")} aria-label={collapsed ? label : undefined} title={collapsed ? label : undefined} end>
      {collapsed ? [...label].slice(0, /^[\x20-\x7e]+$/.test(label) ? 3 : 2).join("") : <span className="cut">{label}</span>}
    </NavLink>
  );
}
