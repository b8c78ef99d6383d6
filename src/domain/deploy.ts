import type { Caller } from "../entities/callers.ts";
import { PLATFORM } from "../entities/ids.ts";
import { type ChangeRecord, listAuditEvents, recordChange } from "../stores/audit.ts";
import type { Transaction } from "../stores/database.ts";
import { lockAt } from "../stores/facts.ts";
import { requirePlatformAdmin } from "./clients.ts";
import type { Deps, Prepared } from "./deps.ts";
import { MOVED, once } from "./once.ts";

/** Which policies decide, and which did before. */
export interface Deployed {
  readonly unit: string;
  readonly commit: string | null;
  readonly previous: { readonly unit: string; readonly commit: string | null };
  /** Kinds of a host's about which nothing is decided until they are mended. */
  readonly refused: readonly string[];
}

const DEPLOY = "policies.deploy";

/**
 * This gateway decides by what its folders of policies hold now. A deploy is told by the platform's log (K8); where nothing is new there is none.
 * A dry run reads and checks. Throws what `Deploys` throws.
 */
export async function reloadPolicies(deps: Deps, caller: Caller): Promise<Deployed> {
  const client = await requirePlatformAdmin(deps, caller);
  const prepared = await deps.deploys.prepare({ isCheckOnly: caller.isDryRun });
  try {
    // The policies of this request's beginning may not be those that decide any more: `previous` are.
    const { next, previous, refused } = prepared;
    // Each gateway is reloaded by itself: with a key another one's answer would be taken for this one's.
    const unrepeated = { ...caller, idempotency: null };
    const done = await once<Deployed>(deps, unrepeated, client.id, async (tx) => {
      if (next.unit !== previous.unit) {
        await enterPlatform(tx);
        const actor = { kind: "client", id: client.id } as const;
        await record(tx, { actor, requestId: caller.requestId, now: deps.clock() }, { before: previous, after: next });
      }
      const { unit, commit } = next;
      return { unit, commit, previous: { unit: previous.unit, commit: previous.commit }, refused };
    });
    if (done === MOVED) throw new Error("a deploy rests on nothing that moves");
    if (!caller.isDryRun) prepared.serve();
    return done;
  } finally {
    await prepared.end();
  }
}

/**
 * A start on other policies than the platform's log named last is a deploy too, the system's. So is the first of all, with nothing before it: without
 * it nobody could tell by what was decided until the second.
 */
export async function recordStart({
  unit,
  commit,
  model,
  clock,
  database,
}: Pick<Deps, "unit" | "commit" | "model" | "clock" | "database">): Promise<void> {
  await database.transaction(async (tx) => {
    await enterPlatform(tx);
    const { items } = await listAuditEvents(tx, PLATFORM, { action: DEPLOY }, { after: "", size: 1 });
    const [last] = items;
    if (last?.target.id === unit) return;
    const by = { actor: { kind: "system", id: "system" }, requestId: null, now: clock() } as const;
    await record(tx, by, { before: last?.after ?? null, after: { unit, commit, model } });
  });
}

/** Of gateways that start or are reloaded at once one comes after the other: each sees what the one before has told. */
async function enterPlatform(tx: Transaction): Promise<void> {
  await lockAt(tx, { accounts: [], organizations: [{ id: PLATFORM, version: 0 }] }); // at whatever version it is
}

interface Change {
  readonly before: unknown;
  readonly after: Prepared["next"];
}

/** Before it is served: a deploy that nobody could write down does not happen. */
async function record(
  tx: Transaction,
  by: Pick<ChangeRecord, "actor" | "requestId" | "now">,
  { before, after }: Change,
): Promise<void> {
  await recordChange(tx, {
    ...by,
    organization: PLATFORM,
    matrix: null,
    unit: after.unit, // the first event under it
    entries: [{ action: DEPLOY, target: { kind: "policies", id: after.unit }, before, after }],
    freshPseudonyms: [], // no account is named
  });
}
