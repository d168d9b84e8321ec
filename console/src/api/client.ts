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

let csrf = "";
let lost: () => void = () => {};

/** The session's token goes into every write; `onLost` hears that nobody is signed in any more. */
export function holdSession(token: string, onLost?: () => void): void {
  csrf = token;
  if (onLost) lost = onLost;
}

export const api = {
  get: <P extends PathOf<"get">>(path: P, options: Options<P, "get"> = {}): Promise<Answer<P, "get">> => ask("GET", path, options),
  post: <P extends PathOf<"post">>(path: P, options: Options<P, "post"> = {}): Promise<Answer<P, "post">> => ask("POST", path, options),
  put: <P extends PathOf<"put">>(path: P, options: Options<P, "put"> = {}): Promise<Answer<P, "put">> => ask("PUT", path, options),
  delete: <P extends PathOf<"delete">>(path: P, options: Options<P, "delete"> = {}): Promise<Answer<P, "delete">> => ask("DELETE", path, options),
};

/** Ask any path; `api` is the typed form of this. A FormData or Blob body is sent as it is. */
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
    throw new ApiError(0, "the server does not answer", "Is `guanxi serve` running? The page asks again by itself");
  }
  if (!answer.ok) throw await problem(answer, path);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
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
      },
    },
  });
}

async function problem(answer: Response, path: string): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as { what?: string; mend?: string; field?: string };
  if (answer.status === 401 && path !== "/v1/session") lost();
  return new ApiError(
    answer.status, body.what ?? `the server answered with ${answer.status}`, body.mend ?? "Look into the server's log", body.field ?? "",
  );
}
