import type { Role } from "./kinds.ts";

/** A rule of a policy, as a decision names it. */
export interface Rule {
  /** `<policy>#<rule>`, of the YAML: `sector#retire`, `sector_floor#retire`. */
  readonly name: string;
  /** `matrix` says who may, `floor` when at all. */
  readonly from: "matrix" | "floor";
  /** Those that must all hold, in the rule's order; null where the rule is not a list of words (policies/README.md). */
  readonly conditions: readonly Condition[] | null;
  readonly reads: RuleReads;
  /** Whose role in the organization is none of these it does not allow, whatever else is so; null: nobody can tell. */
  readonly roles: readonly Role[] | null;
}

/** What the conditions of a rule depend on. */
export interface RuleReads {
  /** `role`, `R.attr.state`, `P.attr.level`; null: nobody can tell. */
  readonly facts: readonly string[] | null;
  /** Those that facts are compared with. */
  readonly numbers: readonly number[];
}

/** A word of a policy: `isOwner`, `hasRoomForSector`. */
export interface Condition {
  readonly name: string;
  /** The reasons that its twin gives when it does not hold; none where there is no twin. */
  readonly codes: readonly string[];
}

/** The rules that decide about an action of a kind, the matrix' before the floor's; none where the YAML has none. */
export type RulesFor = (matrix: string, kind: string, action: string) => readonly Rule[];

/** The roles without one of which each of these matrices denies the action, as far as its rules tell; null: nobody can tell. */
export function rolesNeeded(
  rulesFor: RulesFor,
  { kind, action }: { readonly kind: string; readonly action: string },
  matrices: Iterable<string>,
): readonly Role[] | null {
  const needed = [...matrices].map((matrix) => {
    const [first, ...others] = rulesFor(matrix, kind, action).flatMap(({ roles }) => (roles === null ? [] : [roles]));
    return first?.filter((role) => others.every((roles) => roles.includes(role))) ?? null;
  });
  const known = needed.filter((roles) => roles !== null);
  return known.length === 0 || known.length < needed.length ? null : [...new Set(known.flat())];
}
