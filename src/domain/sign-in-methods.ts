import type { Caller, Identity } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import type { Page, PageRequest, SignInMethod } from "../entities/records.ts";
import { violates } from "../stores/database.ts";
import { type Facts, readAccount, type SignInMethodFacts } from "../stores/facts.ts";
import * as methods from "../stores/sign-in-methods.ts";
import { requireAccount } from "./actor.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps } from "./deps.ts";
import { gather } from "./gather.ts";
import { ME } from "./me.ts";
import { read } from "./read.ts";

/** By id. */
export async function listSignInMethods(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<SignInMethod>> {
  const facts = await gather(deps, caller, ME);
  requireAccount(facts);
  const after = (facts.resource?.signInMethods ?? []).filter(({ id }) => id > page.after);
  const items = after.slice(0, page.size).map((method) => record(caller, method));
  return { items, next: after.length > page.size ? (items.at(-1)?.id ?? null) : null };
}

export async function viewSignInMethod(deps: Deps, caller: Caller, id: string): Promise<SignInMethod> {
  const { resource } = await read(deps, caller, ME, "view");
  return record(caller, found(resource.signInMethods, id));
}

/**
 * Who has shown both tokens has shown that both are theirs. Linking again what is linked answers the first result.
 * @param other verified as the caller's own is
 * Throws SIGN_IN_METHOD_TAKEN, NOT_A_USER, ACCOUNT_ERASED.
 */
export async function linkSignInMethod(deps: Deps, caller: Caller, other: Identity): Promise<Changed<SignInMethod>> {
  const isOther = (method: SignInMethodFacts): boolean => isSame(method, other);
  const isLinked = (facts: Facts<"account">): boolean => facts.resource?.signInMethods.some(isOther) === true;
  const action = (facts: Facts<"account">): "view" | "link_sign_in_method" =>
    isLinked(facts) ? "view" : "link_sign_in_method";
  try {
    return await change(deps, caller, { target: ME, action }, async (changing) => {
      const linked = changing.resource.signInMethods.find(isOther);
      if (linked !== undefined) return record(caller, linked); // A retry is not an error.
      return record(caller, await link(deps, changing, other));
    });
  } catch (error) {
    if (!violates(error, methods.IDENTITY_CONSTRAINT)) throw error;
    throw taken(error);
  }
}

async function link(deps: Deps, changing: Changing<"account">, other: Identity): Promise<SignInMethodFacts> {
  const { tx, now, resource: account } = changing;
  const { issuer, subject, clientId } = other;
  const standing = await methods.findStanding(tx, {
    ...{ issuer, subject, clientId, now },
    digest: deps.tombstones.ofIdentity(other),
  });
  if (standing === "client" || other.development !== null) {
    throw new AppError("NOT_A_USER", "The token to be linked is a client's own, not a person's.");
  }
  if (standing === "account") throw taken();
  if (standing === "erased") throw new AppError("ACCOUNT_ERASED", "The account of the token to be linked was erased.");
  const id = newId(deps.random, "sim-");
  await methods.insertSignInMethod(tx, { id, account: account.id, issuer, subject, now });
  changing.touch(account);
  note(changing, "link_sign_in_method", id);
  return found((await readAccount(tx, account.alias)).signInMethods, id);
}

/** Also the caller's own: whoever brings its token afterwards is somebody new. Throws NOT_FOUND. */
export async function unlinkSignInMethod(deps: Deps, caller: Caller, id: string): Promise<Changed<null>> {
  // What is not there is told as such, also to who has one only.
  const action = ({ resource }: Facts<"account">): "view" | "unlink_sign_in_method" =>
    resource?.signInMethods.some((method) => method.id === id) === true ? "unlink_sign_in_method" : "view";
  return await change(deps, caller, { target: ME, action }, async (changing) => {
    const { tx, resource: account } = changing;
    found(account.signInMethods, id);
    await methods.deleteSignInMethod(tx, account.id, id);
    changing.touch(account);
    note(changing, "unlink_sign_in_method", id);
    return null;
  });
}

/** By its id, which names nobody. */
function note(changing: Changing<"account">, verb: string, id: string): void {
  const target = { kind: "account", account: changing.resource.id };
  changing.note({ action: `account.${verb}`, target, after: { signInMethod: id } });
}

function found(all: readonly SignInMethodFacts[], id: string): SignInMethodFacts {
  const method = all.find((each) => each.id === id);
  if (method === undefined) throw new AppError("NOT_FOUND", "You have no such way to sign in.");
  return method;
}

function taken(cause?: unknown): AppError {
  return new AppError("SIGN_IN_METHOD_TAKEN", "The token to be linked is another account's.", { cause });
}

type Named = Pick<Identity, "issuer" | "subject">;

function isSame(a: Named, b: Named): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

function record(caller: Caller, method: SignInMethodFacts): SignInMethod {
  const { id, issuer, subject, createdAt } = method;
  return { id, issuer, subject, current: isSame(method, caller), createdAt };
}
