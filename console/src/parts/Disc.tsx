import type { ReactNode } from "react";
import { useLang } from "@/i18n";
import { discColour, platform } from "@/platforms";
import { useMode } from "@/state/prefs";
import { textOn } from "@/theme";

/** The one-character disc of a platform; `ink` on pictures whose edges carry the colour. */
export function Disc({ platform: id, ink = false, named = false }: { platform: string; ink?: boolean; named?: boolean }): ReactNode {
  const mode = useMode();
  const lang = useLang();
  const one = platform(id);
  const disc = (
    <span className="disc" style={ink ? { background: "var(--ink)", color: "var(--paper)" } : { background: discColour(id, mode), color: textOn(discColour(id, mode)) }} aria-hidden={named || undefined} role={named ? undefined : "img"} aria-label={named ? undefined : one[lang]} title={one[lang]}>
      {one.disc}
    </span>
  );
  return named ? <span className="row" style={{ display: "inline-flex", gap: 6 }}>{disc}{one[lang]}</span> : disc;
}
