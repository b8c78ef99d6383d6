import { z } from "zod";
import {
  archiveOrganization,
  createOrganization,
  enableOrganization,
  listMyOrganizations,
  renameOrganization,
  retireOrganization,
  viewOrganization,
} from "../domain/organizations.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { alias, dated, name, NOTHING, role, slug } from "./fields.ts";
import { retirePreflight } from "./preflight.ts";
import { command, list, read, type Route } from "./route.ts";

const params = z.strictObject({ slug });

const core = {
  slug,
  name: name.meta({ examples: ["Acme"] }),
  state: z.enum(["active", "retired", "archived"]),
  matrix: z
    .string()
    .min(1)
    .meta({ description: "The matrix of policies that it follows", examples: ["default"] }),
  plan: z
    .string()
    .min(1)
    .meta({ description: "The plan that limits it", examples: ["free"] }),
  ...dated,
};
const foundedBy = alias
  .nullable()
  .meta({ description: "Who made it, by alias; null when that account is gone", examples: ["alice"] });
const organization = z.strictObject({ ...core, foundedBy }).meta({ id: "Organization" });
const mine = withEtag(z.strictObject({ ...core, role })).meta({ id: "MyOrganization" });

const founding = slug.meta({
  description: "Its name in addresses, for ever: 1 to 100 of a-z, 0-9 and -; absent: made of the name",
});

export const ORGANIZATION_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: "/v1/organizations",
    summary: "Create an organization; the caller becomes its first Owner",
    operation: "createOrganization",
    requires: "any account",
    asks: ["account.create_organization"],
    problems: ["SLUG_TAKEN"],
    reply: createdReply(organization),
    params: NOTHING,
    body: z.strictObject({ slug: founding.exactOptional(), name: core.name }),
    answer: async (deps, { caller, body }) => {
      const made = await createOrganization(deps, caller, body);
      return created(made, `/v1/organizations/${made.value.slug}`);
    },
  }),
  list({
    path: "/v1/me/organizations",
    summary: "The caller's organizations, with its role in each",
    operation: "listMyOrganizations",
    requires: "any account",
    asks: [],
    item: mine,
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyOrganizations(deps, caller, page),
  }),
  read({
    path: "/v1/organizations/:slug",
    summary: "Read an organization",
    operation: "viewOrganization",
    requires: "any member",
    asks: ["organization.view"],
    affords: "organization",
    reply: organization,
    params,
    answer: async (deps, { caller, params }) => entity(await viewOrganization(deps, caller, params.slug)),
  }),
  command({
    method: "patch",
    path: "/v1/organizations/:slug",
    summary: "Rename an organization",
    operation: "renameOrganization",
    requires: "admin",
    asks: ["organization.rename"],
    problems: ["PRECONDITION_FAILED"],
    reply: changedReply(organization),
    params,
    body: z.strictObject({ name: core.name }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await renameOrganization(deps, caller, params.slug, { ...body, ifMatch })),
  }),
  retirePreflight({
    path: "/v1/organizations/:slug/retire",
    operation: "preflightRetireOrganization",
    kind: "organization",
    requires: "any member",
    params,
    target: ({ slug }) => ({ slug, id: slug }),
  }),
  command({
    method: "post",
    path: "/v1/organizations/:slug/retire",
    summary: "Retire an organization: it is frozen until an Owner enables it again",
    operation: "retireOrganization",
    requires: "sole owner",
    asks: ["organization.retire"],
    problems: ["PRECONDITION_FAILED"],
    reply: changedReply(organization, { state: "retired" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await retireOrganization(deps, caller, params.slug, { ifMatch })),
  }),
  command({
    method: "post",
    path: "/v1/organizations/:slug/enable",
    summary:
      "Enable a retired organization; what is in it stays retired, and is enabled one by one: a sector before its applications",
    operation: "enableOrganization",
    requires: "owner",
    asks: ["organization.enable"],
    problems: ["PRECONDITION_FAILED"],
    reply: changedReply(organization),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await enableOrganization(deps, caller, params.slug, { ifMatch })),
  }),
  command({
    method: "post",
    path: "/v1/organizations/:slug/archive",
    summary: "Archive a retired organization, for good: nobody sees it again, and its slug is never given again",
    operation: "archiveOrganization",
    requires: "sole owner",
    asks: ["organization.archive"],
    problems: ["PRECONDITION_FAILED"],
    reply: changedReply(organization, { state: "archived" }),
    params,
    body: z.strictObject({
      confirm: z
        .string()
        .min(1)
        .meta({ description: "The slug once more: it cannot be undone", examples: ["acme"] }),
    }),
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await archiveOrganization(deps, caller, params.slug, { ...body, ifMatch })),
  }),
];
