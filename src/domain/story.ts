import type { JudgeQuestion, Verdict } from "../entities/judge.ts";
import type { Reason } from "../entities/errors.ts";
import type { Condition, Rule } from "../entities/rules.ts";
import type { Tuple } from "../entities/tuples.ts";
import { orUnavailable } from "./access.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { type ClassifiedReason, classified } from "./reasons.ts";
import { findTurns, type Turn, type Turnable } from "./turns.ts";

/** Where a fact comes from: the ledger, the graph, a plan's limits, or the caller itself. */
export type Source = "ledger" | "graph" | "plan" | "sent";

export interface ToldFact {
  /** As in the context's facts: `subject.role`, `resource.ownerCount`. */
  readonly name: string;
  readonly value: unknown;
  readonly source: Source;
  /** The organization's, where it is one of its facts. */
  readonly version?: number;
}

export interface ToldRule extends Pick<Rule, "name" | "from"> {
  readonly allowed: boolean;
  readonly reasons: readonly ClassifiedReason[];
  /** Absent where the rule is not a list of words; `holds` where the reasons do not tell. */
  readonly conditions?: readonly { readonly name: string; readonly holds?: boolean }[];
}

/** A thing by the name that callers know it by; null: it has none here. */
export interface ToldThing {
  readonly type: string;
  readonly id: string | null;
}

export interface ToldRelation {
  readonly object: ToldThing;
  readonly relation: string;
  readonly subject: ToldThing;
  readonly paths: readonly (readonly {
    readonly object: ToldThing;
    readonly relation: string;
    readonly through?: string;
  }[])[];
  /** False: a limit was met, or OpenFGA was silent. */
  readonly isComplete: boolean;
}

export interface Story {
  readonly rules: readonly ToldRule[];
  readonly facts: readonly ToldFact[];
  readonly relations: readonly ToldRelation[];
  readonly changes: readonly Turn[];
  /** False: there was more that could be otherwise than was tried. */
  readonly isComplete: boolean;
}

/** A question as it was put to the policies, of whichever kind, and what they said. */
export interface Judged extends Omit<Turnable, "allowed" | "reads"> {
  readonly verdict: Verdict;
  readonly version: number | undefined;
  readonly sourceOf: (name: string) => Source;
  /** The relations that counted, as the graph has them. */
  readonly relations: readonly Tuple[];
  /** What callers call these; what it leaves out has no name that may leave. */
  readonly namesOf: (objects: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** How an answer came about, and what would turn it. Throws CANNOT_DECIDE when Cerbos does not answer in time. */
export async function storyOf(deps: Deps, judged: Judged, deadline: Deadline): Promise<Story> {
  const { question, verdict } = judged;
  const [action] = question.actions;
  const deciding = deps.rulesFor(question.matrix, question.kind, action);
  const turnable = { ...judged, allowed: verdict.allowed, reads: deciding.map(({ reads }) => reads) };
  const [{ turns, isComplete }, relations] = await Promise.all([
    findTurns(deps, turnable, deadline),
    Promise.all(judged.relations.map(async (tuple) => await toldRelation(deps, judged, tuple, deadline))),
  ]);
  const rules = deciding.map((rule) => toldRule(rule, verdict[rule.from]));
  return { rules, facts: toldFacts(judged), relations, changes: turns, isComplete };
}

function toldRule({ name, from, conditions }: Rule, reasons: readonly Reason[]): ToldRule {
  const told = conditions?.map((condition) => ({ name: condition.name, ...heldBy(condition, conditions, reasons) }));
  const allowed = reasons.length === 0;
  return { name, from, allowed, reasons: reasons.map(classified), ...(told && { conditions: told }) };
}

/** Whether a condition held is told by its twin's reasons, unless another condition, or something else, can give the same. */
function heldBy(
  { name, codes }: Condition,
  all: readonly Condition[],
  reasons: readonly Reason[],
): { readonly holds?: boolean } {
  if (reasons.length === 0) return { holds: true };
  const others = all.filter((each) => each.name !== name).flatMap((each) => each.codes);
  const isTold = codes.length > 0 && codes.every((code) => !others.includes(code));
  const isForeign = reasons.some(({ code }) => !codes.includes(code) && !others.includes(code));
  return isTold && !isForeign ? { holds: !reasons.some(({ code }) => codes.includes(code)) } : {};
}

function toldFacts({ question, subject, version, sourceOf, isHidden }: Judged): ToldFact[] {
  const told = (name: string, value: unknown): ToldFact => {
    const source = sourceOf(name);
    const isOrganizations = source === "ledger" || source === "graph";
    return { name, value, source, ...(isOrganizations && version !== undefined && { version }) };
  };
  const role = told("subject.role", question.role);
  const ofSubject = Object.entries(subject).map(([name, value]) => told(`subject.${name}`, value));
  const ofResource = leaves(question).map(([name, value]) => told(`resource.${name}`, value));
  return [role, ...ofSubject, ...ofResource].filter(({ name }) => !isHidden(name));
}

/** What lies within `relations` and `sent` are facts of their own. */
function leaves({ attributes }: JudgeQuestion): [name: string, value: unknown][] {
  return Object.entries(attributes).flatMap(([name, value]): [string, unknown][] => {
    if (name !== "relations" && name !== "sent") return [[name, value]];
    return Object.entries(value as object).map(([inner, each]) => [`${name}.${inner}`, each]); // by the kind's schema
  });
}

/** Pseudonyms and surrogates end here. */
async function toldRelation(deps: Deps, judged: Judged, tuple: Tuple, deadline: Deadline): Promise<ToldRelation> {
  const { paths, isComplete } = await waysOf(deps, tuple, deadline);
  const objects = [tuple.object, tuple.user, ...paths.flat().map(({ object }) => object)];
  const names = await judged.namesOf([...new Set(objects)]);
  const named = (object: string): ToldThing => ({ type: object.split(":")[0] ?? "", id: names.get(object) ?? null });
  const told = paths.map((path) => path.map((step) => ({ ...step, object: named(step.object) })));
  return { object: named(tuple.object), relation: tuple.relation, subject: named(tuple.user), paths: told, isComplete };
}

/** An explanation of what the ledger knows is worth having while OpenFGA is silent. */
async function waysOf(deps: Deps, tuple: Tuple, deadline: Deadline): ReturnType<Deps["graph"]["paths"]> {
  const patience = (): number => Math.min(deps.timeouts.graphReadMs, deadline());
  const word = await orUnavailable(deps.graph.paths(tuple, patience));
  return word === "unavailable" ? { paths: [], isComplete: false } : word;
}
