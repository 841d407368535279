import { expect, it } from "vitest";
import { markSpans } from "@/shared/format/highlight";

const shown = (text: string, spans: [number, number][]) =>
  markSpans(text, spans).map((piece) => (piece.marked ? `<${piece.text}>` : piece.text)).join("");

it("marks the spans and keeps the rest", () => {
  expect(shown("the harbour light", [[4, 11]])).toBe("the <harbour> light");
});

it("gives the plain text when nothing is marked", () => {
  expect(markSpans("plain", [])).toEqual([{ text: "plain", marked: false }]);
});

it("joins spans that touch or overlap, in any order", () => {
  expect(shown("abcdefgh", [[5, 7], [0, 2], [1, 4]])).toBe("<abcd>e<fg>h");
});

it("drops what lies outside the text", () => {
  expect(shown("abc", [[-2, 1], [2, 99], [7, 9], [1, 1]])).toBe("<a>b<c>");
});

it("counts characters as the server does, not UTF-16 halves", () => {
  expect(shown("⚓🚢 port", [[1, 2], [3, 7]])).toBe("⚓<🚢> <port>");
});
