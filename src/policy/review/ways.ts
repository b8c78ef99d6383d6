import type { Graph } from "../../engines/openfga.ts";
import { canonical } from "../../engines/openfga-differences.ts";
import type { Model } from "../../engines/openfga-model.ts";
import { LIMITS } from "../../entities/limits.ts";
import { type Tuple, tupleKey } from "../../entities/tuples.ts";
import { type Beginning, beginsWith, type Chain, hopTo, toldPair, type ToldWay, toldWays } from "./way-words.ts";

/** How somebody can be related to a thing: one chain of tuples, as short as it can be. */
export interface Way extends ToldWay {
  /** Of the organization, where it begins there. */
  readonly role: string | null;
  readonly tuples: readonly Tuple[];
  readonly subject: string;
  readonly object: string;
  /** Of two at a time, the places of each by itself; none: it is one. */
  readonly pair: readonly number[];
}

/** Things that a chain goes through; a folder in a folder in a folder is as good as one in a folder. */
export const LONGEST = 5;
/** Of one type; the shortest are kept. */
export const MOST_WAYS = 400;

interface Step extends Chain {
  /** Of the organization, where it begins there. */
  readonly role: string | null;
  readonly subject: string;
  readonly tuples: readonly Tuple[];
}

/** As it is kept: one step, or two at a time. */
type Kept = ToldWay & Omit<Step, "hops"> & Pick<Way, "pair">;

export interface Ways {
  readonly ways: readonly Way[];
  /** Are these all that there are? */
  readonly isWhole: boolean;
}

/**
 * Every way from a subject to a thing of this type that the models allow, the shortest first. Where a model says `and` or `but not`, every
 * two of one subject as well: what one gives, another can complete or take away.
 */
export function waysTo(models: readonly Model[], type: string): Ways {
  const found = new Map<string, Step>();
  const walk: Walk = { isCut: false };
  for (const model of models)
    for (const step of stepsTo({ model, walk }, type, "0", [])) found.set(JSON.stringify(step.tuples), step);
  const byLength = (one: Pick<Step, "tuples">, other: Pick<Step, "tuples">): number =>
    one.tuples.length - other.tuples.length;
  const steps = [...found.values()].sort(byLength);
  const single = toldWays(type, steps.slice(0, MOST_WAYS)).map((step): Kept => ({ ...step, pair: [] }));
  const pairs = models.some(isCombining) ? pairsOf(single).sort(byLength) : [];
  const ways = [...single, ...pairs].slice(0, MOST_WAYS).map((kept, index) => {
    const own = (name: string): string => name.replace(/:(?!\*)/, `:w${index}-`);
    const tuples = kept.tuples.map(({ user, relation, object }) => ({
      user: own(user),
      relation,
      object: own(object),
    }));
    const { words, begins, anyDepth, tried, role, pair } = kept;
    const told = { words, begins, anyDepth, tried };
    return { ...told, role, pair, tuples, subject: own(kept.subject), object: own(`${type}:0`) };
  });
  return { ways, isWhole: !walk.isCut && steps.length + pairs.length <= MOST_WAYS };
}

