/** Two languages, Chinese first; one typed catalogue per folder, switched at once. */
import { createContext, useContext, useMemo, type ReactNode } from "react";

export type Lang = "zh" | "en";
export type Label = { zh: string; en: string };
type Texts = Record<string, string>;
export type Catalogue<T extends Texts> = { zh: T; en: { [K in keyof T]: string } };

/** The names inside braces of a text: "{n} 行" has "n". */
type Names<S> = S extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never;
type Values<S> = [Names<S>] extends [never] ? [] : [values: Record<Names<S>, string | number>];
export type Translate<T extends Texts> = <K extends keyof T>(key: K, ...values: Values<T[K]>) => string;

/** Declare the texts of a folder; `en` must have the keys of `zh`, and the compiler says which placeholders to fill. */
export const catalogue = <const T extends Texts>(texts: Catalogue<T>): Catalogue<T> => texts;

/** Put values into a text: ("{n} 行", {n: 3}) → "3 行". */
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The text of a catalogue outside React. */
export function say<T extends Texts>(texts: Catalogue<T>, lang: Lang): Translate<T> {
  return (key, ...values) => fill(texts[lang][key], values[0]);
}

interface Language {
  lang: Lang;
  setLang: (lang: Lang) => void;
}
const LanguageContext = createContext<Language>({ lang: "zh", setLang: () => {} });

export function LanguageProvider({ lang, setLang, children }: Language & { children: ReactNode }): ReactNode {
  const value = useMemo(() => ({ lang, setLang }), [lang, setLang]);
  return <LanguageContext value={value}>{children}</LanguageContext>;
}

export const useLanguage = (): Language => useContext(LanguageContext);
export const useLang = (): Lang => useContext(LanguageContext).lang;

/** The `t` of a catalogue in the language of the reader. */
export function useT<T extends Texts>(texts: Catalogue<T>): Translate<T> {
  const lang = useLang();
  return useMemo(() => say(texts, lang), [texts, lang]);
}

/** Pick the reader's side of a label that the API sends as {zh, en}. */
export function useLabel(): (label: Label) => string {
  const lang = useLang();
  return (label) => label[lang] || label.zh || label.en;
}
