/** Asks Bailiwick before a route does anything. What is not a clear yes is 403, or 503: never open. */
import { setTimeout as pause } from "node:timers/promises";
import type { RequestHandler } from "express";

const { BAILIWICK_URL = "http://127.0.0.1:8080", BAILIWICK_TOKEN = "" } = process.env;
const DEADLINE_MS = 2_000; // both tries together; less than those wait who call this service

/** Neither yes nor no. `status` is Bailiwick's, if it answered at all. */
export class Unanswered extends Error {
  readonly status: number | undefined;
  constructor(status: number | undefined, cause?: unknown) {
    super(`Bailiwick gave no answer (${status ?? "none"})`, { cause });
    this.status = status;
  }
}

/** Answers an AuthZEN request, e.g. "/access/v1/evaluation". Tries twice; throws Unanswered. */
export async function ask(path: string, question: object): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const headers = { authorization: `Bearer ${BAILIWICK_TOKEN}`, "content-type": "application/json" };
  for (let isLast = false; ; isLast = true) {
    const request = { method: "POST", headers, body: JSON.stringify(question), signal };
    const response = await fetch(BAILIWICK_URL + path, request).catch(() => undefined);
    const answer: unknown = response?.ok === true ? await response.json().catch(() => undefined) : undefined;
    if (typeof answer === "object" && answer !== null) return answer as Record<string, unknown>;
    const isWorthIt = response === undefined || response.status === 503 || response.status === 429;
    if (isLast || !isWorthIt) throw new Unanswered(response?.status);
    const seconds = Number(response?.headers.get("retry-after") ?? 0.1);
    await pause(seconds * 1000, undefined, { signal }).catch((cause: unknown) => {
      throw new Unanswered(response?.status, cause);
    });
  }
}

/** Lets through who may do this to the document that the path names. `signedIn` has said who that is. */
export function guarded(action: string): RequestHandler<{ id: string }> {
  return async (request, response, next) => {
    const { decision, context } = await ask("/access/v1/evaluation", {
      subject: { type: "account", id: response.locals["alias"] as string },
      action: { name: action },
      resource: { type: "document", id: request.params.id },
    });
    if (decision === true) next();
    else if (decision === false) response.status(403).json({ error: "forbidden", ...toldOf(context) });
    else throw new Unanswered(200);
  };
}

/** What whoever called may know: why, and the id for who asks support. The facts are for this service alone. */
function toldOf(context: unknown): object {
  const { reasons = [], id } = (context ?? {}) as { reasons?: { code: string }[]; id?: string };
  return { reasons: reasons.map(({ code }) => code), decision: id };
}
