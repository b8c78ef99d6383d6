import { setTimeout as wait } from "node:timers/promises";
import { LIMITS } from "../entities/limits.ts";
import type { Transaction } from "../stores/database.ts";
import { endDeparture, findDeparture } from "../stores/departures.ts";
import { removePointingTo } from "../stores/entity-relations.ts";
import { lockPosition } from "../stores/ledger.ts";
import { fileTuples } from "../stores/outbox.ts";
import { inOrganization } from "../stores/scope.ts";
import type { ReconcileDeps } from "./reconcile.ts";

/**
 * Ends what still points to who has left, in parts, each when the last is in the graph, so that questions are decided in between. Like a repair it
 * leaves the version alone: nothing of it decides any more. Where the graph takes nothing it stops; the next comparison goes on.
 */
export async function endDepartures(deps: ReconcileDeps, organization: string): Promise<void> {
  const inside = async <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
    await inOrganization(deps.database, organization, work);
  while ((await inside(async (tx) => await findDeparture(tx, organization))) !== undefined) {
    if (!(await isApplied(deps, organization))) return;
    await inside(async (tx) => await endPart(deps, tx, organization));
  }
}

/** Soon enough? A gateway that was killed has left its lease, which the relay waits out. */
async function isApplied({ apply, clock, signal }: ReconcileDeps, organization: string): Promise<boolean> {
  const deadline = clock().getTime() + LIMITS.rebuildSettlesMs;
  for (;;) {
    signal?.throwIfAborted();
    const isDone = await apply(organization).then(
      () => true,
      () => false, // the relay has told why
    );
    if (isDone || clock().getTime() >= deadline) return isDone;
    await wait(LIMITS.rebuildLooksEveryMs);
  }
}

async function endPart({ clock }: ReconcileDeps, tx: Transaction, organization: string): Promise<void> {
  const position = await lockPosition(tx, organization);
  const account = await findDeparture(tx, organization); // under the lock: another gateway may have ended it, and the account be back
  if (position === undefined || account === undefined) return;
  if (position.filed > position.applied) return; // so may it have filed a part: one at a time is on its way
  const [now, most] = [clock(), LIMITS.relationsEnded];
  const deletes = await removePointingTo(tx, organization, { account }, { most, now });
  if (deletes.length < most) await endDeparture(tx, organization, account);
  await fileTuples(tx, { organization, version: position.version, change: { writes: [], deletes }, now });
}
