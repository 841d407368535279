import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Composer } from "@/features/chat/composer";
import { Exchange, type Shown } from "@/features/chat/exchange";
import { emptyInputs, InputForm, missing } from "@/features/chat/input-form";
import { isRunning, type Live } from "@/features/chat/live";
import { inOrder, useRateMessage, type useMessages } from "@/features/chat/queries";
import type { App, Message, Resource } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { ErrorState, Loading } from "@/shared/ui/states";

interface ThreadProps {
  app: App;
  conversation: string | null;
  live: Live | null;
  messages: ReturnType<typeof useMessages>;
  onSend: (query: string, inputs: Record<string, string>) => void;
  onStop: () => void;
  onSource: (resource: Resource) => void;
}

export function Thread({ app, conversation, live, messages, onSend, onStop, onSource }: ThreadProps) {
  const form = app.model_config?.user_input_form ?? [];
  const [inputs, setInputs] = useState(() => emptyInputs(form));
  const rate = useRateMessage(app.id, conversation ?? "");
  const past = inOrder(messages.data);
  const scroller = useStick(`${past.length}:${live?.answer.length ?? 0}:${live?.state ?? ""}`);
  const empty = past.length === 0 && !live;
  const loading = conversation !== null && messages.isPending && messages.fetchStatus !== "idle";
  const lacking = conversation === null ? missing(form, inputs) : null;

  return (
    <section className="thread" aria-label="Conversation">
      <div className="scroll" ref={scroller}>
        <div className="column">
          {messages.hasNextPage && <Button small kind="ghost" busy={messages.isFetchingNextPage} onClick={() => void messages.fetchNextPage()}>Earlier messages</Button>}
          {loading && <Loading label="Loading the conversation" />}
          {messages.isError && <ErrorState error={messages.error} onRetry={() => void messages.refetch()} />}
          {empty && !loading && !messages.isError && <Opening app={app} disabled={lacking !== null} onAsk={(query) => onSend(query, inputs)} />}
          {empty && form.length > 0 && <div className="card card-body stack"><InputForm form={form} inputs={inputs} onChange={setInputs} /></div>}
          <div role="log" aria-live="polite" aria-label="Questions and answers" className="log">
            {past.map((message) => (
              <Exchange
                key={message.id} shown={fromMessage(message)} onSource={onSource}
                onRate={(rating) => rate.mutate({ id: message.id, rating, before: message.feedback?.rating ?? null })}
              />
            ))}
            {live && <Exchange shown={fromLive(live)} onSource={onSource} onRetry={live.state === "error" ? () => onSend(live.query, inputs) : undefined} />}
          </div>
        </div>
      </div>
      <div className="foot">
        <div className="column">
          <Composer
            busy={isRunning(live)} placeholder={lacking ? `Fill in “${lacking}” first` : `Ask ${app.name}`} onStop={onStop}
            onSend={(query) => {
              if (!lacking) onSend(query, inputs);
            }}
          />
          <p className="faint hint">Enter sends, Shift + Enter breaks the line. Answers can be wrong: check their sources.</p>
        </div>
      </div>
    </section>
  );
}

function Opening({ app, disabled, onAsk }: { app: App; disabled: boolean; onAsk: (query: string) => void }) {
  const opening = app.model_config?.opening_statement;
  const questions = app.model_config?.suggested_questions?.filter(Boolean) ?? [];
  return (
    <div className="opening">
      <h2>{opening || `Ask ${app.name} a question`}</h2>
      {!opening && <p className="muted">It answers from its knowledge bases and cites the passages it used.</p>}
      {questions.length > 0 && (
        <ul aria-label="Suggested questions">
          {questions.map((question) => <li key={question}><Button disabled={disabled} onClick={() => onAsk(question)}>{question}</Button></li>)}
        </ul>
      )}
    </div>
  );
}

/** Keeps a scrolling box at its end while it grows, unless the reader has scrolled up. */
function useStick(size: string) {
  const box = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  useEffect(() => {
    const element = box.current;
    const look = () => {
      if (element) stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
    };
    element?.addEventListener("scroll", look, { passive: true });
    return () => element?.removeEventListener("scroll", look);
  }, []);
  useLayoutEffect(() => {
    if (stuck.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [size]);
  return box;
}

function fromMessage(message: Message): Shown {
  return {
    id: message.id, query: message.query, answer: message.answer, resources: message.retriever_resources ?? [],
    state: message.status === "error" ? "error" : "done", rating: message.feedback?.rating ?? null,
    problem: message.error ? { message: message.error, hint: null } : null,
  };
}

export function fromLive(live: Live): Shown {
  return { id: live.messageId ?? "live", query: live.query, answer: live.answer, resources: live.resources, state: live.state, problem: live.problem, rating: null };
}
