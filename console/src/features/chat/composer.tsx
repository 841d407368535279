import { useEffect, useRef, useState, type FormEvent } from "react";
import { Icon } from "@/shared/ui/icon";

interface ComposerProps {
  busy: boolean;
  placeholder: string;
  onSend: (text: string) => void;
  onStop: () => void;
}

/** Enter sends, Shift+Enter breaks the line; while an answer runs the button stops it. */
export function Composer({ busy, placeholder, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus({ preventScroll: true }), []);

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (busy || !text.trim()) return;
    onSend(text.trim());
    setText("");
  }

  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={area} rows={1} aria-label="Message" placeholder={placeholder} value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
        }}
      />
      {busy ? (
        <button type="button" className="button button-secondary round" aria-label="Stop" title="Stop" onClick={onStop}><Icon name="stop" /></button>
      ) : (
        <button type="submit" className="button button-primary round" aria-label="Send" title="Send" disabled={!text.trim()}><Icon name="send" /></button>
      )}
    </form>
  );
}
