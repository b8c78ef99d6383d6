import type { Caller } from "../entities/callers.ts";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { fenceHolds } from "../entities/fence.ts";
import type { Verdict } from "../entities/judge.ts";
import type { ActionOf, Attributes, Kind, PrincipalRole } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Facts } from "../stores/facts.ts";
import { attributesOf } from "./attributes.ts";
import { type Deadline, deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { gather, type Target } from "./gather.ts";

/**
 * What the graph had to say about the subject's role: it agrees with the ledger; its tuples are on their way, or it is silent,
 * or it was lost as a whole, and the ledger alone decides; or it disagrees, and the smaller right wins.
 */
export type GraphWord = "agrees" | "pending" | "unavailable" | "disagrees";

export interface Question<K extends Kind> {
  readonly target: Target<K>;
  /** Which they are can depend on who asks. */
  readonly actions: readonly ActionOf<K>[] | ((facts: Facts<K>) => readonly ActionOf<K>[]);
  /** The account asked about; absent: the caller's own. */
  readonly alias?: string;
}

export interface Answer<K extends Kind> {
  readonly facts: Facts<K>;
  readonly role: PrincipalRole;
  readonly graph: GraphWord;
  /** Undefined when subject, resource or organization is unknown: there was nothing to ask the policies. */
  readonly attributes: Attributes[K] | undefined;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/**
 * The flow of every question: facts of one version (one statement), the graph's word (one Read), the policies' word (one
 * Cerbos call). Writes nothing. Throws CANNOT_DECIDE when an engine that is needed does not answer within the deadline.
 */
export async function ask<K extends Kind>(deps: Deps, caller: Caller, question: Question<K>): Promise<Answer<K>> {
  const deadline = deadlineIn(deps.timeouts.decisionMs);
  const { facts, role, graph } = await witnessed(deps, caller, question, deadline);
  // Strangers have no facts of it: they cannot use up what is others', nor learn from the refusal that it is there.
  if (facts.organization !== null) await deps.admit(facts.organization.id, "questions");
  const { kind } = question.target;
  const attributes = attributesOf(kind, facts, deps.plans);
  if (attributes === undefined) return { facts, role, graph, attributes, verdicts: new Map() };
  const matrix = facts.organization?.matrix ?? "default";
  const actions = typeof question.actions === "function" ? question.actions(facts) : question.actions;
  const verdicts = await deps.judge({ kind, role, matrix, actions, attributes }, deadline());
  return { facts, role, graph, attributes, verdicts };
}

export interface Witnessed<K extends Kind> {
  readonly facts: Facts<K>;
  readonly role: PrincipalRole;
  readonly graph: GraphWord;
}

/** Facts and the graph's word about the same version; gathered again when a change came between the two. */
export async function witnessed<K extends Kind>(
  deps: Deps,
  caller: Caller,
  question: Pick<Question<K>, "target" | "alias">,
  deadline: Deadline,
): Promise<Witnessed<K>> {
  const options = question.alias === undefined ? {} : { alias: question.alias };
  let facts = await gather(deps, caller, question.target, options);
  for (let round = 0; round <= LIMITS.lostRaces; round += 1) {
    const held = facts.role ?? "none";
    if (facts.organization === null || facts.subject === null) return { facts, role: "none", graph: "agrees" };
    if (facts.graph === null) return { facts, role: held, graph: "agrees" }; // the platform's: no tuple says it
    if (isPending(facts)) return { facts, role: held, graph: "pending" };
    const word = await graphRoles(deps, facts, deadline);
    if (word === "unavailable") return { facts, role: held, graph: word };
    if (isSameRole(held, word)) return { facts, role: held, graph: "agrees" };

    // They disagree, or the graph is ahead by a change that came after the facts. The facts of now tell which.
    const before = facts;
    facts = await gather(deps, caller, question.target, options);
    if (isSameMoment(before, facts)) return await disagreement(deps, facts, word, deadline);
  }
  throw new AppError("CONTENTION", "The organization changes faster than it can be asked about. Try again.");
}

/** Ledger and graph differ at one version. If the fence is elsewhere too, the graph as a whole is not to be believed. */
async function disagreement<K extends Kind>(
  deps: Deps,
  facts: Facts<K>,
  word: readonly string[],
  deadline: Deadline,
): Promise<Witnessed<K>> {
  const held = facts.role ?? "none";
  const { organization, graph } = facts;
  if (organization === null || graph === null) return { facts, role: "none", graph: "agrees" };
  const fence = await fenceOf(deps, organization.id, deadline);
  deps.requestReconcile(organization.id); // not before: a repair moves the fence
  if (fence === "unavailable" || !fenceHolds(fence, graph.applied)) {
    return { facts, role: held, graph: "unavailable" };
  }
  deps.warn("graph.disagrees", {
    organization: organization.id,
    version: organization.version,
    ledger: held,
    graph: word,
  });
  return { facts, role: word.includes(held) ? held : "none", graph: "disagrees" };
}

export function isPending(facts: Facts): boolean {
  return facts.graph !== null && facts.graph.applied < facts.graph.filed;
}

function isSameRole(held: PrincipalRole, word: readonly string[]): boolean {
  return held === "none" ? word.length === 0 : word.length === 1 && word[0] === held;
}

export function isSameMoment(a: Facts, b: Facts): boolean {
  return (
    a.organization?.version === b.organization?.version &&
    a.graph?.applied === b.graph?.applied &&
    a.graph?.filed === b.graph?.filed
  );
}

async function graphRoles(deps: Deps, facts: Facts, deadline: Deadline): Promise<readonly string[] | "unavailable"> {
  const { organization, subject } = facts;
  if (organization === null || subject === null) return [];
  return await orUnavailable(deps.graph.directRoles(subject.pseudonym, organization.id, patience(deps, deadline)));
}

export async function fenceOf(deps: Deps, id: string, deadline: Deadline): Promise<readonly number[] | "unavailable"> {
  return await orUnavailable(deps.graph.fence(id, patience(deps, deadline)));
}

/** OpenFGA gets its own share of the deadline, so that a silent one leaves time for Cerbos. */
export function patience(deps: Deps, deadline: Deadline): number {
  const left = deadline();
  if (left <= 0) throw cannotDecide("openfga", new Error("the deadline has passed"));
  return Math.min(deps.timeouts.graphReadMs, left);
}

/** An outage of OpenFGA neither extends access nor takes the built-in kinds down. */
export async function orUnavailable<Word>(read: Promise<Word>): Promise<Word | "unavailable"> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECIDE") return "unavailable";
    throw error;
  }
}
