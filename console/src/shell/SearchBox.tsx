import { useEffect, useId, useState, type KeyboardEvent, type ReactNode } from "react";
import { Input, Modal } from "antd";
import { useNavigate } from "react-router";
import { useLang, useT } from "@/i18n";
import { allowed, type Hit, type PageSpec } from "@/registry";
import { useMe } from "@/state/session";
import { m } from "./messages";

const WAIT_MS = 250;

/** Finds pages by name and synonym, and whatever the pages themselves can find. What is typed stays out of the URL. */
export function SearchBox({ onClose }: { onClose: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const me = useMe();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const [found, setFound] = useState<{ text: string; hits: Hit[] }>({ text: "", hits: [] });
  const id = useId();
  const pages = allowed(me.verbs);
  const query = text.trim();
  useEffect(() => {
    if (!query) return;
    let gone = false;
    const later = setTimeout(() => {
      const finders = allowed(me.verbs).flatMap((page) => (page.find ? [page.find(query, lang)] : []));
      void Promise.allSettled(finders).then((all) => {
        if (!gone) setFound({ text: query, hits: all.flatMap((one) => (one.status === "fulfilled" ? one.value : [])).slice(0, 20) });
      });
    }, WAIT_MS);
    return () => {
      gone = true;
      clearTimeout(later);
    };
  }, [query, lang, me.verbs]);
  const named: Hit[] = pages.filter((page) => !page.path.includes(":") && matches(page, query)).map((page) => ({
    id: page.path, title: page.title[lang], note: t(page.group), to: page.path,
  }));
  const hits = [...named.slice(0, query ? 8 : 12), ...(found.text === query ? found.hits : [])];
  const chosen = Math.min(place, hits.length - 1);
  const waiting = query !== "" && found.text !== query && pages.some((page) => page.find);
  const open = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    void navigate(hit.to);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return; // Enter ends a Chinese word, not the search
    if (event.key === "ArrowDown") setPlace(Math.min(chosen + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setPlace(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") open(hits[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal open footer={null} closable={false} onCancel={onClose} width={560} style={{ top: 80 }} aria-label={t("search")} title={<span className="hidden-text">{t("search")}</span>}>
      <Input
        autoFocus value={text} placeholder={t("searchHint")} aria-label={t("search")} onKeyDown={press} maxLength={200} size="large"
        onChange={(event) => (setText(event.target.value), setPlace(0))}
        role="combobox" aria-expanded aria-controls={`${id}-list`} aria-activedescendant={hits[chosen] ? `${id}-${chosen}` : undefined}
      />
      <ul role="listbox" id={`${id}-list`} aria-label={t("searchFound")} style={{ marginTop: 8, maxHeight: 400, overflowY: "auto" }}>
        {hits.map((hit, number) => (
          <li key={hit.id} id={`${id}-${number}`} role="option" aria-selected={number === chosen} className="menu-row" onClick={() => open(hit)} onMouseMove={() => setPlace(number)} style={{ cursor: "pointer" }}>
            <span className="grow cut">{hit.title}</span>
            <span className="note">{hit.note}</span>
          </li>
        ))}
      </ul>
      <p className="note" role="status">{waiting ? t("searching") : query && hits.length === 0 ? t("searchNone", { text: query }) : ""}</p>
    </Modal>
  );
}

function matches(page: PageSpec, text: string): boolean {
  if (!text) return page.menu !== false;
  const wanted = text.toLowerCase();
  return [page.title.zh, page.title.en, ...(page.synonyms ?? [])].some((name) => name.toLowerCase().includes(wanted));
}
