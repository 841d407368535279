import { CONSOLE_API, ELSEWHERE } from "@/shared/api/base";
import { ApiError, problemFrom, UNREACHABLE } from "@/shared/api/errors";

type Query = Record<string, string | number | boolean | null | undefined>;

export function csrfToken(cookies: string = document.cookie): string {
  const found = /(?:^|;\s*)csrf_token=([^;]*)/.exec(cookies);
  return decodeURIComponent(found?.[1] ?? "");
}

export function apiUrl(path: string, query?: Query): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return `${CONSOLE_API}${path}${search ? `?${search}` : ""}`;
}

async function send(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (method !== "GET") headers.set("X-CSRF-Token", csrfToken());
  if (body !== undefined) headers.set("Content-Type", "application/json");
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers,
      credentials: ELSEWHERE ? "include" : "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(UNREACHABLE);
  }
  if (!answer.ok) throw new ApiError(problemFrom(answer.status, await answer.text()));
  return answer;
}

async function json<T>(method: string, path: string, body?: unknown, query?: Query, signal?: AbortSignal): Promise<T> {
  const answer = await send(method, apiUrl(path, query), body, signal);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The console API. Every method throws ApiError with the server's sentence. */
export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => json<T>("GET", path, undefined, query, signal),
  post: <T>(path: string, body: unknown = {}) => json<T>("POST", path, body),
  put: <T>(path: string, body: unknown) => json<T>("PUT", path, body),
  patch: <T>(path: string, body: unknown) => json<T>("PATCH", path, body),
  delete: (path: string) => json<undefined>("DELETE", path),
  /** A POST whose answer is a stream of events; refusals before the stream begins are thrown. */
  stream: (path: string, body: unknown, signal: AbortSignal) => send("POST", apiUrl(path), body, signal),
};
