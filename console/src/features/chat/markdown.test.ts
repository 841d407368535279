import { describe, expect, it } from "vitest";
import { closeOpen } from "@/features/chat/markdown";

describe("closeOpen", () => {
  it("closes bold and inline code that are still being written", () => {
    expect(closeOpen("It is **open")).toBe("It is **open**");
    expect(closeOpen("It is **open until ")).toBe("It is **open until**");
    expect(closeOpen("Use `npm ru")).toBe("Use `npm ru`");
  });

  it("waits with a mark that has only just begun", () => {
    expect(closeOpen("It is **")).toBe("It is ");
    expect(closeOpen("Use `")).toBe("Use ");
  });

  it("leaves finished text and open code blocks alone", () => {
    for (const text of ["It is **open**", "Use `x`", "a ** b **\nc", "```\na ** b"]) expect(closeOpen(text)).toBe(text);
  });
});
