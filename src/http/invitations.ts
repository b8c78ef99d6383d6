import { z } from "zod";
import {
  acceptInvitation,
  declineInvitation,
  invite,
  listInvitations,
  listMyInvitations,
  resendInvitation,
  revokeInvitation,
  viewInvitation,
} from "../domain/invitations.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { addressee, alias, dated, invitationId, name, NOTHING, role, slug, time } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/invitations";
const ITEM = "/v1/invitations/:id"; // The invited are no members yet: for them it lies outside the organization.
const organization = z.strictObject({ slug });
const params = z.strictObject({ id: invitationId });

const expiresAt = time.meta({ examples: ["2026-11-28T00:55:05.977Z"] });
const invitedBy = alias
  .nullable()
  .meta({ description: "Who invited, by alias; null when they were erased since", examples: ["alice"] });

const invitation = z
  .strictObject({
    id: invitationId,
    alias: alias.meta({ description: "Who is invited", examples: ["bob"] }),
    role,
    state: z.enum(["pending", "accepted", "declined", "revoked", "expired"]),
    invitedBy,
    expiresAt,
    ...dated,
  })
  .meta({ id: "Invitation" });
const mine = withEtag(
  z.strictObject({
    id: invitationId,
    organization: slug,
    organizationName: name.meta({ examples: ["Acme"] }),
    role,
    state: z.literal("pending"),
    invitedBy,
    expiresAt,
    createdAt: time,
  }),
).meta({ id: "MyInvitation" });

export const INVITATION_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Invite an account by its alias, with any role but owner",
    operation: "invite",
    requires: "owner",
    asks: ["organization.invite_viewer", "organization.invite_owner"],
    problems: ["UNKNOWN_ALIAS", "ALREADY_MEMBER", "ALREADY_INVITED"],
    reply: createdReply(invitation),
    params: organization,
    body: z.strictObject({ alias: addressee, role }),
    answer: async (deps, { caller, params, body }) => {
      const made = await invite(deps, caller, params.slug, body);
      return created(made, `/v1/invitations/${made.value.id}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The organization's invitations",
    operation: "listInvitations",
    requires: "owner",
    asks: ["organization.list_invitations"],
    item: withEtag(invitation).meta({ id: "InvitationItem" }),
    params: organization,
    page: async (deps, { caller, params, page }) => await listInvitations(deps, caller, params.slug, page),
  }),
  command({
    method: "post",
    path: `${COLLECTION}/:id/resend`,
    summary: "Give an invitation that is pending, or has expired, another 7 days",
    operation: "resendInvitation",
    requires: "owner",
    asks: ["invitation.resend"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(invitation),
    params: z.strictObject({ slug, id: invitationId }),
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await resendInvitation(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${COLLECTION}/:id/revoke`,
    summary: "Revoke a pending invitation",
    operation: "revokeInvitation",
    requires: "owner",
    asks: ["invitation.revoke"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(invitation, { state: "revoked" }),
    params: z.strictObject({ slug, id: invitationId }),
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await revokeInvitation(deps, caller, params, { ifMatch })),
  }),
  list({
    path: "/v1/me/invitations",
    summary: "The caller's pending invitations",
    operation: "listMyInvitations",
    requires: "any account",
    asks: [],
    item: mine,
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyInvitations(deps, caller, page),
  }),
  read({
    path: ITEM,
    summary: "Read an invitation",
    operation: "viewInvitation",
    requires: "owner, or the invited account",
    asks: ["invitation.view"],
    problems: ["NOT_FOUND"],
    affords: "invitation",
    reply: invitation,
    params,
    answer: async (deps, { caller, params }) => entity(await viewInvitation(deps, caller, params)),
  }),
  command({
    method: "post",
    path: `${ITEM}/accept`,
    summary: "Accept an invitation: the caller becomes a member",
    operation: "acceptInvitation",
    requires: "the invited account",
    asks: ["invitation.accept"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(invitation, { state: "accepted" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await acceptInvitation(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/decline`,
    summary: "Decline an invitation",
    operation: "declineInvitation",
    requires: "the invited account",
    asks: ["invitation.decline"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(invitation, { state: "declined" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await declineInvitation(deps, caller, params, { ifMatch })),
  }),
];
