import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Answer } from "@/features/chat/answer";
import type { Resource } from "@/shared/api/types";

const SOURCE: Resource = { position: 1, dataset_id: "d", dataset_name: "Docs", document_id: "o", document_name: "Pier.md", segment_id: "s", score: 1, content: "x" };
const SECOND: Resource = { ...SOURCE, position: 2, document_name: "Tide.md" };
const html = (text: string, resources = [SOURCE], streaming = false) =>
  renderToStaticMarkup(<Answer text={text} resources={resources} streaming={streaming} onCite={() => undefined} />);

it("shows Markdown and turns a marker with a source into a chip", () => {
  const shown = html("**Open** at nine [1], not [2].");
  expect(shown).toContain("<strong>Open</strong>");
  expect(shown).toContain('aria-label="Source 1: Pier.md"');
  expect(shown).toContain("not [2].");
});

it("finds markers that stand together and in lists, tables and emphasis", () => {
  const shown = html("a [1][2]\n\n- b [1]\n\n| h |\n|---|\n| **c [2]** |", [SOURCE, SECOND]);
  expect(shown.match(/aria-label="Source 1/g)).toHaveLength(2);
  expect(shown.match(/aria-label="Source 2/g)).toHaveLength(2);
});

it("keeps markers when the model adds a list of definitions", () => {
  expect(html("Open [1].\n\n[1]: Pier.md").match(/aria-label="Source 1/g)).toHaveLength(2);
});

it("leaves code alone", () => {
  expect(html("`rows[1]`\n\n```\nrows[1]\n```")).not.toContain("aria-label");
});

it("marks citations before their sources are known", () => {
  expect(html("a [1]", [], true)).toContain('<span class="cite">1</span>');
});

it("shows raw HTML as text", () => {
  const shown = html('<img src=x onerror="alert(1)"> <script>alert(1)</script> <b onclick="x()">hi</b>\n\n<div>\n<iframe src="x"></iframe>');
  expect(shown).not.toMatch(/<(img|script|b|iframe)\b/);
  expect(shown).toContain("&lt;script&gt;");
});

it("makes no link of an address that is not web or mail", () => {
  expect(html("[x](javascript:alert(1)) [y](data:text/html,1) [z](/console/api/logout)")).not.toContain("<a ");
  expect(html("[x](https://example.org)")).toContain('rel="noopener noreferrer nofollow"');
});

it("fetches no image by itself", () => {
  const shown = html("![chart](https://example.org/a.png)");
  expect(shown).not.toContain("<img");
  expect(shown).toContain('href="https://example.org/a.png"');
});

it("reads character references as the letters they stand for", () => {
  expect(html("a &lt; b &amp; c &#8212; d")).toContain("a &lt; b &amp; c — d");
});
