/** Where the console is served, read once: "" at the root, "/sub" below a sub-path. Never ends with a slash. */

declare global {
  interface Window {
    __HOMEPORT__?: { base?: string };
  }
}

export function trimBase(base: string | null | undefined): string {
  const inner = (base ?? "").replace(/^\/+|\/+$/g, "");
  return inner === "" ? "" : `/${inner}`;
}

function readBase(): string {
  if (typeof document === "undefined") return "";
  const meta = document.querySelector<HTMLMetaElement>('meta[name="homeport-base"]')?.content;
  return trimBase(window.__HOMEPORT__?.base ?? meta);
}

export const BASE = readBase();
export const CONSOLE_API = `${BASE}/console/api`;

/** The address of the Service API, for examples a person copies. */
export function serviceApiUrl(): string {
  return `${window.location.origin}${BASE}/v1`;
}
