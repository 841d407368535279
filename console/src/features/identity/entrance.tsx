import type { ReactNode } from "react";
import { useTitle } from "@/shared/ui/page";
import { Logo } from "@/shared/ui/icon";

/** The frame of the pages before the console: set-up and log-in. */
export function Entrance({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="entrance">
      <div className="entrance-card">
        <div className="brand"><Logo size={34} />Homeport</div>
        <section className="card">
          <div className="card-body stack-l">
            <header>
              <h1>{title}</h1>
              <p className="muted" style={{ marginTop: 4 }}>{about}</p>
            </header>
            {children}
          </div>
        </section>
      </div>
    </main>
  );
}
