/** The one way to the API: paths and shapes from the OpenAPI document, errors as what and mend. */
import { keepPreviousData, QueryClient, useQuery, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type Verb = Me["verbs"][number];
type Method = "get" | "post" | "put" | "delete";
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Json<C> = C extends { content: { "application/json": infer J } } ? J : unknown;
type Good<R> = R extends { 200: infer A } ? Json<A> : R extends { 201: infer A } ? Json<A> : R extends { 202: infer A } ? Json<A> : unknown;

/** Paths that have a method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
export type Answer<P extends keyof paths, M extends Method = "get"> = Operation<P, M> extends { responses: infer R } ? Good<R> : unknown;
type Query<P extends keyof paths, M extends Method> = Operation<P, M> extends { parameters: { query?: infer Q } } ? Q : Record<string, never>;
type InPath<P extends keyof paths, M extends Method> = Operation<P, M> extends { parameters: { path: infer Q } } ? Q : undefined;
type Body<P extends keyof paths, M extends Method> = Operation<P, M> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;

/** `query` may hold more than the document names: header filters travel along. */
export interface Options<P extends keyof paths, M extends Method> {
  path?: InPath<P, M>;
  query?: Query<P, M> | Record<string, unknown>;
  body?: Body<P, M>;
  signal?: AbortSignal;
}

/** What went wrong, then how to mend it, as the API says it. `status` 0: the server did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly what: string,
    readonly mend: string,
    readonly field = "",
  ) {
    super(`${what}. ${mend}`);
    this.name = "ApiError";
  }
}

/** `field` of the error of an answer that ended too early or is no JSON. */
export const CUT = "answer";
const ASK_AGAIN_MS = 5_000;
let csrf = "";
let lost: () => void = () => {};
let waiting: (() => void)[] = [];

/** The session's token goes into every write; `onLost` hears that nobody is signed in any more. What was asked meanwhile is asked again. */
export function holdSession(token: string, onLost?: () => void): void {
  csrf = token;
  if (onLost) lost = onLost;
  if (!token) return;
  const asked = waiting;
  waiting = [];
  asked.forEach((again) => again());
}

/** Until somebody is signed in again, or nobody wants the answer any more. */
const signedIn = (signal?: AbortSignal): Promise<void> => new Promise((go, stop) => {
  waiting.push(go);
  signal?.addEventListener("abort", () => stop(new DOMException("aborted", "AbortError")), { once: true });
});

export const api = {
  get: <P extends PathOf<"get">>(path: P, options: Options<P, "get"> = {}): Promise<Answer<P, "get">> => ask("GET", path, options),
  post: <P extends PathOf<"post">>(path: P, options: Options<P, "post"> = {}): Promise<Answer<P, "post">> => ask("POST", path, options),
  put: <P extends PathOf<"put">>(path: P, options: Options<P, "put"> = {}): Promise<Answer<P, "put">> => ask("PUT", path, options),
  delete: <P extends PathOf<"delete">>(path: P, options: Options<P, "delete"> = {}): Promise<Answer<P, "delete">> => ask("DELETE", path, options),
};

/** Ask any path; `api` is the typed form of this. A FormData or Blob body is sent as it is.
 *
 * A reading that met a lost session waits for the next one, so that no page loses its place; a write is refused, and its form stays. */
export async function ask<T>(
  method: string,
  path: string,
  options: { path?: unknown; query?: unknown; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const { body } = options;
  const raw = body instanceof FormData || body instanceof Blob;
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined && !raw) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(urlOf(path, options.path, options.query), {
      method, headers, credentials: "same-origin", signal: options.signal,
      body: body === undefined ? undefined : raw ? (body as BodyInit) : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw away();
  }
  if (answer.status === 401 && csrf && path !== "/v1/session") {
    lost();
    if (method === "GET") {
      await signedIn(options.signal);
      return ask(method, path, options);
    }
  }
  if (!answer.ok) throw await problem(answer);
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "the answer came incomplete", "The page asks again by itself", CUT);
  }
}

/** Send a file as it is and tell how much of it has left, 0..1: what `fetch` cannot tell. */
export function sendFile<T>(path: string, file: File, options: { signal?: AbortSignal; onSent?: (share: number) => void } = {}): Promise<T> {
  const { signal, onSent } = options;
  const form = new FormData();
  form.append("file", file);
  return new Promise((good, bad) => {
    const request = new XMLHttpRequest();
    const stop = (): void => request.abort();
    const stopped = (): void => bad(new DOMException("the upload was stopped", "AbortError"));
    if (signal?.aborted) return stopped();
    signal?.addEventListener("abort", stop, { once: true });
    request.open("POST", path);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.upload.onprogress = (told) => told.lengthComputable && onSent?.(told.loaded / told.total);
    request.onabort = stopped;
    request.onerror = () => bad(away());
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    request.onload = () => {
      if (request.status === 401) lost();
      const answer = new Response(request.status === 204 ? null : request.responseText, { status: request.status });
      if (answer.ok) answer.json().then((told) => good(told as T), () => bad(away()));
      else problem(answer).then(bad, bad);
    };
    request.send(form);
  });
}

/** The address of a path with its parameters and query; for links and exports too. */
export function urlOf(path: string, inPath?: unknown, query?: unknown): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((inPath as Record<string, unknown> | undefined)?.[name] ?? "")),
  );
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  return params.size ? `${filled}?${params}` : filled;
}

export const queryKey = (path: string, options: { path?: unknown; query?: unknown } = {}): unknown[] => [path, options.path ?? null, options.query ?? null];

/** Read a path; old values stay in place while new ones come. */
export function useGet<P extends PathOf<"get">>(
  path: P,
  options: Omit<Options<P, "get">, "signal" | "body"> = {},
  more: Omit<UseQueryOptions<Answer<P, "get">, ApiError>, "queryKey" | "queryFn"> = {},
): UseQueryResult<Answer<P, "get">, ApiError> {
  return useQuery<Answer<P, "get">, ApiError>({
    queryKey: queryKey(path, options),
    queryFn: ({ signal }) => api.get(path, { ...options, signal }),
    placeholderData: keepPreviousData as never,
    ...more,
  });
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000, refetchOnWindowFocus: false,
        retry: (failed, error) => failed < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
        retryDelay: (failed) => 500 * 2 ** failed,
        refetchInterval: (query) => (query.state.error instanceof ApiError && query.state.error.status === 0 ? ASK_AGAIN_MS : false),
      },
    },
  });
}

const away = (): ApiError => new ApiError(0, "the server does not answer", "Is `guanxi serve` running? The page asks again by itself");

async function problem(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as { what?: string; mend?: string; field?: string };
  return new ApiError(
    answer.status, body.what ?? `the server answered with ${answer.status}`, body.mend ?? "Look into the server's log", body.field ?? "",
  );
}
