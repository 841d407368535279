import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { Pages } from "@/app/pages";
import { useLogout, useWorkspace } from "@/features/identity/session";
import type { Profile } from "@/shared/api/types";
import { IconButton } from "@/shared/ui/button";
import { Icon, Logo, type IconName } from "@/shared/ui/icon";
import { ThemeToggle } from "@/shared/ui/theme";

interface Item {
  name: string;
  href: string;
  icon: IconName;
}

const WORK: Item[] = [
  { name: "Knowledge", href: "/knowledge", icon: "book" },
  { name: "Apps", href: "/apps", icon: "chat" },
];
const OPERATIONS: Item[] = [{ name: "Jobs", href: "/operations/jobs", icon: "jobs" }];
const SETTINGS: Item[] = [
  { name: "Models", href: "/settings/models", icon: "model" },
  { name: "Account", href: "/account", icon: "user" },
];

/** Side navigation and the page. Focus moves to the page when its address changes. */
export function Shell({ profile }: { profile: Profile }) {
  const [path] = useLocation();
  const workspace = useWorkspace();
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    main.current?.scrollTo(0, 0);
    if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <div className="shell">
      <a
        className="skip-link" href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header className="side">
        <Link href="/" className="brand" aria-label="Homeport"><Logo /><span className="brand-name">Homeport</span></Link>
        <nav aria-label="Main">
          <NavList items={WORK} path={path} />
          {workspace.data?.operates && (
            <>
              <p className="group-name" id="nav-operations">Operations</p>
              <NavList items={OPERATIONS} path={path} labelledBy="nav-operations" />
            </>
          )}
          <p className="group-name" id="nav-settings">Settings</p>
          <NavList items={SETTINGS} path={path} labelledBy="nav-settings" />
        </nav>
        <Foot profile={profile} workspace={workspace.data?.name} />
      </header>
      <main className="main" id="main" ref={main} tabIndex={-1}>
        <Pages />
      </main>
    </div>
  );
}

function NavList({ items, path, labelledBy }: { items: Item[]; path: string; labelledBy?: string }) {
  return (
    <ul aria-labelledby={labelledBy}>
      {items.map((item) => (
        <li key={item.href}>
          <Link href={item.href} aria-label={item.name} title={item.name} aria-current={path === item.href || path.startsWith(`${item.href}/`) ? "page" : undefined}>
            <Icon name={item.icon} />
            <span className="nav-text">{item.name}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Foot({ profile, workspace }: { profile: Profile; workspace: string | undefined }) {
  const logout = useLogout();
  return (
    <div className="side-foot">
      <div className="who" title={profile.email}>
        <strong className="truncate">{profile.name}</strong>
        <span className="faint truncate" style={{ display: "block" }}>{workspace ?? profile.email}</span>
      </div>
      <ThemeToggle />
      <IconButton icon="logout" label="Log out" disabled={logout.isPending} onClick={() => logout.mutate()} />
    </div>
  );
}
