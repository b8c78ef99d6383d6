import { findAliasByIdentity, findAliasBySectorSubject } from "../stores/logins.ts";
import { AppError } from "../entities/errors.ts";
import { makeAccount } from "./actor.ts";
import type { Asking } from "./logins.ts";

/** The alias of whom a login is about, which is nobody else's ever; undefined: nobody is known by this name. */
export async function aliasFor({ deps, caller, request }: Asking): Promise<string | undefined> {
  const { subject, anchor } = request;
  if (subject.type === "account") return subject.id;
  if (subject.type === "sector_subject") {
    return await findAliasBySectorSubject(deps.database, { anchor, subject: subject.id });
  }
  return await findAliasByIdentity(deps.database, { issuer: caller.issuer, subject: subject.id });
}

/**
 * Whom the issuer of the asking service's own tokens knows becomes known here by its first login: it needs no request of its own before. False: another name was
 * used, which makes nobody, or the account was erased and cannot come back yet.
 */
export async function becomesKnown({ deps, caller, request: { subject } }: Asking): Promise<boolean> {
  if (subject.type !== "identity") return false;
  try {
    await makeAccount(deps, { issuer: caller.issuer, subject: subject.id, aliasHint: null });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "ACCOUNT_ERASED") return false;
    throw error;
  }
}
