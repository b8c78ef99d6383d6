import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { isAliasTombstoned } from "../stores/accounts.ts";
import type { Transaction } from "../stores/database.ts";
import type { Deps } from "./deps.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** When the alias can be changed again; null: now. The first change is free. */
export function aliasChangeableAt(account: { readonly aliasChangedAt: string | null }, now: Date): string | null {
  if (account.aliasChangedAt === null) return null;
  const at = new Date(Date.parse(account.aliasChangedAt) + LIMITS.aliasCoolDownDays * DAY_MS);
  return at > now ? at.toISOString() : null;
}

/**
 * Once given, never given again. Asked by whoever has just written the alias, in the same transaction: the writing has waited for who was
 * giving it up, and only a statement that begins after that sees the tombstone. Throws ALIAS_TAKEN.
 */
export async function requireNeverGiven(deps: Deps, tx: Transaction, alias: string): Promise<void> {
  if (await isAliasTombstoned(tx, deps.tombstones.ofAlias(alias))) throw aliasTaken(alias);
}

export function aliasTaken(alias: string, cause?: unknown): AppError {
  return new AppError("ALIAS_TAKEN", `The alias ${alias} is given, or was once; choose another.`, { cause });
}
