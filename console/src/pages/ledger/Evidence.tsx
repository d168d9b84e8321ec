/** 证据链: where chain and tree end, signed heads, a check of all, the proof of one entry, and how an outsider does it. */
import "./ledger.css";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { App, Button, InputNumber } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, urlOf, useGet } from "@/api/client";
import { exact, time } from "@/format";
import { useLang, useT } from "@/i18n";
import { copyText } from "@/parts/copy";
import { amountOf } from "@/parts/LimitBar";
import { PageState } from "@/parts/PageState";
import { problemOf } from "@/parts/problem";
import { useMay } from "@/state/session";
import { useParams } from "@/state/url";
import { type Proven, rootOf, short } from "./logic";
import { kindWord, m } from "./messages";

type State = Schemas["ChainState"];
type Step = Schemas["CheckStep"];

export default function EvidencePage(): ReactNode {
  const t = useT(m);
  const { data, error, refetch } = useGet("/v1/ledger/chain", {});
  if (error && !data) return <PageState state="error" error={error} onRetry={() => void refetch()} />;
  if (!data) return <PageState state="loading" />;
  if (!data.size) return <PageState state="never" text={t("neverChain")} actions={<></>} />;
  return (
    <div className="stack ledger-page">
      <Now state={data} />
      <div className="ledger-two ledger-even">
        <Heads state={data} />
        <Outside state={data} />
      </div>
      <ProofCard size={data.size} />
    </div>
  );
}

function Now({ state }: { state: State }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const { message } = App.useApp();
  const mayExport = useMay("export");
  const [busy, setBusy] = useState(false);
  const sign = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await api.post("/v1/ledger/heads", {});
      void message.info(t("signed", { n: exact(made.size) }));
      await client.invalidateQueries({ queryKey: ["/v1/ledger/chain"] });
    } catch (error) {
      void message.info(problemOf(error, lang).text);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-labelledby="chain-now">
      <h2 id="chain-now">{t("chain")}</h2>
      <dl className="ledger-facts">
        <dt>{t("size")}</dt><dd className="num"><b>{exact(state.size)}</b> <span className="note">{state.unsigned ? t("unsignedN", { n: exact(state.unsigned) }) : t("allSigned")}</span></dd>
        <dt>{t("lastEntry")}</dt><dd>{time(state.last_ms, lang)}</dd>
        <dt>{t("root")}</dt><dd><Hash text={state.root} what={t("root")} /></dd>
        <dt>{t("chainHash")}</dt><dd><Hash text={state.chain} what={t("chainHash")} /></dd>
        <dt>{t("key")}</dt><dd>{state.key ? <Hash text={state.key} what={t("key")} /> : <span className="note">{t("noKey")}</span>}</dd>
      </dl>
      <Check size={state.size} />
      <div className="row wrap">
        {mayExport && <Button loading={busy} onClick={() => void sign()}>{t("sign")}</Button>}
        {mayExport && state.heads.length > 0 && <Button href={urlOf("/v1/ledger/export")} download="ledger.jsonl">{t("exportAll")}</Button>}
        {state.key && <Button href={urlOf("/v1/ledger/key")} download="ledger-public.pem">{t("publicKey")}</Button>}
      </div>
    </section>
  );
}

