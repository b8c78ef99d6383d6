import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { isAliasMember } from "../entities/records.ts";
import type { Transaction } from "../stores/database.ts";
import { checkDeferred } from "../stores/database.ts";
import { claimIdempotencyKey, findIdempotencyRecord, noteIdempotencyOutcome } from "../stores/idempotency.ts";
import type { Deps } from "./deps.ts";

/** The aliases that the records in it hold, at whatever depth. */
function aliasesIn(outcome: unknown): string[] {
  if (typeof outcome !== "object" || outcome === null) return [];
  return Object.entries(outcome).flatMap(([member, value]: [string, unknown]) => {
    return typeof value === "string" && isAliasMember(member) ? [value] : aliasesIn(value);
  });
}

/** Undoes the transaction that throws it, and carries out what it came to. */
class Undone<Outcome> extends Error {
  override readonly name = "Undone";
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super("undone on purpose");
    this.outcome = outcome;
  }
}

/** `work` gives this when what it was to rest on has moved: nothing is written, not even the key. */
export const MOVED = Symbol("moved");

/**
 * What the caller's Idempotency-Key has brought about already; undefined when there is no key or nothing yet. Throws
 * IDEMPOTENCY_KEY_REUSED when the key came with another body, CANNOT_DECIDE when nobody can tell.
 */
export async function replay<Outcome>(deps: Deps, caller: Caller, owner: string): Promise<Outcome | undefined> {
  const { idempotency, isDryRun } = caller;
  if (idempotency === null || isDryRun) return undefined;
  const record = await findIdempotencyRecord(deps.database, { owner, idempotency, now: deps.clock() });
  if (record === undefined) return undefined;
  const fits = deps.fingerprints.fits(record.fingerprint, idempotency);
  if (fits === null) throw unrecognized();
  if (!fits) throw new AppError("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another body.");
  return record.outcome as Outcome; // what the same route has noted
}

/** It would be wrong to say "another body", and more wrong to do it again: operators keep a master key for a day longer than anything is made by it. */
function unrecognized(): AppError {
  const message =
    "Cannot decide at the moment: whether this Idempotency-Key came with the same body. Tell the operators.";
  const cause = new Error("the record of an Idempotency-Key: its master key is not configured");
  return new AppError("CANNOT_DECIDE", message, { cause });
}

/**
 * Runs `work` in a transaction of its own: at most once for an Idempotency-Key, whose earlier outcome it gives instead, and to no
 * effect when it is a dry run, which gives what the real one would have given. MOVED is handed through.
 */
export async function once<Outcome>(
  deps: Deps,
  caller: Caller,
  owner: string,
  work: (tx: Transaction) => Promise<Outcome | typeof MOVED>,
): Promise<Outcome | typeof MOVED> {
  const { idempotency, isDryRun } = caller;
  const claim = idempotency === null || isDryRun ? undefined : { owner, idempotency, now: deps.clock() };
  try {
    return await deps.database.transaction(async (tx) => {
      const isOurs =
        claim === undefined || (await claimIdempotencyKey(tx, claim, deps.fingerprints.of(claim.idempotency)));
      if (!isOurs) throw new Undone("taken" as const);
      const outcome = await work(tx);
      if (outcome === MOVED) throw new Undone(MOVED);
      if (claim !== undefined) await noteIdempotencyOutcome(tx, claim, { outcome, aliases: aliasesIn(outcome) });
      if (!isDryRun) return outcome;
      await checkDeferred(tx); // what the commit would have refused
      throw new Undone(outcome);
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
    if (error.outcome !== "taken") return error.outcome as Outcome | typeof MOVED; // as thrown above
    const earlier = await replay<Outcome>(deps, caller, owner);
    return earlier ?? MOVED; // its record was cleared away between the two
  }
}
