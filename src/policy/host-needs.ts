import { z } from "zod";
import { knownReads } from "./host-reads.ts";
import type { Cel } from "./review/cel.ts";
import type { PolicyDocument, RuleDocument } from "./review/documents.ts";
import { relationOf } from "./review/reads.ts";

/** By action, relations without one of which it is denied, whatever else is so; null: it may be allowed to whoever has none. */
export type RelationsNeeded = ReadonlyMap<string, readonly string[] | null>;

/**
 * What the one rule of each action cannot be satisfied without. A relation that is asked for as one of several conditions that must all hold is
 * needed; of alternatives each has to need one. An error in a condition is no satisfaction, so that what is false without the relation may
 * as well fail. Where a policy is not understood (see `knownReads`), nothing is needed.
 */
export function relationsNeededBy(policy: PolicyDocument): RelationsNeeded {
  const needed = policy.rules.map((rule) => {
    const needs = knownReads(rule.conditions, policy) === null ? null : ruleNeeds(rule, policy);
    return rule.actions.map((action) => [action, needs === null ? null : [...needs].sort()] as const);
  });
  return new Map(needed.flat());
}

type Needs = ReadonlySet<string> | null;

const Single = z.strictObject({ match: z.strictObject({ expr: z.string() }) });

function ruleNeeds({ conditions, condition, isConjunction }: RuleDocument, { variables }: PolicyDocument): Needs {
  if (!isConjunction && !Single.safeParse(condition).success) return null;
  return fewest(conditions.map(({ cel }) => (cel === null ? null : celNeeds(cel, { variables, within: [] }))));
}

/** Each of them has to hold: one that needs a relation is enough, best the one that fewest relations satisfy. */
function fewest(all: readonly Needs[]): Needs {
  const needs = all.filter((each) => each !== null).sort((one, other) => one.size - other.size);
  return needs[0] ?? null;
}

interface Words {
  readonly variables: PolicyDocument["variables"];
  /** That are being read already. */
  readonly within: readonly string[];
}

/** Relations without one of which the expression is not true. */
function celNeeds(cel: Cel, words: Words): Needs {
  if (cel.is === "path") return pathNeeds(cel, words);
  if (cel.is !== "call") return null;
  const needs = cel.args.map((arg) => celNeeds(arg, words));
  if (cel.name === "_&&_") return fewest(needs);
  if (cel.name === "_||_") return anyOf(needs);
  const isTrue = (arg: Cel): boolean => arg.is === "literal" && arg.value === true;
  return cel.name === "_==_" && cel.args.some(isTrue) ? fewest(needs) : null;
}

function anyOf(all: readonly Needs[]): Needs {
  const known = all.filter((each) => each !== null);
  return known.length === all.length ? new Set(known.flatMap((each) => [...each])) : null;
}

/** That a relation is told at all is no need: it always is. */
function pathNeeds({ names, isAsked }: Extract<Cel, { readonly is: "path" }>, { variables, within }: Words): Needs {
  if (isAsked) return null;
  const relation = names.length === 4 ? relationOf(names.join(".")) : null; // of fewer, one has dots in its name
  if (relation !== null) return new Set([relation]);
  const [root, name = ""] = names;
  const cel = root === "V" && names.length === 2 && !within.includes(name) ? variables.get(name)?.cel : undefined;
  return cel === undefined || cel === null ? null : celNeeds(cel, { variables, within: [...within, name] });
}
