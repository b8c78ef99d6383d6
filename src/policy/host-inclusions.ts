import type { Model } from "../engines/openfga-model.ts";
import { rewriteOf, targetsIn, type Userset } from "./model-types.ts";

/** `relation from tupleset`. */
interface From {
  readonly tupleset: string;
  readonly relation: string;
}

/**
 * Of these relations of a type, those that a relation cannot hold without: `define viewer: editor or …` says that an editor is a viewer, so
 * that nobody has to ask whether somebody who is no viewer is an editor. By the model alone: it is so whatever is written. No relation leads
 * back to itself, so that asking in this order comes to an end.
 */
export function inclusionsOf(
  model: Model,
  type: string,
  relations: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const wholes = new Map(relations.map((relation) => [relation, [] as string[]]));
  for (const [part, found] of wholes) {
    for (const whole of relations) {
      if (part === whole || leadsTo(wholes, whole, part)) continue;
      if (includes(model, { type, part, whole }, new Set())) found.push(whole);
    }
  }
  return wholes;
}

function leadsTo(wholes: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  return (wholes.get(from) ?? []).some((next) => next === to || leadsTo(wholes, next, to));
}

interface Claim {
  readonly type: string;
  readonly part: string;
  readonly whole: string;
}

/**
 * Does `part` follow `whole`? By induction over how `part` came about: each way to it is a shorter one to something that must be in `whole`, so
 * that a claim which is being proven may be used for what it is made of.
 */
function includes(model: Model, claim: Claim, assumed: Set<string>): boolean {
  const { type, part, whole } = claim;
  const { names, froms } = madeOf(model, type, whole);
  const key = JSON.stringify([type, part, whole]);
  if (names.has(part) || assumed.has(key)) return true;
  const rewrite = rewriteOf(model, type, part);
  const parts = rewrite === undefined ? undefined : branchesOf(rewrite);
  if (parts === undefined) return false;
  const assuming = new Set([...assumed, key]);
  return parts.every(({ computedUserset, tupleToUserset }) => {
    const own = computedUserset?.relation;
    if (own !== undefined) return includes(model, { ...claim, part: own }, assuming);
    const from = tupleToUserset === undefined ? undefined : fromOf(tupleToUserset);
    if (from === undefined) return false; // a tuple of its own
    return froms
      .filter(({ tupleset }) => tupleset === from.tupleset)
      .some(({ relation }) => {
        return targetsIn(model, type, from.tupleset).every(({ type: parent }) => {
          if (rewriteOf(model, parent, from.relation) === undefined) return true; // nothing comes from there
          return includes(model, { type: parent, part: from.relation, whole: relation }, assuming);
        });
      });
  });
}

/** What gives the relation by itself: relations of the same object, itself among them, and those of others. */
function madeOf(model: Model, type: string, relation: string): { names: ReadonlySet<string>; froms: readonly From[] } {
  const names = new Set([relation]);
  const froms: From[] = [];
  for (const name of names) {
    const rewrite = rewriteOf(model, type, name);
    for (const { computedUserset, tupleToUserset } of rewrite === undefined ? [] : (branchesOf(rewrite) ?? [])) {
      if (computedUserset?.relation !== undefined) names.add(computedUserset.relation);
      if (tupleToUserset !== undefined) froms.push(fromOf(tupleToUserset));
    }
  }
  return { names, froms };
}

/** Undefined: `and` and `but not` have no branches that would do by themselves. */
function branchesOf(rewrite: Userset): readonly Userset[] | undefined {
  if (rewrite.intersection !== undefined || rewrite.difference !== undefined) return undefined;
  if (rewrite.union === undefined) return [rewrite];
  const branches = rewrite.union.child.map(branchesOf);
  return branches.some((each) => each === undefined) ? undefined : branches.flatMap((each) => each ?? []);
}

function fromOf({ tupleset, computedUserset }: NonNullable<Userset["tupleToUserset"]>): From {
  return { tupleset: tupleset.relation ?? "", relation: computedUserset.relation ?? "" };
}
