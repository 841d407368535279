/** Reading server-sent events from a fetch answer. Only `data:` counts; comments and `event: ping` are dropped. */

export interface SseParser {
  /** Feeds a piece of text, cut anywhere; returns the data of every event it completed. */
  push(text: string): string[];
  /** Ends the stream; returns the last event when its closing blank line is missing. */
  end(): string[];
}

export function sseParser(): SseParser {
  let buffer = "";
  let event = "";
  let data: string[] = [];

  function take(line: string, out: string[]): void {
    if (line === "") {
      if (data.length > 0 && event !== "ping") out.push(data.join("\n"));
      event = "";
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
  }

  return {
    push(text) {
      const out: string[] = [];
      buffer += text;
      // A lone "\r" at the very end may be half of "\r\n": it waits for the next piece.
      let match: RegExpExecArray | null;
      while ((match = /\r\n|\n|\r(?!$)/.exec(buffer)) !== null) {
        take(buffer.slice(0, match.index), out);
        buffer = buffer.slice(match.index + match[0].length);
      }
      return out;
    },
    end() {
      const out: string[] = [];
      if (buffer !== "") take(buffer.replace(/\r$/, ""), out);
      buffer = "";
      take("", out);
      return out;
    },
  };
}

/** The events of an answer as parsed JSON, one by one; an event that is not JSON is skipped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  const parser = sseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const found = done ? [...parser.push(decoder.decode()), ...parser.end()] : parser.push(decoder.decode(value, { stream: true }));
      for (const text of found) {
        const event = parseEvent(text);
        if (event) yield event;
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function parseEvent(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === "object" ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