function isCombining(model: Model): boolean {
  return /"(intersection|difference)":\{/.test(canonical(model));
}

function pairsOf(steps: readonly Kept[]): Kept[] {
  return steps.flatMap((one, index) =>
    steps.slice(index + 1).flatMap((other, offset) => {
      if (!isOneSubject(one, other)) return [];
      const tuples = new Map([...one.tuples, ...other.tuples].map((tuple) => [tupleKey(tuple), tuple]));
      const pair = [index, index + 1 + offset];
      const { subject } = one;
      return [{ ...toldPair(one, other), pair, subject, role: one.role ?? other.role, tuples: [...tuples.values()] }];
    }),
  );
}

/** Nobody has two roles, but one role can lead there in several ways. */
export function isOneSubject(one: Pick<Way, "subject" | "role">, other: Pick<Way, "subject" | "role">): boolean {
  const [type, otherType] = [one, other].map(({ subject }) => subject.split(":")[0]);
  return type === otherType && (one.role === null || other.role === null || one.role === other.role);
}

interface Walk {
  /** Was a chain too long, although it would have led to something else? */
  isCut: boolean;
}

interface Walking {
  readonly model: Model;
  readonly walk: Walk;
}

/** @param through what the chain has gone through on its way here */
function stepsTo(walking: Walking, type: string, name: string, through: readonly string[]): Step[] {
  const definition = definitionOf(walking.model, type);
  // The bookkeeping of the relay is no way to anything.
  return Object.entries(definition?.metadata?.relations ?? {}).flatMap(
    ([relation, { directly_related_user_types: types = [] }]) =>
      types.flatMap((target): Step[] => {
        const here = { type, name, relation, target };
        const ending = isSubject(definition, here) ? [endingAt(here)] : [];
        const next = `${target.type}:${relation}`;
        const isLong = through.length >= LONGEST - 1;
        const leadsOn = definitionOf(walking.model, target.type)?.metadata?.relations !== undefined;
        // One that has been at a type before is as good as the one that has not.
        const at = [...through.map((each) => each.split(":")[0]), target.type];
        if (isLong && leadsOn && new Set(at).size === at.length) walking.walk.isCut = true;
        if (isLong || through.filter((each) => each === next).length > 1) return ending;
        const behind = stepsTo(walking, target.type, `${name}-${relation}`, [...through, next]);
        return [...ending, ...behind.flatMap((step) => leading(step, here))];
      }),
  );
}

type Definition = Model["type_definitions"][number];

function definitionOf(model: Model, type: string): Definition | undefined {
  return model.type_definitions.find((each) => each.type === type);
}

/** A relation of one thing, and what it can be with. */
interface Link extends Beginning {
  readonly name: string;
  readonly target: Beginning["target"] & { readonly relation?: string };
}

/** Is it somebody who asks, and not only what leads to somebody? */
function isSubject(definition: Definition | undefined, { type, relation, target }: Link): boolean {
  if (isUserset(target)) return false;
  if (target.type === "account" || type === "organization") return target.type === "account";
  return !canonical(definition?.relations ?? {}).includes(`"tupleset":{"relation":"${relation}"}`);
}

function isUserset({ relation }: Link["target"]): boolean {
  return relation !== undefined && relation !== "";
}

function endingAt(link: Link): Step {
  const { type, name, relation, target } = link;
  const subject = `${target.type}:subject`;
  const user = target.wildcard === undefined ? subject : `${target.type}:*`;
  const role = type === "organization" ? relation : null;
  const tuples = [{ user, relation, object: `${type}:${name}` }];
  return { begins: beginsWith(link), hops: [], role, subject, tuples };
}

function leading(step: Step, link: Link): Step[] {
  const { type, name, relation, target } = link;
  if (isUserset(target) && step.tuples.at(-1)?.relation !== target.relation) return [];
  const user = `${target.type}:${name}-${relation}${isUserset(target) ? `#${String(target.relation)}` : ""}`;
  const tuples = [...step.tuples, { user, relation, object: `${type}:${name}` }];
  return [{ ...step, hops: [hopTo(link), ...step.hops], tuples }];
}

/** Those of the relations that the model defines of this type: about others no graph can be asked. */
export function definedIn(model: Model, type: string, relations: readonly string[]): string[] {
  const defined = definitionOf(model, type)?.relations ?? {};
  return relations.filter((relation) => Object.hasOwn(defined, relation));
}

/** Which of these relations each way gives; null: the model does not know a tuple of it. */
export async function relationsBy(
  graph: Graph,
  ways: readonly Way[],
  relations: readonly string[],
): Promise<(ReadonlySet<string> | null)[]> {
  const isWritten = await Promise.all(
    ways.map(
      async ({ tuples }) => (await graph.write({ writes: tuples, deletes: [] }, TIMEOUT_MS)).outcome === "applied",
    ),
  );
  const asked = ways.flatMap(({ subject, object }, index) =>
    isWritten[index] === true
      ? relations.map((relation) => ({ index, relation, tuple: { user: subject, relation, object } }))
      : [],
  );
  const found = isWritten.map((isKnown) => (isKnown ? new Set<string>() : null));
  for (let from = 0; from < asked.length; from += LIMITS.checksAtOnce) {
    const lot = asked.slice(from, from + LIMITS.checksAtOnce);
    const holding = await graph.holds(
      lot.map(({ tuple }) => tuple),
      TIMEOUT_MS,
    );
    for (const [at, { index, relation }] of lot.entries()) if (holding[at] === true) found[index]?.add(relation);
  }
  return found;
}

const TIMEOUT_MS = 10_000;
