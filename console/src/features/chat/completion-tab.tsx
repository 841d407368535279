import { useState, type FormEvent } from "react";
import { Exchange } from "@/features/chat/exchange";
import { emptyInputs, InputForm, missing } from "@/features/chat/input-form";
import { isRunning } from "@/features/chat/live";
import { SourcePanel } from "@/features/chat/source-panel";
import { fromLive } from "@/features/chat/thread";
import { useAnswer } from "@/features/chat/use-answer";
import type { App, FormItem, Resource } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { EmptyState } from "@/shared/ui/states";
import "@/features/chat/source-panel.css";
import "@/features/chat/chat.css";

const QUESTION: FormItem[] = [{ paragraph: { label: "Input", variable: "query", required: true } }];

/** Fills in the app's form, runs it once and shows the answer. */
export default function CompletionTab({ app }: { app: App }) {
  const own = app.model_config?.user_input_form ?? [];
  const form = own.length > 0 ? own : QUESTION;
  const [inputs, setInputs] = useState(() => emptyInputs(form));
  const [source, setSource] = useState<Resource | null>(null);
  const { live, ask, stop } = useAnswer();
  const running = isRunning(live);

  function run(event?: FormEvent) {
    event?.preventDefault();
    setSource(null);
    void ask({ path: `/apps/${app.id}/completion-messages`, body: { inputs }, query: "", conversationId: null });
  }

  return (
    <div className={source ? "chat completion with-source" : "chat completion"}>
      <form className="conversations stack" aria-label="Inputs" onSubmit={run}>
        <InputForm form={form} inputs={inputs} onChange={setInputs} />
        {running ? <Button icon="stop" onClick={() => stop((task) => `/apps/${app.id}/completion-messages/${task}/stop`)}>Stop</Button> : <Button kind="primary" type="submit" icon="play" disabled={missing(form, inputs) !== null}>Run</Button>}
      </form>
      <section className="thread" aria-label="Result">
        <div className="scroll">
          <div className="column" role="log" aria-live="polite">
            {!live && <EmptyState icon="text" title="The answer appears here">Fill in the inputs on the left and run the app.</EmptyState>}
            {live && <Exchange shown={fromLive(live)} onSource={setSource} onRetry={live.state === "error" ? () => run() : undefined} />}
          </div>
        </div>
      </section>
      {source && <SourcePanel resource={source} onClose={() => setSource(null)} />}
    </div>
  );
}
