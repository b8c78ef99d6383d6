import type { Caller } from "../entities/callers.ts";
import { PLATFORM } from "../entities/ids.ts";
import { recordChange } from "../stores/audit.ts";
import type { Transaction } from "../stores/database.ts";
import { enterOrganization } from "../stores/scope.ts";
import { requirePlatformAdmin } from "./clients.ts";
import type { Deps } from "./deps.ts";
import { MOVED, once } from "./once.ts";

/** Which policies decide, and which did before. */
export interface Deployed {
  readonly unit: string;
  readonly commit: string | null;
  readonly previous: { readonly unit: string; readonly commit: string | null };
  /** Kinds of a host's about which nothing is decided until they are mended. */
  readonly refused: readonly string[];
}

/**
 * This gateway decides by what its folders of policies hold now. A deploy is told by the platform's log (K8); where nothing is new there is none.
 * A dry run reads and checks. Throws what `Deploys` throws.
 */
export async function reloadPolicies(deps: Deps, caller: Caller): Promise<Deployed> {
  const client = await requirePlatformAdmin(deps, caller);
  const prepared = await deps.deploys.prepare({ isCheckOnly: caller.isDryRun });
  try {
    const { unit, commit, refused } = prepared;
    const previous = { unit: deps.unit, commit: deps.commit };
    // Each gateway is reloaded by itself: with a key another one's answer would be taken for this one's.
    const unrepeated = { ...caller, idempotency: null };
    const done = await once<Deployed>(deps, unrepeated, client.id, async (tx) => {
      if (unit !== previous.unit) await record(tx, { deps, caller, client: client.id, after: { unit, commit } });
      return { unit, commit, previous, refused };
    });
    if (done === MOVED) throw new Error("a deploy rests on nothing that moves");
    if (!caller.isDryRun) prepared.serve();
    return done;
  } finally {
    await prepared.end();
  }
}

interface Deploy {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly client: string;
  readonly after: Pick<Deployed, "unit" | "commit">;
}

/** Before it is served: a deploy that nobody could write down does not happen. */
async function record(tx: Transaction, { deps, caller, client, after }: Deploy): Promise<void> {
  const { unit, commit } = deps;
  await enterOrganization(tx, PLATFORM);
  await recordChange(tx, {
    organization: PLATFORM,
    actor: { kind: "client", id: client },
    matrix: null,
    unit: after.unit, // the first event under it
    requestId: caller.requestId,
    entries: [
      {
        action: "policies.deploy",
        target: { kind: "policies", id: after.unit },
        before: { unit, commit },
        after,
      },
    ],
    freshPseudonyms: [], // no account is named
    now: deps.clock(),
  });
}
