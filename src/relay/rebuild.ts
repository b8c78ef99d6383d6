import { setTimeout as wait } from "node:timers/promises";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { readPosition } from "../stores/ledger.ts";
import { inOrganization } from "../stores/scope.ts";
import { reconcile, type ReconcileDeps, type Report } from "./reconcile.ts";

/**
 * Rebuilds the graph of one organization from the ledger, wherever its fence stands, and looks until nothing differs any more:
 * the look that follows a rebuild belongs to it (docs/decisions/0001-fence.md). Throws CANNOT_DECIDE when OpenFGA does not answer
 * or takes no more of it, CONTENTION when the ledger moves faster than it can be compared. Either can be repeated.
 */
export async function rebuild(deps: ReconcileDeps, organization: string): Promise<Report> {
  const report = await reconcile(deps, organization, { rebuilds: true });
  if (report.outcome === "postponed") throw new AppError("CONTENTION", "the organization changes too fast; try again");
  let applied = -1;
  let deadline = 0;
  for (;;) {
    const { outcome } = await reconcile(deps, organization);
    if (outcome === "agrees") return report;
    const position = await inOrganization(
      deps.database,
      organization,
      async (tx) => await readPosition(tx, organization),
    );
    const now = deps.clock().getTime();
    if (position !== undefined && position.applied !== applied) deadline = now + LIMITS.rebuildSettlesMs;
    applied = position?.applied ?? applied;
    if (now >= deadline) {
      throw cannotDecide("openfga", new Error("the rebuild is filed, but OpenFGA has not all of it yet"));
    }
    await wait(LIMITS.rebuildLooksEveryMs);
  }
}
