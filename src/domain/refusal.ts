import { AppError } from "../entities/errors.ts";
import type { Verdict } from "../entities/judge.ts";
import type { ActionOf, Kind, PrincipalRole } from "../entities/kinds.ts";
import type { Facts, OrganizationFacts, Resources } from "../stores/facts.ts";
import type { IfMatch } from "./deps.ts";
import type { Target } from "./gather.ts";
import { explanation } from "./reasons.ts";
import { remediesFor } from "./remedies.ts";

/** A decision as a route needs it: the facts it was taken on, and the verdicts on the action and on `view`. */
export interface Decided<K extends Kind> {
  readonly facts: Facts<K>;
  readonly role: PrincipalRole;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** What exists once a decision was favourable. */
export interface Permitted<K extends Kind> {
  readonly facts: Facts<K>;
  readonly resource: Resources[K];
  /** Null for the kind `account` only. */
  readonly organization: OrganizationFacts | null;
}

/** K9: a foreign organization and one that does not exist answer alike. */
export function notAccessible(): AppError {
  return new AppError("ORGANIZATION_NOT_ACCESSIBLE", "There is no such organization, or you are not a member of it.");
}

export function notFound(kind: Kind): AppError {
  return new AppError("NOT_FOUND", `There is no such ${kind}.`);
}

/** @param revision what it is at; who is told may view it */
export function changedSince(revision: number | undefined): AppError {
  return new AppError("PRECONDITION_FAILED", "It has changed since you read it. Read it again.", { revision });
}

/** @param revision what it is at. Throws PRECONDITION_FAILED where somebody means another. */
export function requireRevision(revision: number, ifMatch: IfMatch): void {
  if (ifMatch === undefined || ifMatch === "any" || ifMatch.includes(revision)) return;
  throw changedSince(revision);
}

/**
 * What is there is replaced whole by who has seen it, or says that it does not matter (`If-Match: *`). To say the same again is no error. Throws
 * PRECONDITION_FAILED and PRECONDITION_REQUIRED.
 */
export function requireNamed(revision: number, isSame: boolean, ifMatch: IfMatch): void {
  requireRevision(revision, ifMatch);
  if (ifMatch !== undefined || isSame) return;
  const message = `It is there already. Send If-Match: "${revision}" to replace what it is now, or If-Match: * whatever it is.`;
  throw new AppError("PRECONDITION_REQUIRED", message, { revision });
}

/**
 * Throws unless the action is allowed. A stranger learns nothing; who may not view the thing learns why it may not be viewed
 * and no more. An absent child is told by "absent", for the caller to find out whether its absence may be told.
 */
export function permitted<K extends Kind>(
  target: Target<K>,
  action: ActionOf<K>,
  decided: Decided<K>,
): Permitted<K> | "absent" {
  const { facts, role, verdicts } = decided;
  const isPersonal = target.slug === null; // `/v1/invitations/{id}`, `/v1/me/…`: no organization is named
  if (!isPersonal && (facts.organization === null || role === "none")) throw notAccessible();
  if (facts.resource === null) {
    if (isPersonal) throw notFound(target.kind);
    return "absent";
  }
  const view = verdicts.get("view");
  if (view?.allowed !== true) throw isPersonal ? notFound(target.kind) : denied(view, facts, "view");
  const verdict = verdicts.get(action);
  if (verdict?.allowed !== true) throw denied(verdict, facts, action);
  return { facts, resource: facts.resource, organization: facts.organization };
}

/** What has a preflight says so. */
const FURTHER: Readonly<Record<string, string>> = {
  retire: " GET at the same address tells what stands in the way and, where there are any, the calls that lead there.",
  erase:
    " GET at the same address, with /erasure behind it, tells what stands in the way and the calls that lead there.",
};

function denied(verdict: Verdict | undefined, facts: Facts, action: string): AppError {
  const reasons = verdict?.reasons ?? [{ code: "NO_REASON_GIVEN" }];
  return new AppError("DENIED", `${explanation(reasons)}${FURTHER[action] ?? ""}`, {
    refusedBy: verdict?.refusedBy ?? "matrix",
    reasons,
    remedies: remediesFor(reasons, facts),
  });
}
