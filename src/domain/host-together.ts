import type { Caller } from "../entities/callers.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Facts } from "../stores/facts.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { gather } from "./gather.ts";
import { askHost, type HostAnswer, type HostQuestion } from "./host-questions.ts";

/** A question about one thing. */
export interface OneQuestion extends Omit<HostQuestion, "resources"> {
  readonly resource: { readonly id: string; readonly keeping: HostQuestion["resources"]["keeping"] };
}

/** How single questions about things of a host's kinds are asked. Both throw what `gather` and `askHost` throw. */
export interface HostAsking {
  /** Who asks. */
  readonly head: () => Promise<Facts<"account">>;
  readonly ask: (question: OneQuestion, deadline: Deadline) => Promise<HostAnswer>;
}

const NOBODY = { kind: "account", id: null, slug: null } as const;

/** Each by itself. */
export function askingAlone(deps: Deps, caller: Caller): HostAsking {
  return {
    head: async () => await gather(deps, caller, NOBODY),
    ask: async (question, deadline) => await askHost(deps, caller, about(question, [question.resource.id]), deadline),
  };
}

function about({ resource, ...question }: OneQuestion, ids: readonly string[]): HostQuestion {
  return { ...question, resources: { selector: { type: question.kind.type, ids }, keeping: resource.keeping } };
}

interface Item {
  readonly question: OneQuestion;
  readonly deadline: Deadline;
}

interface Group {
  readonly items: Item[];
  readonly answers: Promise<readonly PromiseSettledResult<HostAnswer>[]>;
}

/**
 * Those that differ in nothing but the thing, and are asked in one turn of the event loop, are asked together, as many as fit one call of
 * the graph: then every relation is asked about, as it is for each alone. What fails together is asked alone, so that nobody fails for another.
 */
export function askingTogether(deps: Deps, caller: Caller): HostAsking {
  const groups = new Map<string, Group>();
  const alone = askingAlone(deps, caller);
  let head: Promise<Facts<"account">> | undefined;
  const begin = (key: string): Group => {
    const items: Item[] = [];
    const turnEnds = new Promise<void>((resolve) => setImmediate(resolve));
    const answers = turnEnds.then(async () => {
      if (groups.get(key) === group) groups.delete(key);
      return await answersTo(deps, caller, items);
    });
    const group = { items, answers };
    groups.set(key, group);
    return group;
  };
  return {
    head: async () => await (head ??= alone.head()),
    ask: async (question, deadline) => {
      const key = keyOf(question);
      const open = groups.get(key);
      const group = open === undefined || open.items.length >= mostOf(question) ? begin(key) : open;
      const index = group.items.push({ question, deadline }) - 1;
      const answer = (await group.answers)[index];
      if (answer?.status === "fulfilled") return answer.value;
      throw answer?.reason ?? new Error("an answer is missing");
    },
  };
}

/** All but the thing's id. */
function keyOf({ kind, resource, ...rest }: OneQuestion): string {
  return JSON.stringify([kind.type, resource.keeping, rest]);
}

/** Beside the subject's role. */
function mostOf({ kind }: OneQuestion): number {
  return Math.max(1, Math.floor((LIMITS.checksAtOnce - 1) / Math.max(1, kind.askedRelations.length)));
}

async function answersTo(
  deps: Deps,
  caller: Caller,
  items: readonly Item[],
): Promise<readonly PromiseSettledResult<HostAnswer>[]> {
  const [first] = items;
  if (first === undefined) return [];
  const ids = [...new Set(items.map(({ question }) => question.resource.id))];
  let admissions: readonly PromiseSettledResult<void>[] | undefined;
  const admit: Deps["admit"] = async (...asked) => {
    admissions ??= await Promise.allSettled(items.map(async () => await deps.admit(...asked)));
    const [refused] = admissions.every(({ status }) => status === "rejected") ? admissions : [];
    if (refused?.status === "rejected") throw refused.reason;
  };
  const together = { ...deps, admit };
  const whole = await settled(askHost(together, caller, about(first.question, ids), first.deadline));
  return await Promise.all(
    items.map(async ({ question, deadline }, index): Promise<PromiseSettledResult<HostAnswer>> => {
      const admission = admissions?.[index];
      if (admission?.status === "rejected") return admission;
      if (whole.status === "fulfilled") return { ...whole, value: partOf(whole.value, question.resource.id) };
      if (items.length === 1) return whole;
      const admitted = admission === undefined ? deps : { ...deps, admit: async () => await Promise.resolve() };
      return await settled(askingAlone(admitted, caller).ask(question, deadline));
    }),
  );
}

async function settled<Answer>(asked: Promise<Answer>): Promise<PromiseSettledResult<Answer>> {
  const [outcome] = await Promise.allSettled([asked]);
  return outcome;
}

/** What is so of one of the things. */
function partOf(answer: HostAnswer, id: string): HostAnswer {
  return {
    ...answer,
    resources: answer.resources.filter((resource) => resource.id === id),
    pairs: answer.pairs.filter(({ resource }) => resource.id === id),
  };
}
