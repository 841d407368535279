import type { Problem } from "@/shared/api/types";

/** A refusal in the server's own words: a sentence, a stable code, and a hint where there is one. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | null;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = "ApiError";
    this.code = problem.code;
    this.status = problem.status;
    this.hint = problem.hint ?? null;
  }
}

/** The envelope of an error answer, or a sentence of our own when the answer is no envelope (a proxy's page, say). */
export function problemFrom(status: number, body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed !== null && typeof parsed === "object" && "message" in parsed) {
      const problem = parsed as Partial<Problem>;
      return {
        code: problem.code ?? "unknown",
        message: String(problem.message),
        status,
        hint: problem.hint ?? null,
      };
    }
  } catch {
    // Not JSON: fall through to the plain sentence.
  }
  return { code: "unexpected_answer", message: `The server answered with status ${status}.`, status, hint: null };
}

export const UNREACHABLE: Problem = {
  code: "unreachable",
  message: "The server cannot be reached.",
  status: 0,
  hint: "Check that Homeport is running and that you are online.",
};

export function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : "Something went wrong.";
}

export function hintOf(error: unknown): string | null {
  return error instanceof ApiError ? error.hint : null;
}
