import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Span } from "@/shared/api/types";
import { markSpans } from "@/shared/format/highlight";
import { percent } from "@/shared/format/numbers";
import { IconButton } from "@/shared/ui/button";

type ChipKind = "neutral" | "success" | "danger" | "warning" | "info" | "accent";

export function Chip({ kind = "neutral", plain, children }: { kind?: ChipKind; plain?: boolean; children: ReactNode }) {
  return <span className={`chip chip-${kind}${plain ? " plain" : ""}`}>{children}</span>;
}

export function ProgressBar({ label, value, moving }: { label: string; value: number; moving?: boolean }) {
  const share = Math.min(1, Math.max(0, value));
  return (
    <div
      className={moving ? "progress moving" : "progress"} role="progressbar" aria-label={label}
      aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}

export function Score({ value }: { value: number }) {
  return (
    <span className="score" title={`Score ${value}`}>
      <span className="progress" aria-hidden="true"><span style={{ width: percent(value).replace(" ", "") }} /></span>
      <span className="numeric"><span className="visually-hidden">Score </span>{value.toFixed(3)}</span>
    </span>
  );
}

export function Marked({ text, spans }: { text: string; spans: Span[] }) {
  return markSpans(text, spans).map((piece, index) => (piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text));
}

/** Copies a text; says so for two seconds. Without a clipboard (plain HTTP) it falls back to a selection. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  async function copy(host: HTMLElement) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      host.after(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    setDone(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), 2000);
  }

  return (
    <IconButton icon={done ? "check" : "copy"} label={done ? "Copied" : label} onClick={(event) => void copy(event.currentTarget)} />
  );
}

export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <figure>
      <figcaption className="code-label">{label}</figcaption>
      <div className="code">
        <pre tabIndex={0} aria-label={label}><code>{code}</code></pre>
        <CopyButton text={code} label={`Copy ${label}`} />
      </div>
    </figure>
  );
}
