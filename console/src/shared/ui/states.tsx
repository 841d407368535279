import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { hintOf, sentence } from "@/shared/api/errors";
import { Button } from "@/shared/ui/button";
import { Icon, type IconName } from "@/shared/ui/icon";

export function Skeleton({ height = 16, width = "100%" }: { height?: number; width?: number | string }) {
  return <span className="skeleton" style={{ height, width }} aria-hidden="true" />;
}

/** What stands where something will be shortly. */
export function Loading({ label = "Loading", children }: { label?: string; children?: ReactNode }) {
  return (
    <div role="status" aria-live="polite">
      <span className="visually-hidden">{label}…</span>
      {children ?? <SkeletonRows />}
    </div>
  );
}

export function SkeletonRows({ rows = 5 }: { rows?: number }) {
  return (
    <div className="stack" style={{ padding: 24 }}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={18} width={`${92 - ((row * 17) % 38)}%`} />
      ))}
    </div>
  );
}

export function SkeletonCards({ cards = 6 }: { cards?: number }) {
  return (
    <div className="cards">
      {Array.from({ length: cards }, (_, card) => (
        <div key={card} className="card card-link">
          <div className="row"><Skeleton height={38} width={38} /><Skeleton height={16} width="55%" /></div>
          <Skeleton height={13} /><Skeleton height={13} width="70%" />
        </div>
      ))}
    </div>
  );
}

export function EmptyState({ icon, title, children, action }: { icon: IconName; title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      <span className="tile"><Icon name={icon} size={24} /></span>
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="state" role="alert">
      <span className="tile" style={{ background: "var(--danger-soft)", color: "var(--danger)" }}><Icon name="warning" size={24} /></span>
      <h2>{sentence(error)}</h2>
      <p>{hintOf(error) ?? "Try again; if it stays like this, the server's log says more."}</p>
      {onRetry && <Button icon="refresh" onClick={onRetry}>Try again</Button>}
    </div>
  );
}

const NOTICE_ICON = { info: "info", danger: "warning", success: "check", warning: "warning" } as const;

export function Notice({ kind = "info", children }: { kind?: keyof typeof NOTICE_ICON; children: ReactNode }) {
  return (
    <div className={`notice notice-${kind}`} role={kind === "danger" ? "alert" : "status"}>
      <Icon name={NOTICE_ICON[kind]} />
      <div className="grow">{children}</div>
    </div>
  );
}

/** The sentence of a failed action, with its hint; nothing when there is none. */
export function Problem({ error }: { error: unknown }) {
  if (!error) return null;
  const hint = hintOf(error);
  return (
    <Notice kind="danger">
      <p>{sentence(error)}</p>
      {hint && <p>{hint}</p>}
    </Notice>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}

/** The three faces of everything that is fetched: loading, failed (with retry), there. */
export function Loaded<T>({ query, skeleton, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading>{skeleton}</Loading>;
}
