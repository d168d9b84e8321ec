/** What can be taken along: picture, table, the server's files, the link, the command. What does not apply is absent. */
import type { ReactNode } from "react";
import { App, Button, Dropdown } from "antd";
import { exact } from "@/format";
import { catalogue, useT } from "@/i18n";
import { csvOf, type Twin } from "./TableTwin";

export interface ExportMenuProps {
  /** name of the files, without ending */
  name: string;
  /** the picture as SVG text */
  image?: () => string | undefined;
  /** the table as it stands on the page */
  table?: Twin;
  /** the server's own files of all rows */
  csv?: string;
  xlsx?: string;
  /** the same on the command line */
  command?: string;
  /** what the button is about, for those who do not see where it stands */
  label?: string;
}

export function ExportMenu({ name, image, table, csv, xlsx, command, label }: ExportMenuProps): ReactNode {
  const t = useT(m);
  const { message } = App.useApp();
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      void message.info(t("copied"));
    } catch {
      void message.info(t("notCopied", { text }));
    }
  };
  const items = [
    image && { key: "image", label: t("image"), onClick: () => hand(`${name}.svg`, image() ?? "", "image/svg+xml") },
    table && { key: "table", label: t("table", { n: exact(table.rows.length), m: exact(table.columns.length) }), onClick: () => hand(`${name}.csv`, csvOf(table), "text/csv;charset=utf-8") },
    csv && { key: "csv", label: <a href={csv} download>{t("csv")}</a> },
    xlsx && { key: "xlsx", label: <a href={xlsx} download>{t("xlsx")}</a> },
    { key: "link", label: t("link"), onClick: () => void copy(window.location.href) },
    command && { key: "command", label: t("command"), onClick: () => void copy(command) },
  ].filter((item) => item !== undefined && item !== "");
  return (
    <Dropdown trigger={["click"]} menu={{ items }}>
      <Button size="small" type="text" aria-label={label ? t("of", { label }) : undefined}>{t("export")}</Button>
    </Dropdown>
  );
}

/** Hand a text to the reader as a file. */
export function hand(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  const url = URL.createObjectURL(new Blob([text], { type }));
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const m = catalogue({
  zh: {
    export: "导出", of: "导出{label}", image: "图片（SVG）", table: "此表 CSV({n} 行，{m} 列)", csv: "全部行 CSV", xlsx: "全部行 Excel", link: "复制链接",
    command: "复制命令行", copied: "已复制", notCopied: "浏览器不让复制：{text}",
  },
  en: {
    export: "Export", of: "Export {label}", image: "Picture (SVG)", table: "This table as CSV ({n} rows, {m} columns)", csv: "All rows as CSV", xlsx: "All rows as Excel", link: "Copy link",
    command: "Copy command", copied: "Copied", notCopied: "The browser does not let us copy: {text}",
  },
});
