import type { PolicyDocument, RuleDocument } from "./review/documents.ts";
import { type Reads, readsOf, relationOf } from "./review/reads.ts";

/** The relations that decide about an action; null: nobody can tell, it may be any. */
export type RelationsRead = ReadonlyMap<string, readonly string[] | null>;

/** The derived roles of policies/cerbos/roles.yaml. */
const RANKS = "ranks";

/**
 * Which of `R.attr.relations` the rules of each action can read: in conditions, and in the variables that these name, however deep. Outputs
 * give reasons and decide nothing; the built-in ranks read the principal alone. A condition outside of the CEL that is understood here
 * (review/cel.ts) is believed to read all of them.
 */
export function relationsReadBy(policy: PolicyDocument): RelationsRead {
  const read = policy.rules.map(({ actions, conditions }) => {
    const reads = knownReads(conditions, policy);
    const relations = reads === null ? null : relationsIn(reads);
    return actions.map((action) => [action, relations] as const);
  });
  return new Map(read.flat());
}

/** What conditions of a policy read; null: nobody can tell, as where it imports other derived roles than the built-in ones, which may read anything. */
export function knownReads(
  conditions: RuleDocument["conditions"],
  { variables, importedRoles }: PolicyDocument,
): Reads | null {
  const reads = readsOf(conditions, variables);
  const expressions = [...conditions, ...[...reads.variables].flatMap((name) => variables.get(name) ?? [])];
  const isForeign = importedRoles.some((name) => name !== RANKS);
  return isForeign || reads.strays.size > 0 || expressions.some(({ cel }) => cel === null) ? null : reads;
}

function relationsIn({ facts }: Reads): readonly string[] | null {
  const relations = [...facts].filter((fact) => /^R\.attr\.relations\b/.test(fact));
  const names = relations.flatMap((fact) => relationOf(fact) ?? []);
  return names.length === relations.length ? names.sort() : null;
}
