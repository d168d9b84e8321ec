/** Where a file is brought: dropped, or chosen by the button, which the keyboard reaches. */
import { useId, useRef, useState, type DragEvent, type ReactNode } from "react";
import { Button } from "antd";
import { exact } from "@/format";
import { catalogue, useT } from "@/i18n";

export interface DropZoneProps {
  /** one file at a time; an empty one or one too large is refused here, in words */
  onFile: (file: File) => void;
  /** what may be brought, as the file dialog reads it */
  accept?: string;
  /** what may be brought, in words */
  hint?: string;
  /** a file is under way: 0..1, or null when it cannot be told */
  busy?: boolean;
  progress?: number | null;
  onStop?: () => void;
  maxBytes?: number;
}

/** Why a file is not taken; null when it is. */
export function refusal(file: Pick<File, "name" | "size">, maxBytes: number): "empty" | "large" | null {
  if (file.size === 0) return "empty";
  return file.size > maxBytes ? "large" : null;
}

/** 1,234 bytes → 1.2 KB. */
export function bytes(size: number): string {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, size < 1 ? 0 : Math.floor(Math.log2(size) / 10));
  return `${exact(size / 1024 ** step, step === 0 ? 0 : 1)} ${units[step]}`;
}

export function DropZone({ onFile, accept, hint, busy = false, progress = null, onStop, maxBytes = Infinity }: DropZoneProps): ReactNode {
  const t = useT(m);
  const input = useRef<HTMLInputElement>(null);
  const note = useId();
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState("");
  const take = (files: FileList | null): void => {
    const file = files?.[0];
    if (!file || busy) return;
    const why = files.length > 1 ? "many" : refusal(file, maxBytes);
    setProblem(why === null ? "" : t(why, { name: file.name, limit: bytes(maxBytes) }));
    if (why === null) onFile(file);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <div
      role="group" aria-label={t("title")} aria-describedby={note}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}
      style={{ border: `1px dashed var(${over ? "--blue" : "--field"})`, background: `var(${over ? "--blue-tint" : "--sheet"})`, borderRadius: 4, padding: 24 }}
    >
      <div className="row wrap">
        <Button type="primary" disabled={busy} onClick={() => input.current?.click()}>{t("choose")}</Button>
        <span>{t("drop")}</span>
        {busy && <Sent share={progress} />}
        {busy && onStop && <Button onClick={onStop}>{t("stop")}</Button>}
      </div>
      <input
        ref={input} type="file" accept={accept} hidden aria-label={t("title")} data-testid="drop-file"
        onChange={(event) => { take(event.target.files); event.target.value = ""; }}
      />
      <p id={note} className="note" style={{ marginTop: 8 }}>{hint}</p>
      {problem && <p role="alert" style={{ color: "var(--amber)", marginTop: 8 }}>◐ {problem}</p>}
    </div>
  );
}

/** How much has left: each percent for the eyes, the beginning and the end for the ears. */
function Sent({ share }: { share: number | null }): ReactNode {
  const t = useT(m);
  const percent = share === null ? null : Math.floor(share * 100);
  return (
    <>
      {percent !== null && percent < 100 && (
        <span className="row">
          <progress aria-label={t("busy")} max={100} value={percent} style={{ width: 160, accentColor: "var(--blue)" }} />
          <span aria-hidden className="num" style={{ minWidth: 40 }}>{percent}%</span>
        </span>
      )}
      <span role="status">{percent === 100 ? t("arrived") : t("busy")}</span>
    </>
  );
}

const m = catalogue({
  zh: {
    title: "带来一个文件", choose: "选文件", drop: "或把文件拖到这里", busy: "正在上传", arrived: "已传完，正在识别", stop: "停止",
    empty: "{name} 是空的。重新导出一次再传。", large: "{name} 太大，最多 {limit}。按月份拆开，或在服务器上用 guanxi import。", many: "一次一个文件。多个文件打成一个 zip 再传。",
  },
  en: {
    title: "Bring a file", choose: "Choose a file", drop: "or drop it here", busy: "Uploading", arrived: "Sent, being recognised", stop: "Stop",
    empty: "{name} is empty. Export it again.", large: "{name} is too large, {limit} at most. Split it by month, or use guanxi import on the server.", many: "One file at a time. Put several into one zip.",
  },
});
