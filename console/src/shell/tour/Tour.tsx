/** The short tour of a newcomer: which data this is, then the parts of the frame and of the cockpit, one at a time. */
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "antd";
import { useNavigate } from "react-router";
import type { Schemas } from "@/api/client";
import { days, exact } from "@/format";
import { useLanguage, useT } from "@/i18n";
import { platformName } from "@/platforms";
import { m } from "./messages";
import "./tour.css";

type Data = Schemas["Tour"];
type Word = Parameters<ReturnType<typeof useT<(typeof m)["zh"]>>>[0];
interface Step {
  title: Extract<Word, `${string}Title`>;
  text: Word;
  /** what is shown; centred when the page has none of it */
  target?: string;
}
interface Box {
  top: number;
  left: number;
  width: number;
  height: number;
}

const ABOUT: Record<Data["data"], Pick<Step, "title" | "text">> = {
  town: { title: "townTitle", text: "town" }, "complete-journey": { title: "journeyTitle", text: "journey" }, own: { title: "ownTitle", text: "own" },
  mixed: { title: "mixedTitle", text: "mixed" }, empty: { title: "emptyTitle", text: "empty" },
};
const PLACES: readonly Step[] = [
  { title: "filtersTitle", text: "filters", target: "[data-tour=filters]" },
  { title: "numbersTitle", text: "numbers", target: "main .strip" },
  { title: "changesTitle", text: "changes", target: "main .cockpit-wide" },
  { title: "todoTitle", text: "todo", target: "[data-tour=todo]" },
];
const LAST: Step = { title: "lastTitle", text: "last", target: "[data-tour=search]" };
const NAMED = 3; // platforms
const [CARD, GAP, EDGE, AROUND] = [400, 12, 16, 4]; // px

/** The steps for what lies here: an empty workspace has little to show. */
export const stepsOf = (data: Data | undefined): readonly Step[] => (data?.data === "empty" ? [ABOUT.empty, LAST] : [...(data ? [ABOUT[data.data]] : []), ...PLACES, LAST]);

export function Tour({ data, onClose }: { data: Data | undefined; onClose: () => void }): ReactNode {
  const t = useT(m);
  const navigate = useNavigate();
  const { lang, setLang } = useLanguage();
  const frame = useRef<HTMLDialogElement>(null);
  const card = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState(0);
  const steps = stepsOf(data);
  const step = steps[place] ?? LAST;
  const box = useBox(step.target);
  const height = useHeight(card);
  useEffect(() => {
    const dialog = frame.current;
    dialog?.showModal(); // above everything, and the page behind it rests
    return () => dialog?.close();
  }, []);
  useEffect(() => card.current?.focus(), [place]); // a screen reader reads the new step
  const last = place === steps.length - 1;
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowRight" && !last) setPlace(place + 1);
    else if (event.key === "ArrowLeft" && place > 0) setPlace(place - 1);
    else return;
    event.preventDefault();
  };
  const about = place === 0 && data !== undefined;
  return (
    <dialog ref={frame} className="tour" aria-label={t("tour")} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      {box && <div className="tour-hole" style={box} aria-hidden />}
      {/* the arrows are an addition to the buttons */}
      <div ref={card} className={box ? "tour-card" : "tour-card alone"} style={spot(box, height, window)} tabIndex={-1} role="group" aria-labelledby="tour-title" aria-describedby="tour-text" onKeyDown={press}>
        <div className="row"><span className="note grow">{t("at", { n: place + 1, all: steps.length })}</span><Button type="text" size="small" lang={lang === "zh" ? "en" : "zh-CN"} onClick={() => setLang(lang === "zh" ? "en" : "zh")}>{lang === "zh" ? "EN" : "中文"}</Button></div>
        <h2 id="tour-title">{t(step.title)}</h2>
        <div id="tour-text">
          <p>{t(step.text as "town")}</p>
          {about && <Held data={data} />}
        </div>
        <div className="row">
          <span className="grow">{!last && <Button type="text" size="small" onClick={onClose}>{t("skip")}</Button>}</span>
          {place > 0 && <Button onClick={() => setPlace(place - 1)}>{t("back")}</Button>}
          {about && data.data === "empty" && <Button onClick={() => { onClose(); void navigate("/data/import"); }}>{t("toImport")}</Button>}
          <Button type="primary" onClick={() => (last ? onClose() : setPlace(place + 1))}>{t(last ? "done" : "next")}</Button>
        </div>
      </div>
    </dialog>
  );
}

/** How much, of when, from where. */
function Held({ data }: { data: Data }): ReactNode {
  const t = useT(m);
  const { lang } = useLanguage();
  if (data.first_ms === null || data.last_ms === null) return null;
  const names = data.platforms.slice(0, NAMED).map(([id]) => platformName(id, lang)).join(lang === "zh" ? "、" : ", ");
  const platforms = data.platforms.length > NAMED ? t("etc", { names, n: data.platforms.length }) : t("onePlatform", { names });
  return <p className="note">{t("holds", { events: exact(data.events), days: days(data.first_ms, data.last_ms + 1, lang), platforms })}</p>;
}

/** Where a part of the page stands now; null when there is none. It is scrolled into view first. */
function useBox(target: string | undefined): Box | null {
  const [box, setBox] = useState<Box | null>(null);
  useLayoutEffect(() => {
    const found = (): Element | null => (target ? document.querySelector(target) : null);
    const look = (): void => {
      const rect = found()?.getBoundingClientRect();
      setBox(rect && rect.width > 0 ? { top: rect.top - AROUND, left: rect.left - AROUND, width: rect.width + 2 * AROUND, height: rect.height + 2 * AROUND } : null);
    };
    const rect = found()?.getBoundingClientRect();
    if (rect && (rect.top < 0 || rect.bottom > window.innerHeight)) found()?.scrollIntoView({ block: "center" });
    look();
    const sized = new ResizeObserver(look); // the page may still be loading
    sized.observe(document.body);
    window.addEventListener("resize", look);
    window.addEventListener("scroll", look, true);
    return () => {
      sized.disconnect();
      window.removeEventListener("resize", look);
      window.removeEventListener("scroll", look, true);
    };
  }, [target]);
  return box;
}

/** The height of the card as it is drawn. */
function useHeight(card: React.RefObject<HTMLElement | null>): number {
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const sized = new ResizeObserver(([told]) => setHeight((told?.target as HTMLElement | undefined)?.offsetHeight ?? 0));
    if (card.current) sized.observe(card.current);
    return () => sized.disconnect();
  }, [card]);
  return height;
}

/** Below what is shown, else above it, else at the foot of the window; never outside of it. */
export function spot(box: Box | null, height: number, window: { innerWidth: number; innerHeight: number }): { top?: number; left?: number } {
  if (!box) return {};
  const [below, above] = [box.top + box.height + GAP, box.top - GAP - height];
  const top = below + height + EDGE <= window.innerHeight ? below : above >= EDGE ? above : Math.max(EDGE, window.innerHeight - height - EDGE);
  const width = Math.min(CARD, window.innerWidth - 2 * EDGE);
  return { top, left: Math.max(EDGE, Math.min(box.left, window.innerWidth - width - EDGE)) };
}
