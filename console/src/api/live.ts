/** The live line: news of the log over server-sent events, with a detector of silence.
 *
 * Read by fetch and not by EventSource, which hides the comments that show the line is alive. */
import { useEffect, useSyncExternalStore } from "react";
import { useQueryClient } from "@tanstack/react-query";

export const SILENT_MS = 40_000; // the server writes a comment each 15 s
const OPENING_MS = 20_000; // and its first message at once
const BACKOFF_MS = [1_000, 2_000, 5_000, 10_000];
const REFRESH_MS = 1_000;
const AGING_MS = 60_000;

export interface LiveState {
  state: "off" | "open" | "lost";
  /** when the server last said anything, or the line was first opened, milliseconds */
  heard: number;
  /** the log's last sequence number; -1 until told */
  lastSeq: number;
}

type Tell = (news: { new: number; last_seq: number }) => void;

/** One line for the whole page; pages subscribe. */
export class LiveLine {
  state: LiveState = { state: "off", heard: 0, lastSeq: -1 };
  private readonly watchers = new Set<() => void>();
  private readonly readers = new Set<Tell>();
  private stop: AbortController | null = null;

  constructor(private readonly onBye: () => void = () => {}, private readonly silentMs = SILENT_MS) {}

  watch = (tell: () => void): (() => void) => {
    this.watchers.add(tell);
    return () => this.watchers.delete(tell);
  };

  read(tell: Tell): () => void {
    this.readers.add(tell);
    return () => this.readers.delete(tell);
  }

  open(): void {
    if (this.stop) return;
    this.stop = new AbortController();
    this.set({ heard: Date.now() });
    void this.run(this.stop.signal);
  }

  close(): void {
    this.stop?.abort();
    this.stop = null;
    this.set({ state: "off" });
  }

  private async run(stopped: AbortSignal): Promise<void> {
    for (let failed = 0; !stopped.aborted; failed++) {
      const attempt = new AbortController();
      const abort = (): void => attempt.abort();
      stopped.addEventListener("abort", abort, { once: true });
      let silence = setTimeout(abort, Math.min(OPENING_MS, this.silentMs));
      try {
        const answer = await fetch("/v1/live", { headers: { accept: "text/event-stream" }, signal: attempt.signal, credentials: "same-origin" });
        if (answer.status === 401) return this.onBye();
        if (!answer.ok || !answer.body) throw new Error(String(answer.status));
        let rest = "";
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          failed = 0;
          clearTimeout(silence);
          silence = setTimeout(abort, this.silentMs);
          this.set({ state: "open", heard: Date.now() });
          const blocks = (rest + value).split("\n\n");
          rest = blocks.pop() ?? "";
          for (const block of blocks) if (this.take(block)) return this.onBye();
        }
      } catch {
        // told below: the line is lost and tried again
      } finally {
        clearTimeout(silence);
        stopped.removeEventListener("abort", abort);
      }
      if (stopped.aborted) return;
      this.set({ state: "lost" });
      await new Promise((go) => setTimeout(go, BACKOFF_MS[Math.min(failed, BACKOFF_MS.length - 1)]));
    }
  }

  /** Take one message; true when the session has ended. */
  private take(block: string): boolean {
    const line = (name: string): string => block.split("\n").find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
    if (line("event") === "bye") return true;
    if (line("event") === "news") {
      const news = JSON.parse(line("data")) as { new: number; last_seq: number };
      const missed = this.state.lastSeq < 0 ? 0 : news.last_seq - this.state.lastSeq; // while the line was cut
      this.set({ lastSeq: news.last_seq });
      this.readers.forEach((tell) => tell({ ...news, new: Math.max(news.new, missed) }));
    }
    return false;
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    this.watchers.forEach((tell) => tell());
  }
}

export let live = new LiveLine();
export function setLive(line: LiveLine): void {
  live = line;
}

export const useLive = (): LiveState => useSyncExternalStore(live.watch, () => live.state);

/** Ask again for what begins with these paths when events came, once a second at most, and each minute, since silence is news too; a page that is not seen asks when it is seen again. */
export function useRefresh(paths: readonly string[], on = true): void {
  const client = useQueryClient();
  const key = paths.join(" ");
  useEffect(() => {
    if (!on) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    let unseen = false;
    const refresh = (): void => {
      waiting = undefined;
      last = Date.now();
      unseen = document.visibilityState === "hidden";
      if (unseen) return;
      for (const path of key.split(" ")) void client.invalidateQueries({ queryKey: [path] });
    };
    const forget = live.read((news) => {
      if (news.new > 0) waiting ??= setTimeout(refresh, Math.max(0, last + REFRESH_MS - Date.now()));
    });
    const seen = (): void => {
      if (unseen) refresh();
    };
    document.addEventListener("visibilitychange", seen);
    const aging = setInterval(refresh, AGING_MS);
    return () => {
      forget();
      clearInterval(aging);
      clearTimeout(waiting);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [client, key, on]);
}
