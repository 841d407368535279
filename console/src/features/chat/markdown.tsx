import { Marked, type Token, type Tokens } from "marked";
import { createElement, Fragment, type ReactNode } from "react";

/**
 * Markdown to React elements. Only the reader of the library is used, never its HTML: what it does not know as Markdown
 * is text, so raw HTML is shown as it was written. Link definitions are off: "[1]: …" would swallow citation markers.
 */
const reader = new Marked({ gfm: true, breaks: false }).use({
  tokenizer: { html: () => undefined, tag: () => undefined, def: () => undefined },
});

/** Turns a plain stretch of text into what is shown for it (citation markers into chips, say). */
export type ShowText = (text: string) => ReactNode;

/**
 * Closes what the end of a streamed answer leaves open (bold, inline code), so that it does not flicker from asterisks
 * to bold when its other half arrives.
 */
export function closeOpen(markdown: string): string {
  const at = markdown.lastIndexOf("\n");
  const line = markdown.slice(at + 1).replace(/(\*\*|`)$/, (mark, _group, _at, whole: string) => (whole.split(mark).length % 2 === 0 ? "" : mark));
  const fences = markdown.match(/^\s*(```|~~~)/gm)?.length ?? 0;
  if (fences % 2 === 1) return markdown;
  const code = line.split("`").length % 2 === 0 ? "`" : "";
  const bold = !code && line.split("**").length % 2 === 0 ? "**" : "";
  if (!code && !bold) return markdown.slice(0, at + 1) + line;
  return markdown.slice(0, at + 1) + line.trimEnd() + code + bold;
}

export function renderMarkdown(markdown: string, showText: ShowText): ReactNode {
  return children(reader.lexer(markdown), showText);
}

function children(tokens: Token[] | undefined, show: ShowText): ReactNode {
  return joinTexts(tokens ?? []).map((token, index) => <Fragment key={index}>{element(token, show)}</Fragment>);
}

/** Puts neighbouring pieces of text together, so that a marker cut by the reader is found. */
function joinTexts(tokens: Token[]): Token[] {
  const joined: Token[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    if (last && isPlain(last) && isPlain(token)) joined[joined.length - 1] = { ...last, raw: last.raw + token.raw, text: last.text + token.text };
    else joined.push(token);
  }
  return joined;
}

const isPlain = (token: Token): token is Tokens.Text => token.type === "text" && !("tokens" in token && token.tokens);

function element(token: Token, show: ShowText): ReactNode {
  switch (token.type) {
    case "space":
      return null;
    case "paragraph":
      return <p>{children(token.tokens, show)}</p>;
    case "heading":
      return createElement(`h${Math.min(4, (token as Tokens.Heading).depth + 1)}`, null, children(token.tokens, show));
    case "code":
      return <pre tabIndex={0}><code>{(token as Tokens.Code).text}</code></pre>;
    case "blockquote":
      return <blockquote>{children(token.tokens, show)}</blockquote>;
    case "list":
      return list(token as Tokens.List, show);
    case "table":
      return table(token as Tokens.Table, show);
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "strong":
      return <strong>{children(token.tokens, show)}</strong>;
    case "em":
      return <em>{children(token.tokens, show)}</em>;
    case "del":
      return <del>{children(token.tokens, show)}</del>;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "link":
      return link((token as Tokens.Link).href, children(token.tokens, (text) => decode(text)));
    case "image":
      // Never fetched by itself: an address made up by a model must not be visited by looking at an answer.
      return link((token as Tokens.Image).href, (token as Tokens.Image).text || (token as Tokens.Image).href);
    case "escape":
      return (token as Tokens.Escape).text;
    case "checkbox":
      return <input type="checkbox" readOnly checked={(token as Tokens.Checkbox).checked} aria-label="Task" />;
    default:
      return "tokens" in token && token.tokens ? children(token.tokens, show) : show(decode("text" in token ? String(token.text) : token.raw));
  }
}

function link(href: string, label: ReactNode): ReactNode {
  if (!/^(https?:|mailto:)/i.test(href)) return <span>{label}</span>;
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{label}</a>;
}

function list(token: Tokens.List, show: ShowText): ReactNode {
  const items = token.items.map((item, index) => <li key={index}>{children(item.tokens, show)}</li>);
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table, show: ShowText): ReactNode {
  const cells = (row: Tokens.TableCell[], tag: "th" | "td") =>
    row.map((cell, index) => createElement(tag, { key: index, style: { textAlign: cell.align ?? "left" } }, children(cell.tokens, show)));
  return (
    <div className="table-wrap">
      <table>
        <thead><tr>{cells(token.header, "th")}</tr></thead>
        <tbody>{token.rows.map((row, index) => <tr key={index}>{cells(row, "td")}</tr>)}</tbody>
      </table>
    </div>
  );
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** The few character references models write; others stay as they are. */
function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex ?? "", 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
