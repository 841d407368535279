import { useCallback, useEffect, useRef, useState } from "react";
import { applyEvent, begin, fail, finish, isRunning, type Live } from "@/features/chat/live";
import { api } from "@/shared/api/client";
import { ApiError, hintOf, sentence } from "@/shared/api/errors";
import { readEvents } from "@/shared/api/sse";

interface Ask {
  path: string;
  body: unknown;
  query: string;
  conversationId: string | null;
  /** Told once, as soon as the server names the conversation. */
  onConversation?: (id: string) => void;
  onEnd?: (live: Live) => void;
}

/** How long a stopped run may take to say its own end before the connection is cut, in milliseconds. */
const STOP_PATIENCE = 1500;

/** One answer at a time, painted at most once per frame however fast its pieces arrive. */
export function useAnswer() {
  const [live, setLive] = useState<Live | null>(null);
  const current = useRef<{ live: Live; abort: AbortController; stopped: boolean } | null>(null);
  const frame = useRef(0);

  useEffect(() => () => {
    current.current?.abort.abort();
    cancelAnimationFrame(frame.current);
  }, []);

  const ask = useCallback(async ({ path, body, query, conversationId, onConversation, onEnd }: Ask) => {
    current.current?.abort.abort();
    const run = { live: begin(query, conversationId), abort: new AbortController(), stopped: false };
    current.current = run;
    const paint = () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
      if (current.current === run) setLive(run.live);
    };
    paint();
    try {
      const answer = await api.stream(path, body, run.abort.signal);
      if (!answer.body) throw new Error("The server sent no answer.");
      for await (const event of readEvents(answer.body)) {
        const known = run.live.conversationId;
        run.live = applyEvent(run.live, event);
        if (known === null && run.live.conversationId !== null) {
          paint();
          onConversation?.(run.live.conversationId);
        }
        if (!frame.current) frame.current = requestAnimationFrame(paint);
      }
      run.live = finish(run.live, run.stopped);
    } catch (error) {
      run.live = run.abort.signal.aborted ? finish(run.live, true) : failed(run.live, error);
    }
    paint();
    if (current.current === run) onEnd?.(run.live);
  }, []);

  /** Stops the run: asks the server, and cuts the connection if it does not end by itself. */
  const stop = useCallback((stopPath: (task: string) => string) => {
    const run = current.current;
    if (!run || !isRunning(run.live)) return;
    run.stopped = true;
    const task = run.live.taskId;
    if (!task) {
      run.abort.abort();
      return;
    }
    const cut = () => run.abort.abort();
    const timer = setTimeout(cut, STOP_PATIENCE);
    api.post(stopPath(task)).catch(() => {
      clearTimeout(timer);
      cut();
    });
  }, []);

  const clear = useCallback(() => {
    current.current?.abort.abort();
    current.current = null;
    setLive(null);
  }, []);

  return { live, ask, stop, clear };
}

function failed(live: Live, error: unknown): Live {
  if (error instanceof ApiError) return fail(live, { code: error.code, message: sentence(error), status: error.status, hint: hintOf(error) });
  return fail(live, { code: "broken_off", message: "The answer broke off.", status: 0, hint: "The connection was lost. Ask again." });
}
