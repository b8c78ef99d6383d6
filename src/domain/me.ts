import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import type { DataSharing, Me, Page, PageRequest, Viewed } from "../entities/records.ts";
import { ALIAS_CONSTRAINT, updateProfile } from "../stores/accounts.ts";
import * as sharing from "../stores/data-sharing.ts";
import { violates } from "../stores/database.ts";
import { type Facts, readAccount, type Resources } from "../stores/facts.ts";
import { requireAccount } from "./actor.ts";
import { aliasChangeableAt, aliasTaken, requireNeverGiven } from "./aliases.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { gather, type Target } from "./gather.ts";
import { view } from "./read.ts";

/** The personal surface (S0.4): it asks for no membership. */
export const ME: Target<"account"> = { kind: "account", id: null, slug: null };

export async function viewMe(deps: Deps, caller: Caller): Promise<Viewed<Me>> {
  return await view(deps, caller, ME, ({ resource, facts }) => meRecord(resource, facts.now));
}

export interface ProfilePatch {
  readonly name?: string | null;
  readonly alias?: string;
}

/**
 * Of the name and the alias what is given and differs. The alias can be changed once in a while only, and nobody gets the old one ever
 * again. Throws ALIAS_TAKEN.
 */
export async function updateMe(
  deps: Deps,
  caller: Caller,
  patch: ProfilePatch,
  ifMatch: IfMatch,
): Promise<Changed<Me>> {
  const isOther = (resource: { readonly alias: string } | null): boolean =>
    patch.alias !== undefined && patch.alias !== resource?.alias;
  const action = ({ resource }: Facts<"account">): "change_alias" | "edit" =>
    isOther(resource) ? "change_alias" : "edit";
  try {
    return await change(deps, caller, { target: ME, action, ifMatch }, async (changing) => {
      return await write(deps, changing, patch);
    });
  } catch (error) {
    if (!violates(error, ALIAS_CONSTRAINT)) throw error;
    throw aliasTaken(patch.alias ?? "", error);
  }
}

async function write(deps: Deps, changing: Changing<"account">, patch: ProfilePatch): Promise<Me> {
  const { tx, now, resource: before } = changing;
  const { name = before.name, alias = before.alias } = patch;
  const fields = [...(name === before.name ? [] : ["name"]), ...(alias === before.alias ? [] : ["alias"])];
  if (fields.length === 0) return meRecord(before, now); // A retry is not an error.
  const isMoved = alias !== before.alias;
  const givenUp = isMoved ? deps.tombstones.ofAlias(before.alias) : null;
  await updateProfile(tx, before.id, { name, alias, givenUp, now });
  if (isMoved) await requireNeverGiven(deps, tx, alias);
  changing.touch(before);
  // K7: the log names nobody, so it does not say what they are called.
  changing.note({ action: "account.edit", target: { kind: "account", account: before.id }, after: { fields } });
  return meRecord(await readAccount(tx, alias), now);
}

export async function listMyDataSharing(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<DataSharing>> {
  const { id } = requireAccount(await gather(deps, caller, ME));
  return await sharing.listDataSharing(deps.database, id, page);
}

/**
 * S0.4: from now on the application is told nothing of the caller but that it is there, until a login says that the person consents anew. The entry stays in the list.
 * Whatever the memberships, and whatever has become of the application. Throws NOT_FOUND.
 */
export async function withdrawMyDataSharing(
  deps: Deps,
  caller: Caller,
  anchor: string,
  ifMatch: IfMatch,
): Promise<Changed<null>> {
  return await change(deps, caller, { target: ME, action: "edit", ifMatch }, async (changing) => {
    const { tx, now, resource: account } = changing;
    const shared = await sharing.lockDataSharing(tx, { account: account.id, anchor });
    if (shared === undefined) throw new AppError("NOT_FOUND", "No such application knows you.");
    if (shared.isWithdrawn) return null; // A retry is not an error.
    await sharing.withdrawDataSharing(tx, { account: account.id, anchor }, now);
    changing.touch(account);
    const target = { kind: "account", account: account.id };
    changing.note({ action: "account.withdraw_data_sharing", target, after: { application: anchor } });
    return null;
  });
}

/** S0.3: `developer` is what the memberships say. */
function meRecord(facts: Resources["account"], now: Date): Me {
  const { alias, name, isDeveloper: developer, createdAt, updatedAt, revision } = facts;
  return { alias, name, developer, aliasChangeableAt: aliasChangeableAt(facts, now), createdAt, updatedAt, revision };
}
