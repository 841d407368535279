import { useEffect, type ReactNode } from "react";
import { Link } from "wouter";
import { Icon } from "@/shared/ui/icon";

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Homeport` : "Homeport";
  }, [title]);
}

export interface Crumb {
  name: string;
  href: string;
}

interface PageHeadProps {
  title: string;
  about?: ReactNode;
  crumbs?: Crumb[];
  actions?: ReactNode;
  /** Shown right of the title. */
  mark?: ReactNode;
}

/** The head of a page; also sets the title of the browser's tab. */
export function PageHead({ title, about, crumbs, actions, mark }: PageHeadProps) {
  useTitle(title);
  return (
    <header className="page-head">
      <div className="grow">
        {crumbs && (
          <nav className="crumbs" aria-label="Breadcrumb">
            {crumbs.map((crumb) => (
              <span key={crumb.href} className="row" style={{ gap: 6 }}>
                <Link href={crumb.href}>{crumb.name}</Link>
                <Icon name="right" size={10} />
              </span>
            ))}
          </nav>
        )}
        <div className="row-wrap">
          <h1>{title}</h1>
          {mark}
        </div>
        {about && <p>{about}</p>}
      </div>
      {actions && <div className="row-wrap">{actions}</div>}
    </header>
  );
}

/** Tabs that are pages of their own: each has an address. */
export function TabLinks({ label, tabs, current }: { label: string; tabs: { name: string; href: string }[]; current: string }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.href} href={tab.href} aria-current={tab.name === current ? "page" : undefined}>{tab.name}</Link>
      ))}
    </nav>
  );
}

interface CardProps {
  title?: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}

export function Card({ title, about, actions, children, flush }: CardProps) {
  return (
    <section className="card" aria-label={title}>
      {(title || actions) && (
        <header className="card-head">
          <div className="grow">
            {title && <h2>{title}</h2>}
            {about && <p className="faint">{about}</p>}
          </div>
          {actions}
        </header>
      )}
      {flush ? children : <div className="card-body">{children}</div>}
    </section>
  );
}
