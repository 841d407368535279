/** A number is a citation, everything else is text. */
export type CitedPiece = string | number;

/**
 * Splits a text at its citation markers: "a [1, 2]." becomes ["a ", 1, 2, "."].
 * A marker counts only when all its numbers lie between 1 and `count`; else it stays text.
 */
export function splitCitations(text: string, count: number): CitedPiece[] {
  const pieces: CitedPiece[] = [];
  let from = 0;
  for (const marker of text.matchAll(/\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g)) {
    const numbers = (marker[1] ?? "").split(",").map(Number);
    if (numbers.some((number) => number < 1 || number > count)) continue;
    if (marker.index > from) pieces.push(text.slice(from, marker.index));
    pieces.push(...numbers);
    from = marker.index + marker[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}
