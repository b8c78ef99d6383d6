import { z } from "zod";
import {
  acceptInvitation,
  declineInvitation,
  invite,
  listInvitations,
  listMyInvitations,
  revokeInvitation,
  viewInvitation,
} from "../domain/invitations.ts";
import { changed, created, entity } from "./answer.ts";
import { alias, invitationId, NOTHING, role, slug } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/invitations";
const ITEM = "/v1/invitations/:id"; // The invited are no members yet: for them it lies outside the organization.
const organization = z.strictObject({ slug });
const params = z.strictObject({ id: invitationId });

export const INVITATION_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Invite an account by its alias",
    params: organization,
    body: z.strictObject({ alias, role }),
    answer: async (deps, { caller, params, body }) => {
      const made = await invite(deps, caller, params.slug, body);
      return created(made, `/v1/invitations/${made.value.id}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The organization's invitations",
    params: organization,
    page: async (deps, { caller, params, page }) => await listInvitations(deps, caller, params.slug, page),
  }),
  command({
    method: "post",
    path: `${COLLECTION}/:id/revoke`,
    summary: "Revoke a pending invitation",
    params: z.strictObject({ slug, id: invitationId }),
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await revokeInvitation(deps, caller, params, { ifMatch })),
  }),
  list({
    path: "/v1/me/invitations",
    summary: "The caller's pending invitations",
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyInvitations(deps, caller, page),
  }),
  read({
    path: ITEM,
    summary: "Read an invitation",
    params,
    answer: async (deps, { caller, params }) => entity(await viewInvitation(deps, caller, params)),
  }),
  command({
    method: "post",
    path: `${ITEM}/accept`,
    summary: "Accept an invitation: the caller becomes a member",
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await acceptInvitation(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/decline`,
    summary: "Decline an invitation",
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await declineInvitation(deps, caller, params, { ifMatch })),
  }),
];
