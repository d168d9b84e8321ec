import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveLine } from "./live";

/** A server of the live line that says what the test says. */
function serving(): { say: (text: string) => void; end: () => void; calls: () => number } {
  let writer: ReadableStreamDefaultController<Uint8Array> | undefined;
  const asked = vi.fn((_: string, options: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({ start: (one) => void (writer = one) });
    options.signal?.addEventListener("abort", () => {
      try {
        writer?.error(new DOMException("aborted", "AbortError"));
      } catch {
        // ended already
      }
    });
    return Promise.resolve(new Response(body, { status: 200 }));
  });
  vi.stubGlobal("fetch", asked);
  return { say: (text) => writer?.enqueue(new TextEncoder().encode(text)), end: () => writer?.close(), calls: () => asked.mock.calls.length };
}

describe("the live line", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  it("tells news, also when a message comes in pieces", async () => {
    const server = serving();
    const line = new LiveLine();
    const told = vi.fn();
    line.read(told);
    line.open();
    await settle();
    server.say('event: news\nid: 4\ndata: {"new":3,');
    await settle();
    expect(told).not.toHaveBeenCalled();
    server.say('"last_seq":42}\n\n: still here\n\n');
    await settle();
    expect(told).toHaveBeenCalledExactlyOnceWith({ new: 3, last_seq: 42 });
    expect(line.state).toMatchObject({ state: "open", lastSeq: 42 });
    line.close();
  });

  it("tells what came while it was cut", async () => {
    const server = serving();
    const line = new LiveLine();
    const told = vi.fn();
    line.read(told);
    line.open();
    await settle();
    server.say('event: news\nid: 4\ndata: {"new":0,"last_seq":4}\n\n');
    await settle();
    server.end();
    await settle(1_000);
    server.say('event: news\nid: 9\ndata: {"new":0,"last_seq":9}\n\n');
    await settle();
    expect(told).toHaveBeenLastCalledWith({ new: 5, last_seq: 9 });
    expect(line.state.state).toBe("open");
    line.close();
  });

  it("is lost when nothing comes at first, and says since when", async () => {
    serving();
    const line = new LiveLine();
    const begun = Date.now();
    line.open();
    await settle(20_500);
    expect(line.state).toMatchObject({ state: "lost", heard: begun });
    line.close();
  });

  it("stays open on comments, is lost after 40 s of silence, and asks again", async () => {
    const server = serving();
    const line = new LiveLine();
    line.open();
    await settle();
    for (let k = 0; k < 4; k++) {
      server.say(": still here\n\n");
      await settle(30_000);
    }
    expect(line.state.state).toBe("open");
    const heard = line.state.heard;
    await settle(10_500);
    expect(line.state).toMatchObject({ state: "lost", heard });
    await settle(1_000);
    expect(server.calls()).toBe(2);
    line.close();
  });

  it("says that the session ended, and then rests", async () => {
    const server = serving();
    const bye = vi.fn();
    const line = new LiveLine(bye);
    line.open();
    await settle();
    server.say("event: bye\ndata: {}\n\n");
    await settle(60_000);
    expect(bye).toHaveBeenCalledOnce();
    expect(server.calls()).toBe(1);
    line.close();
  });

  it("takes a refusal for the end of the session", async () => {
    vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(new Response("", { status: 401 }))));
    const bye = vi.fn();
    const line = new LiveLine(bye);
    line.open();
    await settle();
    expect(bye).toHaveBeenCalledOnce();
    line.close();
  });
});
