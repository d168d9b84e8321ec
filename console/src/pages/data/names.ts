/** Chinese and English names of kinds and formats, asked once. */
import { useMemo } from "react";
import { useGet } from "@/api/client";
import { useLang, type Label } from "@/i18n";
import { kindName } from "./words";

export function useKindNames(): (kind: string) => string {
  const lang = useLang();
  const { data } = useGet("/v1/kinds", {}, { staleTime: 60_000 });
  const names = useMemo(() => new Map(data?.rows.map((row) => [row.name, kindName(row, lang)])), [data, lang]);
  return (kind) => names.get(kind) ?? kind;
}

export function useSourceNames(): ReadonlyMap<string, Label> {
  const shipped = useGet("/v1/sources", {}, { staleTime: 60_000 });
  const own = useGet("/v1/mappings", {}, { staleTime: 10_000 });
  return useMemo(
    () => new Map<string, Label>([
      ...(shipped.data?.rows ?? []).map((row): [string, Label] => [row.id, { zh: row.zh, en: row.en || row.zh }]),
      ...(own.data?.rows ?? []).map((row): [string, Label] => [row.mapping, { zh: row.zh || row.mapping, en: row.zh || row.mapping }]),
    ]),
    [shipped.data, own.data],
  );
}
