import { afterEach, expect, it, vi } from "vitest";
import { api, ApiError, ask, holdSession, urlOf } from "./client";

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

it("throws what and mend, and says that the session is lost", async () => {
  const lost = vi.fn();
  holdSession("token", lost);
  answering(401, { what: "nobody is signed in", mend: "Sign in", field: "" });
  const error = await api.get("/v1/status").catch((one: unknown) => one);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 401, what: "nobody is signed in", mend: "Sign in" });
  expect(lost).toHaveBeenCalledOnce();
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
