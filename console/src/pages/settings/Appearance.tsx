import { useState, type FormEvent, type ReactNode } from "react";
import { Button, Checkbox, Input, Radio } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { api, ApiError, holdSession } from "@/api/client";
import { useT } from "@/i18n";
import { askTour, TOUR_PAGE } from "@/shell/tour/TourHolder";
import { usePrefs, type Appearance as Look } from "@/state/prefs";
import { wordsOf } from "@/parts/problem";
import { m } from "./messages";
import { told } from "./once";

const SHORTEST = 10;
const CHOICES = {
  colours: ["none", "red_up", "green_up"],
  density: ["compact", "roomy"],
  theme: ["light", "dark", "system"],
} as const;

export default function Appearance(): ReactNode {
  const t = useT(m);
  return (
    <div className="grid">
      <section className="card" style={{ gridColumn: "span 7" }} aria-label={t("appearance")}><Looks /></section>
      <section className="card" style={{ gridColumn: "span 5", alignSelf: "start" }} aria-label={t("password")}><Password /></section>
    </div>
  );
}

function Looks(): ReactNode {
  const t = useT(m);
  const client = useQueryClient();
  const navigate = useNavigate();
  const [prefs, setPrefs] = usePrefs();
  const [note, setNote] = useState("");
  const change = async (part: Partial<Omit<Look, "tour_ms">>): Promise<void> => {
    setPrefs(part); // seen at once; the server's answer is the last word
    setNote(t("saving"));
    try {
      setPrefs(await api.put("/v1/appearance", { body: part }));
      void client.invalidateQueries({ queryKey: ["/v1/appearance"] });
      setNote(t("savedNow"));
    } catch (error) {
      setNote(error instanceof ApiError ? t("unsaved", wordsOf(error)) : String(error));
    }
  };
  const offer = (): void => {
    askTour(true);
    void navigate(TOUR_PAGE);
  };
  return (
    <>
      <header><h2>{t("appearance")}</h2><span className="note" role="status">{note || t("appearanceNote")}</span></header>
      <Line label={t("colours")} note={t("coloursNote")}>
        <Radio.Group aria-label={t("colours")} optionType="button" value={prefs.colours} onChange={(event) => void change({ colours: event.target.value as Look["colours"] })} options={CHOICES.colours.map((value) => ({ value, label: t(value) }))} />
        <Sample colours={prefs.colours} />
      </Line>
      <Line label={t("density")}>
        <Radio.Group aria-label={t("density")} optionType="button" value={prefs.density} onChange={(event) => void change({ density: event.target.value as Look["density"] })} options={CHOICES.density.map((value) => ({ value, label: t(value) }))} />
      </Line>
      <Line label={t("language")}>
        <Radio.Group aria-label={t("language")} optionType="button" value={prefs.language} onChange={(event) => void change({ language: event.target.value as Look["language"] })} options={[{ value: "zh", label: t("chinese") }, { value: "en", label: t("english") }]} />
      </Line>
      <Line label={t("theme")}>
        <Radio.Group aria-label={t("theme")} optionType="button" value={prefs.theme} onChange={(event) => void change({ theme: event.target.value as Look["theme"] })} options={CHOICES.theme.map((value) => ({ value, label: t(value) }))} />
      </Line>
      <Line label={t("shortcuts")} note={t("shortcutsNote")}>
        <Checkbox checked={prefs.shortcuts} onChange={(event) => void change({ shortcuts: event.target.checked })}>{t("shortcutsOn")}</Checkbox>
      </Line>
      <Line label={t("tour")}><Button onClick={offer}>{t("tourAgain")}</Button></Line>
    </>
  );
}

function Line({ label, note, children }: { label: string; note?: string; children: ReactNode }): ReactNode {
  return (
    <div style={{ display: "grid", gridTemplateColumns: "minmax(96px, 160px) minmax(0, 1fr)", gap: 16, padding: "10px 0", borderTop: "1px solid var(--line)" }}>
      <span style={{ color: "var(--ink-2)", paddingTop: 5 }}>{label}</span>
      <div><div className="row wrap" style={{ minHeight: 32 }}>{children}</div>{note && <p className="note">{note}</p>}</div>
    </div>
  );
}

/** A rise and a fall as the choice paints them. */
function Sample({ colours }: { colours: Look["colours"] }): ReactNode {
  const t = useT(m);
  const [up, down] = { none: ["var(--ink)", "var(--ink)"], red_up: ["var(--rouge)", "var(--celadon)"], green_up: ["var(--celadon)", "var(--rouge)"] }[colours];
  return <span className="row"><span style={{ color: up }}>{t("rise")}</span><span style={{ color: down }}>{t("fall")}</span></span>;
}

/** What is wrong with a new password; null when nothing is. */
export function weakness(fresh: string, again: string): "passwordShort" | "passwordSame" | null {
  if (fresh.length < SHORTEST) return "passwordShort";
  return fresh === again ? null : "passwordSame";
}

function Password(): ReactNode {
  const t = useT(m);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [note, setNote] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const why = weakness(fresh, again);
    if (why !== null) return setNote({ text: t(why, { n: SHORTEST }), bad: true });
    setBusy(true);
    try {
      const me = (await api.put("/v1/me/password", { body: { old, new: fresh } })) as { csrf: string };
      holdSession(me.csrf); // the session is a new one
      setOld("");
      setFresh("");
      setAgain("");
      setNote({ text: t("changed"), bad: false });
    } catch (error) {
      setNote({ text: error instanceof ApiError && error.status === 403 ? t("oldWrong") : told(error, t), bad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <header style={{ marginBottom: 12 }}><h2>{t("password")}</h2></header>
      <div className="field-block">
        <label htmlFor="password-old">{t("old")}</label>
        <Input.Password id="password-old" value={old} onChange={(event) => setOld(event.target.value)} autoComplete="current-password" maxLength={1024} />
      </div>
      <div className="field-block">
        <label htmlFor="password-new">{t("fresh")}</label>
        <Input.Password id="password-new" value={fresh} onChange={(event) => setFresh(event.target.value)} autoComplete="new-password" maxLength={1024} aria-describedby="password-hint" />
        <span id="password-hint" className="note">{t("passwordShort", { n: SHORTEST })}</span>
      </div>
      <div className="field-block">
        <label htmlFor="password-again">{t("again")}</label>
        <Input.Password id="password-again" value={again} onChange={(event) => setAgain(event.target.value)} autoComplete="new-password" maxLength={1024} />
      </div>
      <p role={note?.bad ? "alert" : "status"} style={{ color: note?.bad ? "var(--amber)" : "var(--celadon)", marginBottom: note ? 12 : 0 }}>{note && `${note.bad ? "◐" : "✓"} ${note.text}`}</p>
      <Button htmlType="submit" type="primary" disabled={busy || !old || !fresh}>{t("change")}</Button>
    </form>
  );
}