/** The whole check, a hundred thousand entries a step, so that it says how far it is and can be stopped. */
function Check({ size }: { size: number }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [step, setStep] = useState<Step>();
  const [problem, setProblem] = useState<unknown>();
  const [running, setRunning] = useState(false);
  const going = useRef(false);
  useEffect(() => () => { going.current = false; }, []);
  const run = async (): Promise<void> => {
    going.current = true;
    setRunning(true);
    setProblem(undefined);
    setStep(undefined);
    try {
      let at: Step | undefined;
      while (going.current && !at?.done) {
        at = await api.get("/v1/ledger/check", { query: { start: at?.stop ?? 0, chain: at ? at.chain : "" } });
        if (going.current) setStep(at);
      }
    } catch (error) {
      setProblem(error);
    }
    going.current = false;
    setRunning(false);
  };
  return (
    <div className="ledger-check">
      <div className="row wrap">
        <Button type="primary" disabled={running} onClick={() => void run()}>{t("check")}</Button>
        {running && <Button onClick={() => { going.current = false; }}>{t("stop")}</Button>}
        <span className="note">{t("checkNote")}</span>
      </div>
      <div role="status" aria-live="polite">
        {problem !== undefined ? <PageState state="error" error={problem} onRetry={() => void run()} />
          : running ? <p>{t("checking", { done: exact(step?.stop ?? 0), total: exact(step?.size ?? size) })}</p>
            : step?.done && (step.sound ? <p className="ledger-sound">✓ {t("sound", { n: exact(step.size), time: time(Date.now(), lang) })}</p> : <Broken step={step} />)}
      </div>
    </div>
  );
}

function Broken({ step }: { step: Step }): ReactNode {
  const t = useT(m);
  const audit = step.audit;
  const counts = audit ? ([["cImbalance", audit.imbalance], ["cOverdraft", audit.overdraft], ["cDouble", audit.double_settle], ["cKeys", audit.keys], ["cLots", audit.lots], ["cLimits", audit.limits], ["cNodes", audit.nodes]] as const).filter(([, n]) => n > 0) : [];
  return (
    <div className="ledger-broken">
      <p>◐ {step.fault_at === null ? t("counted") : t("broken", { n: exact(step.fault_at), what: step.fault })}</p>
      {counts.length > 0 && <ul>{counts.map(([key, n]) => <li key={key}>{t(key, { n: exact(n) })}</li>)}</ul>}
      <p className="note">{t("brokenNext")}</p>
    </div>
  );
}

