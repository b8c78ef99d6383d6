import { z } from "zod";
import type { Role } from "../entities/kinds.ts";
import { knownReads } from "./host-reads.ts";
import type { Cel } from "./review/cel.ts";
import type { PolicyDocument, RuleDocument } from "./review/documents.ts";
import { relationOf } from "./review/reads.ts";

/** By action, what it is denied without one of, whatever else is so; null: it may be allowed to whoever has none. */
export type Needed<Name extends string = string> = ReadonlyMap<string, readonly Name[] | null>;

/**
 * What the one rule of each action cannot be satisfied without: relations here, roles below. What is asked for as one of several conditions that
 * must all hold is needed; of alternatives each has to need something. An error in a condition is no satisfaction, so that what is false
 * without it may as well fail. Where a policy is not understood (see `knownReads`), nothing is needed.
 */
export function relationsNeededBy(policy: PolicyDocument): Needed {
  return neededBy(policy, relationsIn);
}

/** By rank, the roles that have it: `at_least_admin` is `admin` and `owner`. */
export type Ranks = ReadonlyMap<string, readonly Role[]>;

export function rolesNeededBy(policy: PolicyDocument, ranks: Ranks): Needed<Role> {
  return neededBy(policy, (cel) => {
    if (cel.is !== "call" || cel.name !== "@in") return undefined;
    const [rank, list] = cel.args;
    const isRanked = list?.is === "path" && !list.isAsked && list.names.join(".") === EFFECTIVE;
    const roles = isRanked && rank?.is === "literal" ? ranks.get(String(rank.value)) : undefined;
    return roles && new Set(roles);
  });
}

const EFFECTIVE = "runtime.effectiveDerivedRoles";

type Needs<Name extends string> = ReadonlySet<Name> | null;
/** What an expression asks for itself; undefined: nothing, look into it. */
type Asks<Name extends string> = (cel: Cel) => Needs<Name> | undefined;

function neededBy<Name extends string>(policy: PolicyDocument, asks: Asks<Name>): Needed<Name> {
  const needed = policy.rules.map((rule) => {
    const needs = knownReads(rule.conditions, policy) === null ? null : ruleNeeds(rule, policy, asks);
    return rule.actions.map((action) => [action, needs === null ? null : [...needs].sort()] as const);
  });
  return new Map(needed.flat());
}

const Single = z.strictObject({ match: z.strictObject({ expr: z.string() }) });

function ruleNeeds<Name extends string>(
  { conditions, condition, isConjunction }: RuleDocument,
  { variables }: PolicyDocument,
  asks: Asks<Name>,
): Needs<Name> {
  if (!isConjunction && !Single.safeParse(condition).success) return null;
  return fewest(conditions.map(({ cel }) => (cel === null ? null : celNeeds(cel, { variables, asks, within: [] }))));
}

/** Each of them has to hold: one that needs something is enough, best the one that can do with the fewest. */
function fewest<Name extends string>(all: readonly Needs<Name>[]): Needs<Name> {
  const needs = all.filter((each) => each !== null).sort((one, other) => one.size - other.size);
  return needs[0] ?? null;
}

interface Words<Name extends string> {
  readonly variables: PolicyDocument["variables"];
  readonly asks: Asks<Name>;
  /** That are being read already. */
  readonly within: readonly string[];
}

/** What the expression is not true without one of. */
function celNeeds<Name extends string>(cel: Cel, words: Words<Name>): Needs<Name> {
  const asked = words.asks(cel);
  if (asked !== undefined) return asked;
  if (cel.is === "path") return wordNeeds(cel, words);
  if (cel.is !== "call") return null;
  const needs = cel.args.map((arg) => celNeeds(arg, words));
  if (cel.name === "_&&_") return fewest(needs);
  if (cel.name === "_||_") return anyOf(needs);
  const isTrue = (arg: Cel): boolean => arg.is === "literal" && arg.value === true;
  return cel.name === "_==_" && cel.args.some(isTrue) ? fewest(needs) : null;
}

function anyOf<Name extends string>(all: readonly Needs<Name>[]): Needs<Name> {
  const known = all.filter((each) => each !== null);
  return known.length === all.length ? new Set(known.flatMap((each) => [...each])) : null;
}

/** That a relation is told at all is no need: it always is. */
function relationsIn(cel: Cel): Needs<string> | undefined {
  if (cel.is !== "path" || cel.isAsked || cel.names.length !== 4) return undefined; // of fewer, one has dots in its name
  const relation = relationOf(cel.names.join("."));
  return relation === null ? undefined : new Set([relation]);
}

function wordNeeds<Name extends string>(
  { names, isAsked }: Extract<Cel, { readonly is: "path" }>,
  words: Words<Name>,
): Needs<Name> {
  const { variables, within } = words;
  const [root, name = ""] = names;
  const isWord = !isAsked && root === "V" && names.length === 2 && !within.includes(name);
  const cel = isWord ? variables.get(name)?.cel : undefined;
  return cel === undefined || cel === null ? null : celNeeds(cel, { ...words, within: [...within, name] });
}
