import { z } from "zod";
import { changeRole, listMembers, removeMember, viewMember } from "../domain/members.ts";
import { changed, entity, removed } from "./answer.ts";
import { alias, NOTHING, role, slug } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/members";
const ITEM = `${COLLECTION}/:alias`;
const params = z.strictObject({ slug, alias });

export const MEMBER_ROUTES: readonly Route[] = [
  list({
    path: COLLECTION,
    summary: "The organization's members",
    params: z.strictObject({ slug }),
    page: async (deps, { caller, params, page }) => await listMembers(deps, caller, params.slug, page),
  }),
  read({
    path: ITEM,
    summary: "Read a member",
    params,
    answer: async (deps, { caller, params }) => entity(await viewMember(deps, caller, params)),
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Change a member's role",
    params,
    body: z.strictObject({ role }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await changeRole(deps, caller, params, { ...body, ifMatch })),
  }),
  command({
    method: "delete",
    path: ITEM,
    summary: "Remove a member; one's own alias: leave",
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) => removed(await removeMember(deps, caller, params, { ifMatch })),
  }),
];
