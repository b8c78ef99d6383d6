import type { PolicyDocument, RuleDocument } from "./review/documents.ts";
import { readsOf } from "./review/reads.ts";

/** The relations that decide about an action; null: nobody can tell, it may be any. */
export type RelationsRead = ReadonlyMap<string, readonly string[] | null>;

/** The derived roles of policies/cerbos/roles.yaml. */
const RANKS = "ranks";

/**
 * Which of `R.attr.relations` the rules of each action can read: in conditions, and in the variables that these name, however deep. Outputs
 * give reasons and decide nothing; the built-in ranks read the principal alone. A condition outside of the CEL that is understood here
 * (review/cel.ts) is believed to read all of them.
 * @param derivedRoles that the policy imports: others than the built-in ones may read anything
 */
export function relationsReadBy({ rules, variables }: PolicyDocument, derivedRoles: readonly string[]): RelationsRead {
  const isForeign = derivedRoles.some((name) => name !== RANKS);
  const read = rules.map(({ actions, conditions }) => {
    const relations = isForeign ? null : relationsIn(conditions, variables);
    return actions.map((action) => [action, relations] as const);
  });
  return new Map(read.flat());
}

function relationsIn(
  conditions: RuleDocument["conditions"],
  variables: PolicyDocument["variables"],
): readonly string[] | null {
  const { facts, strays, variables: named } = readsOf(conditions, variables);
  const expressions = [...conditions, ...[...named].flatMap((name) => variables.get(name) ?? [])];
  if (strays.size > 0 || expressions.some(({ cel }) => cel === null)) return null;
  const relations = [...facts].filter((fact) => /^R\.attr\.relations\b/.test(fact));
  const names = relations.flatMap((fact) => /^R\.attr\.relations\.([^.]+)$/.exec(fact)?.[1] ?? []);
  return names.length === relations.length ? names.sort() : null;
}
