import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { sentence } from "@/shared/api/errors";
import { IconButton } from "@/shared/ui/button";

interface Toast {
  id: number;
  text: string;
  kind: "done" | "error";
}

export interface Toasts {
  done: (text: string) => void;
  failed: (error: unknown) => void;
}

const Context = createContext<Toasts>({ done: () => undefined, failed: () => undefined });
let last = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback(
    (text: string, kind: Toast["kind"]) => {
      const id = ++last;
      setToasts((all) => [...all.slice(-2), { id, text, kind }]);
      setTimeout(() => drop(id), kind === "error" ? 8000 : 3000);
    },
    [drop],
  );
  const value = useMemo<Toasts>(
    () => ({ done: (text) => show(text, "done"), failed: (error) => show(sentence(error), "error") }),
    [show],
  );
  return (
    <Context value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast toast-${toast.kind}`}>
            <span className="grow">{toast.text}</span>
            <IconButton icon="close" label="Dismiss" onClick={() => drop(toast.id)} />
          </div>
        ))}
      </div>
    </Context>
  );
}

export const useToasts = (): Toasts => useContext(Context);
