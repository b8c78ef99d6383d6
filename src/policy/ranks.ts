import { z } from "zod";
import { type Role, ROLES } from "../entities/kinds.ts";
import type { Ranks } from "./needs.ts";
import { isFault, readPositioned } from "./positioned.ts";

/** A derived role of policies/cerbos/roles.yaml. */
export interface RankDefinition {
  readonly name: string;
  readonly parentRoles: readonly string[];
  /** Where it stands. */
  readonly line: number;
}

const Document = z.object({
  derivedRoles: z.object({ definitions: z.array(z.object({ name: z.string(), parentRoles: z.array(z.string()) })) }),
});

/** None where the file holds something else. */
export function ranksIn(text: string): RankDefinition[] {
  const document = readPositioned(text);
  const ranks = isFault(document) ? null : Document.safeParse(document.value);
  if (isFault(document) || ranks?.success !== true) return [];
  const { definitions } = ranks.data.derivedRoles;
  return definitions.map((definition, index) => {
    return { ...definition, line: document.lineOf(["derivedRoles", "definitions", index]) };
  });
}

/** Those of which a membership's role is needed: one that anybody may have, or that is written twice, is none of them. */
export function rolesOf(definitions: readonly RankDefinition[]): Ranks {
  const ranked = definitions.filter(({ name, parentRoles }) => {
    const isTwice = definitions.filter((each) => each.name === name).length > 1;
    return !isTwice && parentRoles.every((role) => role === "service" || isRole(role));
  });
  return new Map(ranked.map(({ name, parentRoles }) => [name, parentRoles.filter(isRole)]));
}

function isRole(name: string): name is Role {
  return (ROLES as readonly string[]).includes(name);
}
