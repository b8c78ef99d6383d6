import { z } from "zod";
import { changeRole, listMembers, removeMember, viewMember } from "../domain/members.ts";
import { changed, entity, removed } from "./answer.ts";
import { changedReply, REMOVED, withEtag } from "./contract.ts";
import { alias, dated, NOTHING, role, slug } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/members";
const ITEM = `${COLLECTION}/:alias`;
const params = z.strictObject({ slug, alias });

const member = z.strictObject({ alias, role, ...dated }).meta({ id: "Member" });

export const MEMBER_ROUTES: readonly Route[] = [
  list({
    path: COLLECTION,
    summary: "The organization's members",
    operation: "listMembers",
    requires: "viewer",
    asks: ["organization.list_members"],
    item: withEtag(member).meta({ id: "MemberItem" }),
    params: z.strictObject({ slug }),
    page: async (deps, { caller, params, page }) => await listMembers(deps, caller, params.slug, page),
  }),
  read({
    path: ITEM,
    summary: "Read a member",
    operation: "viewMember",
    requires: "viewer, or the member itself",
    asks: ["member.view"],
    problems: ["NOT_FOUND"],
    affords: "member",
    reply: member,
    params,
    answer: async (deps, { caller, params }) => entity(await viewMember(deps, caller, params)),
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Change a member's role",
    operation: "changeRole",
    requires: "owner",
    asks: ["member.grant_viewer", "member.grant_owner"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(member),
    params,
    body: z.strictObject({ role }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await changeRole(deps, caller, params, { ...body, ifMatch })),
  }),
  command({
    method: "delete",
    path: ITEM,
    summary: "Remove a member; one's own alias: leave",
    operation: "removeMember",
    requires: "owner, or the member itself",
    asks: ["member.remove", "member.leave"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: REMOVED,
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) => removed(await removeMember(deps, caller, params, { ifMatch })),
  }),
];
