import { describe, expect, it } from "vitest";
import { readEvents, sseParser } from "@/shared/api/sse";

function streamOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
}

describe("sseParser", () => {
  it("returns the data of a complete event", () => {
    expect(sseParser().push('data: {"a":1}\n\n')).toEqual(['{"a":1}']);
  });

  it("puts together an event that arrives in pieces cut anywhere", () => {
    const parser = sseParser();
    const whole = 'data: {"answer":"one"}\r\n\r\ndata: {"answer":"two"}\r\n\r\n';
    const found = [...whole].flatMap((letter) => parser.push(letter));
    expect([...found, ...parser.end()]).toEqual(['{"answer":"one"}', '{"answer":"two"}']);
  });

  it("drops pings and comments", () => {
    expect(sseParser().push("event: ping\n\n: keep-alive\n\nevent: ping\ndata: x\n\ndata: y\n\n")).toEqual(["y"]);
  });

  it("joins several data lines with a line break", () => {
    expect(sseParser().push("data: a\ndata: b\n\n")).toEqual(["a\nb"]);
  });

  it("gives the last event when the stream ends without a blank line", () => {
    const parser = sseParser();
    expect(parser.push("data: last")).toEqual([]);
    expect(parser.end()).toEqual(["last"]);
  });
});

describe("readEvents", () => {
  it("keeps letters whole that are cut between bytes", async () => {
    const bytes = new TextEncoder().encode('data: {"answer":"grüße 你好"}\n\n');
    const pieces = [...bytes].map((byte) => new Uint8Array([byte]));
    const events = [];
    for await (const event of readEvents(streamOf(...pieces))) events.push(event);
    expect(events).toEqual([{ answer: "grüße 你好" }]);
  });

  it("skips an event that is not JSON and goes on", async () => {
    const events = [];
    const text = 'data: nonsense\n\ndata: {"event":"message_end"}\n\n';
    for await (const event of readEvents(streamOf(new TextEncoder().encode(text)))) events.push(event);
    expect(events).toEqual([{ event: "message_end" }]);
  });
});
