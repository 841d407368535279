import { expect, it } from "vitest";
import { splitCitations } from "@/shared/format/citations";

it("finds a marker and keeps the text around it", () => {
  expect(splitCitations("Ships rest here [1].", 2)).toEqual(["Ships rest here ", 1, "."]);
});

it("finds neighbours and lists of numbers one by one", () => {
  expect(splitCitations("[1][2] and [1, 2]", 2)).toEqual([1, 2, " and ", 1, 2]);
});

it("leaves a number without a source as text", () => {
  expect(splitCitations("see [3], [0] and [1, 3]", 2)).toEqual(["see [3], [0] and [1, 3]"]);
  expect(splitCitations("see [1]", 0)).toEqual(["see [1]"]);
});

it("takes neither words nor years for markers", () => {
  expect(splitCitations("[note] [1a] [2024] [ ]", 9)).toEqual(["[note] [1a] [2024] [ ]"]);
});

it("gives nothing for nothing", () => {
  expect(splitCitations("", 3)).toEqual([]);
});
