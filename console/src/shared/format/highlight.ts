import type { Span } from "@/shared/api/types";

export interface Piece {
  text: string;
  marked: boolean;
}

/**
 * Cuts a text into marked and plain pieces. Spans are character offsets as the server counts them: code points,
 * end exclusive. Overlapping spans are joined, what lies outside the text is dropped.
 */
export function markSpans(text: string, spans: Span[]): Piece[] {
  const letters = Array.from(text);
  const pieces: Piece[] = [];
  let at = 0;
  for (const [start, end] of joinSpans(spans, letters.length)) {
    if (start > at) pieces.push({ text: letters.slice(at, start).join(""), marked: false });
    pieces.push({ text: letters.slice(start, end).join(""), marked: true });
    at = end;
  }
  if (at < letters.length) pieces.push({ text: letters.slice(at).join(""), marked: false });
  return pieces;
}

function joinSpans(spans: Span[], length: number): Span[] {
  const inside = spans
    .map(([start, end]): Span => [Math.max(0, start), Math.min(length, end)])
    .filter(([start, end]) => end > start)
    .sort((a, b) => a[0] - b[0]);
  const joined: Span[] = [];
  for (const [start, end] of inside) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
