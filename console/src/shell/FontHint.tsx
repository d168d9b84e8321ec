/** Said in both languages where the browser has no font for Chinese: it would show boxes. */
import { useState, type ReactNode } from "react";
import { Button } from "antd";
import { say, useLanguage } from "@/i18n";
import { usePref } from "@/state/prefs";
import { FONT } from "@/theme";
import { m } from "./messages";

export function FontHint(): ReactNode {
  const { lang, setLang } = useLanguage();
  const [closed, close] = usePref("fontHintClosed");
  const [missing] = useState(() => !hasChinese());
  if (!missing || closed) return null;
  const [zh, en] = [say(m, "zh"), say(m, "en")];
  return (
    <div role="note" className="font-hint row wrap">
      <span lang="en">{en("noFont")}</span>
      <span lang="zh-CN">{zh("noFont")}</span>
      <span className="grow" />
      {lang === "zh" && <Button size="small" lang="en" onClick={() => setLang("en")}>{en("readEnglish")}</Button>}
      <Button size="small" lang="en" onClick={() => close(true)}>{en("gotIt")}</Button>
    </div>
  );
}

const SIDE = 32;

/** Whether two Chinese signs look different: without a font both are the same box. True where the canvas cannot be read. */
export function hasChinese(): boolean {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) return true;
  const drawn = (sign: string): string => {
    pen.clearRect(0, 0, SIDE, SIDE);
    pen.font = `${SIDE - 8}px ${FONT}`;
    pen.fillText(sign, 2, SIDE - 8);
    return pen.getImageData(0, 0, SIDE, SIDE).data.join();
  };
  const readable = drawn("A") !== drawn("M") && drawn("A") === drawn("A");
  return !readable || drawn("关") !== drawn("系");
}
