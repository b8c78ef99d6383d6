import type { Caller } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { newId } from "../entities/ids.ts";
import type { Role } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Invitation, MyInvitation, Page, PageRequest, Viewed } from "../entities/records.ts";
import { roleTuple } from "../entities/tuples.ts";
import { findAccountByAlias } from "../stores/accounts.ts";
import { violates } from "../stores/database.ts";
import { findDeparture } from "../stores/departures.ts";
import { readResource } from "../stores/facts.ts";
import * as invitations from "../stores/invitations.ts";
import { insertMembership, isMember } from "../stores/memberships.ts";
import { inOrganization } from "../stores/scope.ts";
import { requireAccount } from "./actor.ts";
import { change, type Changing } from "./change.ts";
import type { Changed, Deps, IfMatch } from "./deps.ts";
import { gather, type Target } from "./gather.ts";
import { readOrganizationFor, view } from "./read.ts";
import { invitationRecord } from "./records.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function expiryAfter(now: Date): Date {
  return new Date(now.getTime() + LIMITS.invitationDays * DAY_MS);
}

/** S0.24, S0.26: by alias. Throws UNKNOWN_ALIAS, ALREADY_MEMBER, ALREADY_INVITED. */
export async function invite(
  deps: Deps,
  caller: Caller,
  slug: string,
  input: { readonly alias: string; readonly role: Role },
): Promise<Changed<Invitation>> {
  const { alias, role } = input;
  const target: Target<"organization"> = { kind: "organization", id: slug, slug };
  try {
    return await change(deps, caller, { target, action: `invite_${role}` }, async (changing) => {
      if (role === "owner") throw new Error("a policy allowed to invite an owner, which the ledger cannot hold");
      return await addInvitation(deps, changing, alias, role);
    });
  } catch (error) {
    if (!violates(error, invitations.PENDING_CONSTRAINT)) throw error;
    throw new AppError("ALREADY_INVITED", `${alias} has an invitation that is still pending.`, { cause: error });
  }
}

async function addInvitation(
  deps: Deps,
  changing: Changing<"organization">,
  alias: string,
  role: Exclude<Role, "owner">,
): Promise<Invitation> {
  const { tx, now, organization, actor } = changing;
  const invitee = await findAccountByAlias(tx, alias);
  if (invitee === undefined)
    throw new AppError(
      "UNKNOWN_ALIAS",
      `There is no account with the alias ${alias}; people are known from their first request on.`,
    );
  if (await isMember(tx, organization, invitee.id)) {
    throw new AppError("ALREADY_MEMBER", `${alias} is a member of the organization already.`);
  }
  const id = newId(deps.random, "inv-");
  const expiresAt = expiryAfter(now);
  await invitations.insertInvitation(tx, {
    id,
    organization,
    account: invitee.id,
    role,
    invitedBy: actor.id,
    expiresAt,
    now,
  });
  changing.note({
    action: "member.invite",
    target: { kind: "member", account: invitee.id },
    after: { invitation: id, role },
  });
  return invitationRecord(await readResource(tx, "invitation", id, now));
}

export async function listInvitations(
  deps: Deps,
  caller: Caller,
  slug: string,
  page: PageRequest,
): Promise<Page<Invitation>> {
  const { id } = await readOrganizationFor(deps, caller, slug, "list_invitations");
  const scope = { organization: id, now: deps.clock() };
  return await inOrganization(deps.database, id, async (tx) => await invitations.listInvitations(tx, scope, page));
}

export async function listMyInvitations(deps: Deps, caller: Caller, page: PageRequest): Promise<Page<MyInvitation>> {
  const facts = await gather(deps, caller, { kind: "account", id: null, slug: null });
  const who = { account: requireAccount(facts).id, now: deps.clock() };
  return await invitations.listMyInvitations(deps.database, who, page);
}

export async function viewInvitation(
  deps: Deps,
  caller: Caller,
  path: { readonly id: string },
): Promise<Viewed<Invitation>> {
  const target: Target<"invitation"> = { kind: "invitation", id: path.id, slug: null };
  return await view(deps, caller, target, ({ resource }) => invitationRecord(resource));
}

/** Gives one that is pending, or has expired, the whole time again. */
export async function resendInvitation(
  deps: Deps,
  caller: Caller,
  path: { readonly slug: string; readonly id: string },
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Invitation>> {
  const target: Target<"invitation"> = { kind: "invitation", ...path };
  return await change(deps, caller, { target, action: "resend", ...input }, async (changing) => {
    const { tx, now, resource: before } = changing;
    const expiresAt = expiryAfter(now);
    await invitations.setInvitationExpiry(tx, before.id, expiresAt, now);
    changing.note({
      action: "invitation.resend",
      target: { kind: "invitation", id: before.id },
      before: { expiresAt: before.expiresAt },
      after: { expiresAt: expiresAt.toISOString() },
    });
    return invitationRecord(await readResource(tx, "invitation", before.id, now));
  });
}

export async function revokeInvitation(
  deps: Deps,
  caller: Caller,
  path: { readonly slug: string; readonly id: string },
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Invitation>> {
  const target: Target<"invitation"> = { kind: "invitation", ...path };
  const spec = { target, action: "revoke", ...input } as const;
  return await change(deps, caller, spec, async (changing) => await settle(changing, "revoked"));
}

/** Makes the caller a member with the invitation's role. Throws CONTENTION while something of an earlier membership is not ended yet: it would count again. */
export async function acceptInvitation(
  deps: Deps,
  caller: Caller,
  path: { readonly id: string },
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Invitation>> {
  const target: Target<"invitation"> = { kind: "invitation", id: path.id, slug: null };
  return await change(deps, caller, { target, action: "accept", ...input }, async (changing) => {
    const { tx, now, organization, resource } = changing;
    if (resource.state === "accepted") return invitationRecord(resource); // A retry is not an error.
    const { account, role } = resource;
    if ((await findDeparture(tx, organization, account.id)) !== undefined) {
      deps.requestReconcile(organization);
      throw new AppError(
        "CONTENTION",
        "What was shared with the account before it left is still being taken back. Try again.",
      );
    }
    await insertMembership(tx, { organization, account: account.id, role, now });
    changing.touch(account);
    changing.writeTuples([roleTuple(organization, role, account.pseudonym)]);
    const settled = await settle(changing, "accepted");
    changing.note({ action: "member.add", target: { kind: "member", account: account.id }, after: { role } });
    return settled;
  });
}

export async function declineInvitation(
  deps: Deps,
  caller: Caller,
  path: { readonly id: string },
  input: { readonly ifMatch: IfMatch },
): Promise<Changed<Invitation>> {
  const target: Target<"invitation"> = { kind: "invitation", id: path.id, slug: null };
  const spec = { target, action: "decline", ...input } as const;
  return await change(deps, caller, spec, async (changing) => await settle(changing, "declined"));
}

const VERBS = { accepted: "accept", declined: "decline", revoked: "revoke" } as const;

async function settle(changing: Changing<"invitation">, state: keyof typeof VERBS): Promise<Invitation> {
  const { tx, now, resource: before } = changing;
  if (before.state === state) return invitationRecord(before); // A retry is not an error.
  await invitations.setInvitationState(tx, before.id, state, now);
  changing.note({
    action: `invitation.${VERBS[state]}`,
    target: { kind: "invitation", id: before.id },
    before: { state: before.state },
    after: { state },
  });
  return invitationRecord(await readResource(tx, "invitation", before.id, now));
}
