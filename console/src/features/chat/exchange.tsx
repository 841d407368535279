import { Answer } from "@/features/chat/answer";
import type { Problem as ProblemShape, Rating, Resource } from "@/shared/api/types";
import { CopyButton } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { Logo } from "@/shared/ui/icon";
import { Notice } from "@/shared/ui/states";

export interface Shown {
  id: string;
  query: string;
  answer: string;
  resources: Resource[];
  state: "waiting" | "streaming" | "done" | "stopped" | "error";
  problem: Pick<ProblemShape, "message" | "hint"> | null;
  rating: Rating | null;
}

interface ExchangeProps {
  shown: Shown;
  onSource: (resource: Resource) => void;
  onRate?: (rating: Rating | null) => void;
  onRetry?: () => void;
}

/** A question and its answer, with sources, feedback and, if it failed, the reason. */
export function Exchange({ shown, onSource, onRate, onRetry }: ExchangeProps) {
  const running = shown.state === "waiting" || shown.state === "streaming";
  const cite = (position: number) => {
    const resource = shown.resources.find((one) => one.position === position);
    if (resource) onSource(resource);
  };
  return (
    <article className="exchange" aria-label="Question and answer" data-testid="exchange">
      {shown.query && <div className="question"><span className="visually-hidden">You asked: </span>{shown.query}</div>}
      <div className="reply" aria-busy={running}>
        <Logo size={26} />
        <div className="grow stack-s">
          {shown.state === "waiting" && <p className="thinking"><span className="visually-hidden">Thinking…</span><i /><i /><i /></p>}
          {shown.answer && <Answer text={shown.answer} resources={shown.resources} streaming={shown.state === "streaming"} cut={shown.state !== "done"} onCite={cite} />}
          {shown.state === "stopped" && <p className="faint">Stopped.</p>}
          {shown.problem && (
            <Notice kind="danger">
              <p>{shown.problem.message}</p>
              {shown.problem.hint && <p>{shown.problem.hint}</p>}
              {onRetry && <Button small icon="refresh" style={{ marginTop: 8 }} onClick={onRetry}>Ask again</Button>}
            </Notice>
          )}
          {!running && shown.resources.length > 0 && <Sources resources={shown.resources} onSource={onSource} />}
          {!running && shown.answer && <Actions shown={shown} onRate={onRate} />}
        </div>
      </div>
    </article>
  );
}

function Sources({ resources, onSource }: { resources: Resource[]; onSource: (resource: Resource) => void }) {
  return (
    <div className="sources">
      <p className="faint">Sources</p>
      <ol aria-label="Sources">
        {resources.map((resource) => (
          <li key={`${resource.position}-${resource.segment_id}`}>
            <button type="button" className="source" aria-label={`Open source ${resource.position}: ${resource.document_name}`} onClick={() => onSource(resource)}>
              <span className="cite">{resource.position}</span>
              <span className="truncate">{resource.document_name}</span>
              {resource.score !== null && <span className="faint numeric">{resource.score.toFixed(2)}</span>}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Actions({ shown, onRate }: { shown: Shown; onRate?: (rating: Rating | null) => void }) {
  const rate = (rating: Rating) => onRate?.(shown.rating === rating ? null : rating);
  return (
    <div className="row actions">
      <CopyButton text={shown.answer} label="Copy answer" />
      {onRate && (
        <>
          <IconButton icon="like" label="Good answer" aria-pressed={shown.rating === "like"} onClick={() => rate("like")} />
          <IconButton icon="dislike" label="Bad answer" aria-pressed={shown.rating === "dislike"} onClick={() => rate("dislike")} />
        </>
      )}
    </div>
  );
}
