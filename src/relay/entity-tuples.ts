import type { HostKind, HostKinds } from "../entities/host-kinds.ts";
import { entityTuple, relationTuple, type Subject, type Tuple, tupleKey } from "../entities/tuples.ts";
import type { GraphedEntity } from "../stores/entity-tuples.ts";

/** What the graph holds of entities, as the ledger has them. */
export interface EntityTuples {
  /** `type:surrogate`: the objects that are compared, all of kinds that are served. */
  readonly objects: readonly string[];
  /** What the ledger has, also what is ending and what the model of today would not take: that is left alone where it is. */
  readonly known: ReadonlySet<string>;
  /** What can be written. */
  readonly wanted: readonly Tuple[];
}

/** Of a kind that is refused at the moment nothing is known and nothing is touched: the model may not have it. */
export function tuplesOfEntities(
  kinds: HostKinds,
  organization: string,
  entities: readonly GraphedEntity[],
): EntityTuples {
  const objects: string[] = [];
  const known = new Set<string>();
  const wanted: Tuple[] = [];
  for (const { type, surrogate, isStored, relations } of entities) {
    const kind = kinds.served.get(type);
    if (kind === undefined) continue;
    objects.push(`${type}:${surrogate}`);
    if (isStored && kind.hangsUnderOrganization) wanted.push(entityTuple(organization, type, surrogate));
    for (const { relation, subject, isEnding } of relations) {
      const tuple = relationTuple({ type, name: surrogate }, relation, subject);
      if (!isEnding && takes(kind, relation, subject)) wanted.push(tuple);
      else known.add(tupleKey(tuple));
    }
  }
  for (const tuple of wanted) known.add(tupleKey(tuple));
  return { objects, known, wanted };
}

function takes({ relations }: HostKind, relation: string, subject: Subject): boolean {
  const targets = relations.get(relation) ?? [];
  return targets.some((target) => target.type === subject.type && (target.relation ?? "") === subject.relation);
}
