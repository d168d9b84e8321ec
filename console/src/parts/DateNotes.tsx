/** 日期批注: dated lines that stand on every time chart; people add and remove their own. */
import { type ReactNode, useState } from "react";
import { Button, DatePicker, Input } from "antd";
import dayjs from "dayjs";
import type { Schemas } from "@/api/client";
import { day as dayText, parseChina } from "@/format";
import { catalogue, type Lang, useLang, useT } from "@/i18n";
import { problemOf } from "./problem";
import "./figures.css";

type DateNote = Schemas["DateNote"];

export interface DateNotesProps {
  notes: readonly DateNote[];
  /** absent: nothing can be written, as in the past or without the right */
  onAdd?: (day: string, text: string) => Promise<void>;
  onRemove?: (id: string) => Promise<void>;
  /** the day that the form offers */
  start?: string;
}

export function DateNotes({ notes, onAdd, onRemove, start }: DateNotesProps): ReactNode {
  const lang = useLang();
  const t = useT(m);
  const [adding, setAdding] = useState(false);
  return (
    <div>
      {notes.length > 0 && (
        <ul className="notes-list" aria-label={t("notes")}>
          {notes.map((note) => (
            <li key={note.id}>
              <span className="note" style={{ width: 136 }}>{dayText(parseChina(note.day), lang)}</span>
              <span className="grow">{noteText(note, lang)}</span>
              {onRemove && note.source === "person" && <Button size="small" type="text" aria-label={t("removeOf", { text: noteText(note, lang) })} onClick={() => void onRemove(note.id)}>{t("remove")}</Button>}
            </li>
          ))}
        </ul>
      )}
      {onAdd && (adding ? <Form start={start} onDone={() => setAdding(false)} onAdd={onAdd} /> : <Button size="small" type="text" onClick={() => setAdding(true)}>{t("add")}</Button>)}
    </div>
  );
}

function Form({ start, onAdd, onDone }: { start?: string; onAdd: (day: string, text: string) => Promise<void>; onDone: () => void }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [day, setDay] = useState(start ?? dayjs().format("YYYY-MM-DD"));
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const save = (): void => {
    onAdd(day, text.trim()).then(onDone, (error: unknown) => setWrong(problemOf(error, lang).text));
  };
  return (
    <form className="row wrap" onSubmit={(event) => { event.preventDefault(); if (text.trim()) save(); }}>
      <DatePicker aria-label={t("day")} value={dayjs(day)} allowClear={false} onChange={(value: dayjs.Dayjs | null) => value && setDay(value.format("YYYY-MM-DD"))} />
      <Input aria-label={t("text")} placeholder={t("text")} value={text} maxLength={60} onChange={(event) => setText(event.target.value)} style={{ width: 240 }} />
      <Button htmlType="submit" type="primary" disabled={!text.trim()}>{t("save")}</Button>
      <Button onClick={onDone}>{t("cancel")}</Button>
      {wrong && <span role="alert" style={{ color: "var(--amber)" }}>{wrong}</span>}
    </form>
  );
}

/** The words of a note; what people write is in one language. */
const noteText = (note: DateNote, lang: Lang): string => (lang === "en" && note.text_en) || note.text;

/** The notes as lines over the buckets of a time axis: index of the bucket that holds the day, and the words. */
export function noteLines(notes: readonly DateNote[], starts: readonly number[], end: number, lang: Lang = "zh"): { at: number; text: string }[] {
  return notes.flatMap((note) => {
    const ms = parseChina(note.day);
    if (ms === null || starts.length === 0 || ms >= end) return [];
    const at = starts.findLastIndex((start) => start <= ms);
    return at < 0 ? [] : [{ at, text: noteText(note, lang) }];
  });
}

const m = catalogue({
  zh: { notes: "日期批注", add: "加日期批注", remove: "删除", removeOf: "删除批注：{text}", day: "日期", text: "批注，如：大促开始", save: "保存批注", cancel: "取消" },
  en: { notes: "Date notes", add: "Add a date note", remove: "Remove", removeOf: "Remove note: {text}", day: "Day", text: "Note, such as: sale starts", save: "Save note", cancel: "Cancel" },
});
