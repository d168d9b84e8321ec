/** The keyboard: ⌘K searches, `?` lists keys, `/` focuses the page's filter, `g x` jumps. Single keys can be switched off. */
import { useEffect, useRef, type ReactNode } from "react";
import { Modal } from "antd";
import { useLang, useT } from "@/i18n";
import { allowed, type PageSpec } from "@/registry";
import { useMe } from "@/state/session";
import { prefs, usePref } from "@/state/prefs";
import { m } from "./messages";

interface Acts {
  openSearch: () => void;
  openHelp: () => void;
  go: (path: string) => void;
}
const JUMP_MS = 1_200;
let jumping = 0; // when `g` was pressed: the next key belongs to the jump

/** True while the reader types: single keys belong to the text then. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && ["radio", "checkbox", "button"].includes(target.type)) return false; // nothing is typed there
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Whether a press is a single key for the page: nothing is typed, no dialog is open, and the reader wants such keys. */
const single = (event: KeyboardEvent): boolean =>
  prefs().shortcuts && !typing(event.target) && !event.metaKey && !event.ctrlKey && !event.altKey && !document.querySelector('[role="dialog"]');

/** Single keys of a page; they rest while the reader types, a dialog is open or a jump is under way. */
export function useShortcuts(keys: Record<string, () => void>): void {
  const held = useRef(keys);
  useEffect(() => { held.current = keys; });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const does = held.current[event.key];
      if (!does || event.repeat || !single(event) || Date.now() - jumping < JUMP_MS) return;
      event.preventDefault();
      does();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

export function useKeys({ openSearch, openHelp, go }: Acts): void {
  const me = useMe();
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openSearch();
        return;
      }
      if (!single(event)) return;
      if (Date.now() - jumping < JUMP_MS) {
        jumping = 0;
        const page = allowed(me.verbs).find((one) => one.jump === event.key);
        if (page) go(page.path);
      } else if (event.key === "g") jumping = Date.now();
      else if (event.key === "?") openHelp();
      else if (event.key === "/") {
        const box = document.querySelector<HTMLElement>("main [data-filter] input:not([readonly]), main input[data-filter], main input[type=search]");
        if (!box) return;
        event.preventDefault();
        box.focus();
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [me, openSearch, openHelp, go]);
}

export function KeyHelp({ page, onClose }: { page: PageSpec | undefined; onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const me = useMe();
  const [on] = usePref("shortcuts");
  const jumps = allowed(me.verbs).filter((one) => one.jump);
  const rows: [string[], string][] = [
    [["⌘K", "Ctrl+K"], t("helpSearch")],
    [["?"], t("helpHelp")],
    [["/"], t("helpFilter")],
    [["t"], t("helpTable")],
    ...(page?.keys ?? []).map((one): [string[], string] => [one.keys, one.does[lang]]),
    ...jumps.map((one): [string[], string] => [["g", one.jump ?? ""], t("helpJump", { page: one.title[lang] })]),
  ];
  return (
    <Modal open title={t("help")} footer={null} onCancel={onClose} width={420}>
      {!on && <p className="note">{t("helpOff")}</p>}
      <table style={{ width: "100%" }}>
        <tbody>
          {rows.map(([keys, text]) => (
            <tr key={text}>
              <td style={{ padding: "4px 0", width: 140 }}>{keys.map((key) => <kbd key={key} style={{ marginRight: 4 }}>{key}</kbd>)}</td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
