import { isDeepStrictEqual } from "node:util";
import type { Part } from "./cells.ts";
import { expanded } from "./documents.ts";
import type { KindPolicies, Revision } from "./revision.ts";

export interface Both<Each> {
  readonly base: Each;
  readonly head: Each;
}

interface OneSide {
  readonly revision: Revision;
  readonly kind: KindPolicies | undefined;
}

/** Do both sides say the same, word for word, on facts of the same schemas? Then nobody need be asked. */
export function isUnchanged(sides: Both<OneSide>, parts: Both<readonly Part[]>): boolean {
  const [was, is] = (["base", "head"] as const).map((side) => {
    const { kind, revision } = sides[side];
    const plans = kind?.isHosts === true ? [] : [...revision.plans];
    return [parts[side].map(meaningOf), kind?.schema.schema, revision.shared, plans];
  });
  return isDeepStrictEqual(was, is);
}

/** A part with all its words spelled out. */
function meaningOf({ from, document, rules }: Part): unknown {
  const spelled = (value: unknown): unknown => {
    if (typeof value === "string") return expanded(value, document);
    if (Array.isArray(value)) return value.map(spelled);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]: [string, unknown]) => [name, spelled(member)]),
    );
  };
  return rules.map(({ effect, roles, derivedRoles, condition, output }) => {
    return [
      from,
      effect,
      roles,
      derivedRoles,
      spelled(condition),
      output === null ? null : expanded(output.text, document),
    ];
  });
}
