import { afterEach, expect, it, vi } from "vitest";
import { api, ApiError, ask, CUT, holdSession, urlOf } from "./client";

afterEach(() => vi.unstubAllGlobals());
const answering = (status: number, body: unknown) => {
  const asked = vi.fn<(url: string, options: RequestInit) => Promise<Response>>(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", asked);
  return asked;
};

it("fills paths and leaves empty parts of a query out", () => {
  expect(urlOf("/v1/people/{ref}", { ref: "account:jd:a/b?c" }, { t: "7d", pf: "", known: undefined, families: ["a", "b"] })).toBe(
    "/v1/people/account%3Ajd%3Aa%2Fb%3Fc?t=7d&families=a&families=b",
  );
});

it("sends the session's token with writes alone", async () => {
  const asked = answering(200, {});
  holdSession("token-1");
  await api.get("/v1/me");
  await ask("POST", "/v1/keys", { body: { scope: "read" } });
  expect(asked.mock.calls[0]?.[1].headers).not.toHaveProperty("X-CSRF-Token");
  expect(asked.mock.calls[1]?.[1].headers).toMatchObject({ "X-CSRF-Token": "token-1", "content-type": "application/json" });
});

it("throws what and mend of a refused write, and says that the session is lost", async () => {
  const lost = vi.fn();
  holdSession("token", lost);
  answering(401, { what: "nobody is signed in", mend: "Sign in", field: "" });
  const error = await ask("DELETE", "/v1/keys/{id}", { path: { id: "1" } }).catch((one: unknown) => one);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 401, what: "nobody is signed in", mend: "Sign in" });
  expect(lost).toHaveBeenCalledOnce();
});

it("lets a reading wait for the next session", async () => {
  const lost = vi.fn();
  holdSession("old", lost);
  answering(401, { what: "nobody is signed in", mend: "Sign in" });
  const given = vi.fn();
  const asked = ask("GET", "/v1/status").then(given);
  await vi.waitFor(() => expect(lost).toHaveBeenCalledOnce());
  expect(given).not.toHaveBeenCalled();
  answering(200, { events: 7 });
  holdSession("new", lost);
  await asked;
  expect(given).toHaveBeenCalledExactlyOnceWith({ events: 7 });
});

it("leaves off a reading that nobody waits for any more", async () => {
  const lost = vi.fn();
  holdSession("token", lost);
  answering(401, {});
  const stop = new AbortController();
  const asked = ask("GET", "/v1/status", { signal: stop.signal });
  await vi.waitFor(() => expect(lost).toHaveBeenCalledOnce());
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
});

it("does not take half an answer for one", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response('{"rows": [', { status: 200 })));
  await expect(ask("GET", "/v1/people")).rejects.toMatchObject({ status: 0, field: CUT });
});

it("does not take a wrong password for a lost session", async () => {
  const lost = vi.fn();
  holdSession("token", lost);
  answering(401, { what: "wrong", mend: "again" });
  await expect(ask("POST", "/v1/session", { body: {} })).rejects.toMatchObject({ status: 401 });
  expect(lost).not.toHaveBeenCalled();
});

it("says that the server is away, and what an answer that is no JSON was", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
  await expect(ask("GET", "/v1/me")).rejects.toMatchObject({ status: 0 });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
  await expect(ask("GET", "/v1/me")).rejects.toMatchObject({ status: 502, what: "the server answered with 502" });
});
