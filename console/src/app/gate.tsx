import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, useLocation, useSearch } from "wouter";
import { Shell } from "@/app/shell";
import { useSession } from "@/features/identity/session";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Setup } from "@/shared/api/types";
import { Logo } from "@/shared/ui/icon";
import { ErrorState } from "@/shared/ui/states";
import "@/app/shell.css";

const LoginPage = lazy(() => import("@/features/identity/login-page"));
const SetupPage = lazy(() => import("@/features/identity/setup-page"));

/** Decides what a visitor sees: set-up on a fresh server, log-in without a session, else the console. */
export function Gate() {
  const [path] = useLocation();
  const search = useSearch();
  const setup = useQuery({
    queryKey: keys.setup,
    queryFn: ({ signal }) => api.get<Setup>("/setup", {}, signal),
    staleTime: Infinity,
  });
  const session = useSession();

  if (setup.isError || session.isError) {
    const retry = () => void Promise.all([setup.refetch(), session.refetch()]);
    return <main className="entrance"><ErrorState error={setup.error ?? session.error} onRetry={retry} /></main>;
  }
  if (!setup.data || session.data === undefined) return <Splash />;
  if (setup.data.step === "not_started") {
    return path === "/setup" ? <Suspense fallback={<Splash />}><SetupPage /></Suspense> : <Redirect href="/setup" replace />;
  }
  if (session.data === null) {
    if (path === "/login") return <Suspense fallback={<Splash />}><LoginPage /></Suspense>;
    const here = search ? `${path}?${search}` : path;
    const next = path === "/" || path === "/setup" ? "" : `?next=${encodeURIComponent(here)}`;
    return <Redirect href={`/login${next}`} replace />;
  }
  if (path === "/login") {
    const next = new URLSearchParams(search).get("next");
    return <Redirect href={next?.startsWith("/") && !next.startsWith("//") ? next : "/"} replace />;
  }
  return <Shell profile={session.data} />;
}

function Splash() {
  return (
    <main className="entrance" role="status" aria-label="Loading">
      <span style={{ opacity: 0.5 }}><Logo size={44} /></span>
    </main>
  );
}
