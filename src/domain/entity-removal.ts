import { AppError } from "../entities/errors.ts";
import type { HostKind } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { entityTuple } from "../entities/tuples.ts";
import { deleteEntity, type EntityRow } from "../stores/entities.ts";
import { countPointingTo, removePointingTo, removeRelationsOf } from "../stores/entity-relations.ts";
import type { Changing } from "./change.ts";

type Removing = Pick<Changing<"organization">, "tx" | "organization" | "now" | "deleteTuples" | "note">;

/** An entity goes with everything that points to it: whoever is stored under its id later is somebody else. */
export async function eraseEntity(changing: Removing, kind: HostKind, row: EntityRow): Promise<void> {
  const { tx, organization, now } = changing;
  const { type, id, surrogate, revision } = row;
  const most = LIMITS.entityPointedTo;
  if ((await countPointingTo(tx, organization, surrogate, most + 1)) > most) {
    const message = `More than ${most} relations point to it. Take some of them away before: list what is related to it.`;
    throw new AppError("TOO_MANY_RELATIONS", message);
  }
  const pointing = await removePointingTo(tx, organization, { surrogate }, { most, now });
  changing.deleteTuples(pointing);
  changing.deleteTuples(await removeRelationsOf(tx, organization, surrogate));
  if (kind.hangsUnderOrganization) changing.deleteTuples([entityTuple(organization, type, surrogate)]);
  await deleteEntity(tx, organization, surrogate);
  const before = { revision, relations: row.relations.length, pointedTo: pointing.length };
  changing.note({ action: "entity.remove", target: { kind: type, id }, before });
}

/**
 * Who leaves an organization takes nothing along that was shared with the account there. Ends as much of it as one transaction may. What is left
 * counts for nothing once the membership is gone, and is the reconciler's to end.
 * @param unfinished is given the organization, when there can be more: ask for its comparison after the change
 */
export async function unrelateAccount(
  changing: Pick<Removing, "tx" | "organization" | "now" | "deleteTuples">,
  account: string,
  unfinished: Set<string>,
): Promise<void> {
  const { tx, organization, now } = changing;
  const most = LIMITS.relationsEnded;
  const ended = await removePointingTo(tx, organization, { account }, { most, now });
  changing.deleteTuples(ended);
  if (ended.length === most) unfinished.add(organization);
}