function Heads({ state }: { state: State }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [asked, setAsked] = useState<number>();
  const { data } = useGet("/v1/ledger/consistency", { query: { old: asked ?? 0 } }, { enabled: asked !== undefined });
  return (
    <section className="card" aria-labelledby="chain-heads">
      <h2 id="chain-heads">{t("heads")}</h2>
      {!state.heads.length ? <PageState state="never" text={t("noHeads")} actions={<></>} /> : (
        <div style={{ overflowX: "auto" }}>
          <table className="twin">
            <thead><tr><th scope="col">{t("signedAt")}</th><th scope="col" className="num">{t("size")}</th><th scope="col">{t("root")}</th><th scope="col" /></tr></thead>
            <tbody>
              {state.heads.slice(0, 20).map((head) => (
                <tr key={`${head.size} ${head.at_ms}`}>
                  <th scope="row">{time(head.at_ms, lang)}</th><td className="num">{exact(head.size)}</td><td title={head.root}>{short(head.root)}</td>
                  <td><Button size="small" type="link" aria-label={t("compareOf", { n: exact(head.size) })} onClick={() => setAsked(head.size)}>{t("compare")}</Button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && asked !== undefined && <p role="status" className="ledger-sound">{data.old_root === state.heads.find((head) => head.size === asked)?.root ? `✓ ${t("grown", { old: exact(data.old), new: exact(data.new), n: data.path.length })}` : `◐ ${t("differs")}`}</p>}
    </section>
  );
}

function Outside({ state }: { state: State }): ReactNode {
  const t = useT(m);
  const command = "guanxi ledger verify ledger.jsonl --key ledger-public.pem";
  return (
    <section className="card" aria-labelledby="chain-outside">
      <h2 id="chain-outside">{t("outside")}</h2>
      <ol className="ledger-steps"><li>{t("step1")}</li><li>{t("step2")}</li><li>{t("step3")}<Hash text={command} what={t("step3")} whole /></li><li>{t("step4")}</li></ol>
      <p className="note">{t("ledgerId")} <span className="num">{state.ledger}</span></p>
    </section>
  );
}

function ProofCard({ size }: { size: number }): ReactNode {
  const t = useT(m);
  const [params, set] = useParams();
  const given = params.get("entry") ?? "";
  const number = /^\d{1,15}$/.test(given) ? Number(given) : undefined;
  const [typed, setTyped] = useState<number | null>(number ?? null);
  const { data, error } = useGet("/v1/ledger/entries/{number}", { path: { number: number ?? 0 } }, { enabled: number !== undefined });
  useEffect(() => { if (number !== undefined) document.getElementById("chain-proof")?.scrollIntoView(); }, [number]);
  const ask = (): void => { if (typed !== null) set({ entry: String(typed) }); };
  return (
    <section className="card" aria-labelledby="chain-proof">
      <h2 id="chain-proof">{t("proof")}</h2>
      <div className="row wrap">
        <InputNumber aria-label={t("number")} min={0} max={size - 1} precision={0} value={typed} onChange={setTyped} onPressEnter={ask} placeholder={t("number")} style={{ width: 160 }} />
        <Button onClick={ask} disabled={typed === null}>{t("prove")}</Button>
        <span className="note">{t("proofHint", { n: exact(size - 1) })}</span>
      </div>
      {number !== undefined && (error ? <PageState state="error" error={error} /> : data && <Proof key={`${data.number} ${data.size}`} proof={data} />)}
    </section>
  );
}

function Proof({ proof }: { proof: Proven }): ReactNode {
  const t = useT(m);
  const lang = useLang();
  const [fits, setFits] = useState<boolean | null>();
  useEffect(() => {
    let here = true;
    rootOf(proof.line, proof.number, proof.size, proof.path).then((root) => { if (here) setFits(root === proof.root); }, () => { if (here) setFits(null); });
    return () => { here = false; };
  }, [proof]);
  const side = (zh: string, en: string, id: string): string => `${lang === "zh" ? zh : en} ${short(id)}`;
  return (
    <div className="stack ledger-proof">
      <p>{t("proofSays", { n: exact(proof.number), time: time(proof.at_ms, lang), giver: side(proof.giver_zh, proof.giver_en, proof.giver), taker: side(proof.taker_zh, proof.taker_en, proof.taker), amount: amountOf(proof.amount, proof.unit, lang), kind: kindWord("k", proof.kind, t) })}</p>
      <p>{proof.signed ? <>✓ {t("covered", { time: time(proof.signed.at_ms, lang), n: exact(proof.signed.size) })}</> : <>◐ {t("uncovered")}</>}</p>
      <p role="status">{fits === undefined ? t("recounting") : fits === null ? `◐ ${t("cannot")}` : fits ? <span className="ledger-sound">✓ {t("recounted")}</span> : `◐ ${t("differs")}`}</p>
      <dl className="ledger-facts">
        <dt>{t("line")}</dt><dd className="num ledger-hash">{proof.line}</dd>
        <dt>{t("leaf")}</dt><dd><Hash text={proof.leaf} what={t("leaf")} /></dd>
        <dt>{t("path", { n: proof.path.length })}</dt><dd><ol className="ledger-path num">{proof.path.map((word, at) => <li key={at}>{word}</li>)}</ol></dd>
        <dt>{t("root")}</dt><dd><Hash text={proof.root} what={t("root")} /></dd>
      </dl>
      <div><CopyButton text={JSON.stringify(proof, null, 2)} label={t("copyProof")} /></div>
    </div>
  );
}

/** A hash that can be taken along. */
function Hash({ text, what, whole }: { text: string; what: string; whole?: boolean }): ReactNode {
  const t = useT(m);
  return <span className="row ledger-row"><code className="num ledger-hash">{text}</code><CopyButton text={text} label={whole ? t("copyCommand") : t("copy", { what })} small /></span>;
}

function CopyButton({ text, label, small }: { text: string; label: string; small?: boolean }): ReactNode {
  const t = useT(m);
  const [done, setDone] = useState(false);
  return <Button size={small ? "small" : "middle"} type={small ? "text" : "default"} aria-label={small ? label : undefined} onClick={() => void copyText(text).then(setDone)}>{done ? t("copied") : small ? t("copyShort") : label}</Button>;
}
