import type { Model } from "../engines/openfga-model.ts";
import type { Reach, ReachStep } from "../entities/host-kinds.ts";
import { ROLES } from "../entities/kinds.ts";
import { rewriteOf, targetsIn, type Userset } from "./model-types.ts";

/** Where from an object comes to be something of the subject's. */
type Origin =
  | { readonly by: "tuple"; readonly from: string | null; readonly relation: string; readonly of: string }
  | { readonly by: "role"; readonly role: string }
  /** The same object: what it is already makes it that, too. */
  | { readonly by: "itself"; readonly from: string };

/**
 * How tuples lead a subject to objects of a type that it is in one of these relations to. Never fewer than OpenFGA finds: of `a and b` the first is
 * followed alone, of `a but not b` what it is taken from. More only there.
 */
export function reachOf(model: Model, type: string, relations: readonly string[], subjectType: string): Reach {
  const targets = relations.map((relation) => nodeOf(type, relation));
  const origins = originsOf(model, targets, subjectType);
  const starts = [...origins.values()].flat().flatMap((origin) => (origin.by === "tuple" ? (origin.from ?? []) : []));
  const counts = new Set([...targets, ...starts]);
  const steps = new Map<string, ReachStep>();
  const roles = new Map<string, Reach["roles"][number]>();
  for (const [node, all] of origins) {
    for (const to of madeOf(node, origins).filter((each) => counts.has(each))) {
      for (const origin of all) {
        if (origin.by === "role") roles.set(`${origin.role} ${to}`, { role: origin.role, to });
        if (origin.by !== "tuple") continue;
        const { from, relation, of } = origin;
        steps.set(JSON.stringify([from, relation, of, to]), { from, relation, of, to });
      }
    }
  }
  return { targets, steps: [...steps.values()], roles: [...roles.values()] };
}

function nodeOf(type: string, relation: string): string {
  return `${type}#${relation}`;
}

/** Of the targets, and of all that leads to them. */
function originsOf(model: Model, targets: readonly string[], subjectType: string): Map<string, readonly Origin[]> {
  const origins = new Map<string, readonly Origin[]>();
  const ahead = new Set(targets);
  for (const node of ahead) {
    const [type = "", relation = ""] = node.split("#");
    const rewrite = rewriteOf(model, type, relation);
    const found =
      rewrite === undefined ? [] : branchesOf(rewrite).flatMap(originsIn({ model, type, relation, subjectType }));
    origins.set(node, found);
    for (const origin of found) if (origin.by !== "role" && origin.from !== null) ahead.add(origin.from);
  }
  return origins;
}

interface Place {
  readonly model: Model;
  readonly type: string;
  readonly relation: string;
  readonly subjectType: string;
}

function originsIn({ model, type, relation, subjectType }: Place): (branch: Userset) => Origin[] {
  return ({ computedUserset, tupleToUserset }) => {
    if (computedUserset?.relation !== undefined)
      return [{ by: "itself", from: nodeOf(type, computedUserset.relation) }];
    if (tupleToUserset === undefined) return directly(model, { type, relation, subjectType });
    const { tupleset, computedUserset: wanted } = tupleToUserset;
    const [through, of] = [tupleset.relation ?? "", wanted.relation ?? ""];
    return targetsIn(model, type, through).flatMap(({ type: parent }): Origin[] => {
      if (parent === "organization") return (ROLES as readonly string[]).includes(of) ? [{ by: "role", role: of }] : [];
      if (rewriteOf(model, parent, of) === undefined) return []; // nothing comes from there
      return [{ by: "tuple", from: nodeOf(parent, of), relation: through, of: "" }];
    });
  };
}

function directly(model: Model, { type, relation, subjectType }: Omit<Place, "model">): Origin[] {
  return targetsIn(model, type, relation).flatMap(({ type: of, relation: userset }): Origin[] => {
    if (userset !== undefined && userset !== "")
      return [{ by: "tuple", from: nodeOf(of, userset), relation, of: userset }];
    return of === subjectType ? [{ by: "tuple", from: null, relation, of: "" }] : [];
  });
}

/** The node, and all that an object is by being that. */
function madeOf(node: string, origins: ReadonlyMap<string, readonly Origin[]>): string[] {
  const made = new Set([node]);
  for (const each of made) {
    for (const [next, all] of origins) {
      if (all.some((origin) => origin.by === "itself" && origin.from === each)) made.add(next);
    }
  }
  return [...made];
}

/** Without one of which nobody has the relation. */
function branchesOf(rewrite: Userset): readonly Userset[] {
  const { union, intersection, difference } = rewrite;
  if (union !== undefined) return union.child.flatMap(branchesOf);
  const [first] = intersection?.child ?? [];
  if (first !== undefined) return branchesOf(first);
  return difference === undefined ? [rewrite] : branchesOf(difference.base);
}
