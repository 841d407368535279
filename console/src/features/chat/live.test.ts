import { describe, expect, it } from "vitest";
import { applyEvent, begin, finish } from "@/features/chat/live";

const run = (...events: Record<string, unknown>[]) => events.reduce(applyEvent, begin("Where?", null));
const ids = { conversation_id: "c", message_id: "m", task_id: "t" };

describe("applyEvent", () => {
  it("joins the pieces of an answer and keeps the ids of the first event", () => {
    const live = run({ event: "message", answer: "In ", ...ids }, { event: "message", answer: "port." });
    expect(live).toMatchObject({ answer: "In port.", conversationId: "c", messageId: "m", taskId: "t", state: "streaming" });
  });

  it("takes the sources from the end", () => {
    const live = run({ event: "message", answer: "x" }, { event: "message_end", metadata: { retriever_resources: [{ position: 1 }] } });
    expect([live.state, live.resources]).toEqual(["done", [{ position: 1 }]]);
  });

  it("replaces the whole answer when told so", () => {
    expect(run({ event: "message", answer: "bad" }, { event: "message_replace", answer: "good" }).answer).toBe("good");
  });

  it("turns an error event into a sentence with its hint and keeps what was said", () => {
    const live = run({ event: "message", answer: "half" }, { event: "error", code: "rate_limited", status: 429, message: "Too many.", hint: "Wait." });
    expect(live.answer).toBe("half");
    expect(live.problem).toEqual({ code: "rate_limited", status: 429, message: "Too many.", hint: "Wait." });
  });

  it("ignores events it does not know", () => {
    expect(run({ event: "node_started" })).toEqual(begin("Where?", null));
  });
});

describe("finish", () => {
  it("calls a stream without an end broken off, unless the reader stopped it", () => {
    const half = run({ event: "message", answer: "half" });
    expect(finish(half, false).problem?.code).toBe("broken_off");
    expect(finish(half, true).state).toBe("stopped");
  });

  it("leaves a finished answer as it is", () => {
    const done = run({ event: "message", answer: "x" }, { event: "message_end" });
    expect(finish(done, false)).toBe(done);
  });
});
