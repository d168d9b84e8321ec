/** Taking back and trying again: asked of the server, told in words, and what was read is read anew. */
import { useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "@/api/client";
import { exact } from "@/format";
import { useLang, useT, type Lang } from "@/i18n";
import { problemOf } from "@/parts/problem";
import { type Done } from "@/parts/UndoToast";
import { usePresent } from "@/shell/Shell";
import { useMay } from "@/state/session";
import { m } from "./messages";

const READ = ["/v1/reach", "/v1/reach/outbox", "/v1/reach/funnel", "/v1/reach/dead", "/v1/reach/actions/{action_id}", "/v1/todo"];

export interface Verbs {
  may: boolean;
  busy: boolean;
  withdraw: (what: { run: string } | { ids: readonly string[] }) => Promise<void>;
  retry: (what: Partial<Schemas["RetryBody"]>) => Promise<void>;
}

export function useVerbs(tell: (done: Done) => void): Verbs {
  const t = useT(m);
  const lang = useLang();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const present = usePresent();
  const propose = useMay("propose");
  const approve = useMay("approve");
  const run = async (act: () => Promise<string>): Promise<void> => {
    setBusy(true);
    try {
      tell({ text: await act(), log: "/settings/audit" });
    } catch (error) {
      tell({ text: t("failedAct", { problem: problemOf(error, lang).text }) });
    } finally {
      setBusy(false);
      await Promise.all(READ.map((path) => client.invalidateQueries({ queryKey: [path] })));
    }
  };
  return {
    may: (propose || approve) && present, busy,
    withdraw: (what) => run(async () => {
      const done = await api.post("/v1/reach/withdraw", { body: "run" in what ? { run: what.run, ids: [] } : { run: "", ids: [...what.ids] } });
      const n = exact(done.withdrawn);
      if (done.sending > 0) return t("withdrawnSending", { n, sending: exact(done.sending) });
      if (done.withdrawn === 0) return t("tooLate", { sent: exact(done.sent) });
      return done.sent > 0 ? t("withdrawnSome", { n, sent: exact(done.sent) }) : t("withdrawn", { n });
    }),
    retry: (what) => run(async () => {
      const done = await api.post("/v1/reach/retry", { body: { ids: [], error: "", channel: "", sender: "", uncertain: false, ...what } });
      const n = exact(done.rows);
      const refused = done.refused.reduce((sum, one) => sum + one.rows, 0);
      if (refused > 0) return t("retriedSome", { n, left: exact(refused), why: done.refused.map((one) => whyNot(one.why, lang)).join(t("reasons")) });
      return done.left > 0 ? t("retriedLeft", { n, left: exact(done.left) }) : t("retried", { n });
    }),
  };
}

/** The server's reasons in Chinese; what is not known is shown as it stands. */
export function whyNot(why: string, lang: Lang): string {
  if (lang === "en") return why;
  if (why.startsWith("a receipt says")) return "已有送达回执";
  if (why.startsWith("it may have arrived")) return "可能已送到，要先核对";
  if (why.startsWith("its time has passed")) return "时间已过，要重新决策";
  if (why.startsWith("the person was erased")) return "此人已删除";
  if (why.startsWith("there is no such row")) return "没有这一条";
  return why;
}
