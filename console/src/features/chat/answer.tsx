import { memo } from "react";
import { closeOpen, renderMarkdown } from "@/features/chat/markdown";
import type { Resource } from "@/shared/api/types";
import { splitCitations } from "@/shared/format/citations";
import "@/features/chat/answer.css";

interface AnswerProps {
  text: string;
  resources: Resource[];
  streaming?: boolean;
  /** The text may end in the middle. */
  cut?: boolean;
  onCite: (position: number) => void;
}

/** An answer as Markdown, in which `[n]` is a chip that opens source n. Sources are known once the answer has ended. */
export const Answer = memo(function Answer({ text, resources, streaming, cut, onCite }: AnswerProps) {
  const names = new Map(resources.map((resource) => [resource.position, resource.document_name]));
  const count = streaming ? 99 : Math.max(0, ...names.keys());
  const chip = (number: number, key: number) => {
    const name = names.get(number);
    if (name === undefined) return <span key={key} className="cite">{number}</span>;
    return (
      <button key={key} type="button" className="cite" aria-label={`Source ${number}: ${name}`} title={name} onClick={() => onCite(number)}>
        {number}
      </button>
    );
  };
  return (
    <div className="answer" data-testid="answer">
      {renderMarkdown(cut ? closeOpen(text) : text, (piece) => splitCitations(piece, count).map((part, index) => (typeof part === "number" ? chip(part, index) : part)))}
    </div>
  );
});
