import { AppError } from "../entities/errors.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { entityTuple, relationTuple, type Tuple } from "../entities/tuples.ts";
import { deleteEntity, type EntityRow } from "../stores/entities.ts";
import { countPointingTo, type Pointing, removePointingTo, removeRelationsOf } from "../stores/entity-relations.ts";
import type { Changing } from "./change.ts";
import { tupleOf } from "./entity-store.ts";

type Removing = Pick<Changing<"organization">, "tx" | "organization" | "now" | "deleteTuples" | "note">;

/** An entity goes with everything that points to it: whoever is stored under its id later is somebody else. */
export async function eraseEntity(changing: Removing, kind: HostKind, row: EntityRow): Promise<void> {
  const { tx, organization, now } = changing;
  const { type, id, surrogate, relations, revision } = row;
  const most = LIMITS.entityPointedTo;
  if ((await countPointingTo(tx, organization, surrogate, most + 1)) > most) {
    const message = `More than ${most} relations point to it. Take some of them away before: list what is related to it.`;
    throw new AppError("TOO_MANY_RELATIONS", message);
  }
  const pointing = await removePointingTo(tx, organization, { surrogate }, now);
  await removeRelationsOf(tx, organization, surrogate);
  await deleteEntity(tx, organization, surrogate);
  const self = { type, name: surrogate };
  changing.deleteTuples(
    ...pointing.map(pointingTuple),
    ...relations.map((link) => tupleOf(self, link, link.name)),
    ...(kind.hangsUnderOrganization ? [entityTuple(organization, type, surrogate)] : []),
  );
  const before = { revision, relations: relations.length, pointedTo: pointing.length };
  changing.note({ action: "entity.remove", target: { kind: type, id }, before });
}

/** Who leaves an organization takes nothing along that was shared with the account there. */
export async function unrelateAccount(
  changing: Pick<Removing, "tx" | "organization" | "now" | "deleteTuples">,
  account: string,
): Promise<void> {
  const { tx, organization, now } = changing;
  const pointing = await removePointingTo(tx, organization, { account }, now);
  changing.deleteTuples(...pointing.map(pointingTuple));
}

function pointingTuple({ objectType, object, relation, subjectType, name, subjectRelation }: Pointing): Tuple {
  return relationTuple({ type: objectType, name: object }, relation, {
    type: subjectType,
    name,
    relation: subjectRelation,
  });
}
