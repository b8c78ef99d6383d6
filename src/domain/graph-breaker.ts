import { AppError, cannotDecide, Uncheckable } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { GraphReader } from "./deps.ts";

/**
 * A graph that has failed several times in a row is left alone for a moment, so that an outage of OpenFGA does not cost every
 * question its wait. Meanwhile it is CANNOT_DECIDE at once, which to a question is what it is after the wait: `unavailable`.
 * Then one Read at a time finds out whether it is back. Who had no time left to ask says nothing about the graph.
 * @param now milliseconds, monotonic
 */
export function withBreaker(graph: GraphReader, now: () => number): GraphReader {
  let failures = 0; // in a row
  let restsUntil = 0;
  let isProbed = false;

  const guarded = async <Word>(patienceMs: number, read: () => Promise<Word>): Promise<Word> => {
    const isProbe = failures >= LIMITS.graphFailures;
    if (isProbe) {
      if (isProbed || now() < restsUntil)
        throw cannotDecide("openfga", new Error("it has just failed and is left alone"));
      isProbed = true;
    }
    try {
      const word = await read();
      failures = 0;
      return word;
    } catch (error) {
      if (error instanceof AppError && error.cause instanceof Uncheckable)
        failures = 0; // it answers
      else if (error instanceof AppError && error.code === "CANNOT_DECIDE" && patienceMs >= LIMITS.graphFairMs) {
        failures += 1;
        restsUntil = now() + LIMITS.graphRestMs;
      }
      throw error;
    } finally {
      if (isProbe) isProbed = false;
    }
  };
  return {
    directRoles: async (pseudonym, organization, timeoutMs) =>
      await guarded(timeoutMs, async () => await graph.directRoles(pseudonym, organization, timeoutMs)),
    fence: async (organization, timeoutMs) =>
      await guarded(timeoutMs, async () => await graph.fence(organization, timeoutMs)),
    holds: async (tuples, timeoutMs) => await guarded(timeoutMs, async () => await graph.holds(tuples, timeoutMs)),
    paths: async (asked, left) => await guarded(left(), async () => await graph.paths(asked, left)),
  };
}
