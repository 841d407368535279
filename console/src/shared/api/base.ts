/** Where the console and its APIs are, read once from the page's head. No address ends with a slash. */

export function trimBase(base: string | null | undefined): string {
  const inner = (base ?? "").replace(/^\/+|\/+$/g, "");
  return inner === "" ? "" : `/${inner}`;
}

/** The root of the console's API. Whoever opens the page at another address than its public one asks that address. */
export function apiRoot(base: string, web: string, api: string, origin: string): string {
  const known = web === "" || new URL(web).origin === origin;
  return api !== "" && known ? api : base;
}

function meta(name: string): string {
  if (typeof document === "undefined") return "";
  return document.querySelector<HTMLMetaElement>(`meta[name="homeport-${name}"]`)?.content ?? "";
}

/** "" at the root, "/sub" below a sub-path. */
export const BASE = trimBase(meta("base"));
const ORIGIN = typeof window === "undefined" ? "" : window.location.origin;
const ROOT = apiRoot(BASE, meta("console-web"), meta("console-api"), ORIGIN);
export const CONSOLE_API = `${ROOT}/console/api`;
/** Cookies go along to another origin only when asked to. */
export const ELSEWHERE = /^https?:/.test(ROOT);

/** The address of the Service API, for examples a person copies. */
export function serviceApiUrl(): string {
  const root = meta("service-api") || (ELSEWHERE ? ROOT : `${ORIGIN}${BASE}`);
  return `${root}/v1`;
}
