/** Paths as columns of steps: bar height and ribbon width are sessions as the server counted them. */
import type { Schemas } from "@/api/client";
import { type ReactNode, useRef } from "react";
import { Button } from "antd";
import { exact, share } from "@/format";
import { useLang, useT } from "@/i18n";
import { terms } from "@/i18n/terms";
import { useTwin } from "@/parts/Chart";
import { ExportMenu } from "@/parts/ExportMenu";
import { TableTwin, type Twin, Wide } from "@/parts/TableTwin";
import type { KindName } from "./Form";
import { FLOW, flow, type Ribbon } from "./logic";
import { m } from "./messages";
import { type Files, kindName, None } from "./Result";

type Paths = Schemas["Paths"];

const [COLUMN, BAR] = [172, 8];

export function PathFlow({ data, files, kinds }: { data: Paths; files: Files; kinds: readonly KindName[] }): ReactNode {
  const t = useT(m);
  const term = useT(terms);
  const lang = useLang();
  const place = useRef<HTMLElement>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const [table, toggle] = useTwin(place);
  if (data.sessions === 0 || data.links.length === 0) return <None window={data.window} />;
  const names = lang === "zh" ? data.names : Object.fromEntries(Object.keys(data.names).map((key) => [key, key === "end" ? (data.backwards ? "Entry" : "Exit") : key === "other" ? t("other") : kindName(key, kinds, lang)]));
  const { nodes, ribbons, places } = flow(data.links, names, data.sessions);
  const x = (at: number): number => (data.backwards ? places - 1 - at : at) * COLUMN;
  const said = t(data.backwards ? "pathsBack" : "pathsSaid", { n: exact(data.sessions), start: names[data.start] ?? data.start });
  const height = Math.max(...nodes.map((node) => node.y + node.height)) + 24;
  const twin: Twin = {
    caption: said, columns: [{ title: t("place") }, { title: t("from") }, { title: t("to") }, { title: t("sessions"), numeric: true }],
    rows: data.links.map((link) => [String(link.place + 1), names[link.source] ?? link.source, names[link.target] ?? link.target, exact(link.sessions)]),
  };
  return (
    <figure className="chart" ref={place}>
      <div className="row" style={{ minHeight: 32 }}>
        <p className="grow">{said}</p>
        <Button size="small" type="text" aria-pressed={table} onClick={toggle}>{table ? term("chart") : term("table")}</Button>
        <ExportMenu name={files.name} label={said} table={twin} csv={files.csv} xlsx={files.xlsx} image={table ? undefined : () => drawing.current?.outerHTML} />
      </div>
      {table ? <Wide label={said}><TableTwin twin={twin} /></Wide> : (
        <Wide label={said}>
          <svg ref={drawing} xmlns="http://www.w3.org/2000/svg" role="img" aria-label={said} width={(places - 1) * COLUMN + 150} height={Math.max(height, FLOW.height / 2)} fontSize={12}>
            {ribbons.map((one) => (
              <path key={one.key} d={curve(one, x, data.backwards)} fill="none" stroke="var(--field)" strokeOpacity={0.28} strokeWidth={one.height}>
                <title>{`${one.from.name} → ${one.to.name} ${exact(one.sessions)} ${t("sessionsUnit")}`}</title>
              </path>
            ))}
            {nodes.map((node) => (
              <g key={`${node.place}:${node.key}`} transform={`translate(${x(node.place)},${node.y})`}>
                <title>{`${node.name} ${exact(node.sessions)} ${t("sessionsUnit")}`}</title>
                <rect width={BAR} height={node.height} fill={node.key === "end" || node.key === "other" ? "var(--field)" : "var(--ink)"} />
                <text x={BAR + 6} y={Math.max(10, Math.min(node.height, 14) - 2)} fill="var(--ink)" stroke="var(--sheet)" strokeWidth={3} paintOrder="stroke">
                  {cut(node.name)} <tspan fill="var(--ink-2)">{exact(node.sessions)} · {share(node.sessions / data.sessions, 0)}</tspan>
                </text>
              </g>
            ))}
          </svg>
        </Wide>
      )}
    </figure>
  );
}

/** A ribbon from the edge of one bar to the edge of the next. */
function curve(one: Ribbon, x: (place: number) => number, backwards: boolean): string {
  const [a, b] = backwards ? [x(one.from.place), x(one.to.place) + BAR] : [x(one.from.place) + BAR, x(one.to.place)];
  const [y0, y1] = [one.y0 + one.height / 2, one.y1 + one.height / 2];
  const middle = (a + b) / 2;
  return `M${a},${y0} C${middle},${y0} ${middle},${y1} ${b},${y1}`;
}

const cut = (name: string): string => (name.length > 16 ? `${name.slice(0, 15)}…` : name);
