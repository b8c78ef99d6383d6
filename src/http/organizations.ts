import { z } from "zod";
import {
  createOrganization,
  enableOrganization,
  listMyOrganizations,
  renameOrganization,
  retireOrganization,
  viewOrganization,
} from "../domain/organizations.ts";
import { changed, created, entity } from "./answer.ts";
import { name, NOTHING, slug } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const params = z.strictObject({ slug });

export const ORGANIZATION_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: "/v1/organizations",
    summary: "Create an organization; the caller becomes its first Owner",
    params: NOTHING,
    body: z.strictObject({ slug: slug.exactOptional(), name }),
    answer: async (deps, { caller, body }) => {
      const made = await createOrganization(deps, caller, body);
      return created(made, `/v1/organizations/${made.value.slug}`);
    },
  }),
  list({
    path: "/v1/me/organizations",
    summary: "The caller's organizations, with its role in each",
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyOrganizations(deps, caller, page),
  }),
  read({
    path: "/v1/organizations/:slug",
    summary: "Read an organization",
    params,
    answer: async (deps, { caller, params }) => entity(await viewOrganization(deps, caller, params.slug)),
  }),
  command({
    method: "patch",
    path: "/v1/organizations/:slug",
    summary: "Rename an organization",
    params,
    body: z.strictObject({ name }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await renameOrganization(deps, caller, params.slug, { ...body, ifMatch })),
  }),
  command({
    method: "post",
    path: "/v1/organizations/:slug/retire",
    summary: "Retire an organization: it is frozen until an Owner enables it again",
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await retireOrganization(deps, caller, params.slug, { ifMatch })),
  }),
  command({
    method: "post",
    path: "/v1/organizations/:slug/enable",
    summary: "Enable a retired organization",
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await enableOrganization(deps, caller, params.slug, { ifMatch })),
  }),
];
