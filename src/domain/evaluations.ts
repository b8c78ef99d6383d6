import type { Caller } from "../entities/callers.ts";
import type { LogRecord } from "../entities/decisions.ts";
import { LIMITS } from "../entities/limits.ts";
import { lotsOf } from "../entities/parallel.ts";
import type { Deps } from "./deps.ts";
import { type Decision, evaluateOne, type Evaluation, type Pdp } from "./evaluate.ts";
import { askingTogether } from "./host-together.ts";

/** AuthZEN's: all are decided, or those up to and with the first denial, or the first permit. */
export const SEMANTICS = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const;
export type Semantic = (typeof SEMANTICS)[number];

/** An item that is no question, and why: it is denied, and nobody else with it. */
export interface InvalidItem {
  readonly invalid: string;
}

export interface Batch {
  readonly items: readonly (Evaluation | InvalidItem)[];
  readonly semantic: Semantic;
}

/**
 * Decides the items as `evaluate` decides each, in their order; what is invalid is given back as it is. Those of one window that differ in
 * a host's thing alone share what they ask. Throws what an item throws that
 * stands before the deciding one, or in a batch that nothing decides early: a batch of which something is unknown has no answer.
 */
export async function evaluateAll(
  deps: Deps,
  caller: Caller,
  pdp: Pdp,
  batch: Batch,
): Promise<(Decision | InvalidItem)[]> {
  const answers: (Decision | InvalidItem)[] = [];
  for (const window of lotsOf(batch.items, LIMITS.batchWindow)) {
    const host = askingTogether(deps, caller);
    const lines = window.map((): LogRecord[] => []);
    const decided = await Promise.allSettled(
      window.map(async (item, index) => {
        if ("invalid" in item) return item;
        const told = { ...deps, decided: (line: LogRecord) => void lines[index]?.push(line) };
        return await evaluateOne({ deps: told, caller, pdp, host }, item);
      }),
    );
    for (const [index, outcome] of decided.entries()) {
      for (const line of lines[index] ?? []) deps.decided(line); // not of what stands behind the end of the answer
      if (outcome.status === "rejected") throw outcome.reason;
      answers.push(outcome.value);
      if (isLast(outcome.value, batch.semantic)) return answers;
    }
  }
  return answers;
}

function isLast(answer: Decision | InvalidItem, semantic: Semantic): boolean {
  if (semantic === "execute_all") return false;
  const isPermitted = "decision" in answer && answer.decision;
  return isPermitted === (semantic === "permit_on_first_permit");
}
