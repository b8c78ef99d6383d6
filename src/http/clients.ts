import { z } from "zod";
import { listClients, registerClient, updateClient, viewClient } from "../domain/clients.ts";
import { LIMITS } from "../entities/limits.ts";
import { createdEntity, entity } from "./answer.ts";
import { createdEntityReply, editedReply, withEtag } from "./contract.ts";
import { anchor, clientId, dated, entityType, foreignId, name, NOTHING, scopes, slug } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/platform/clients";
const ITEM = `${COLLECTION}/:id`;
const params = z.strictObject({ id: clientId });

/** What a registration grants: it can be changed later, unlike whose it is. */
const grant = {
  name,
  scopes,
  organizations: z
    .array(slug)
    .max(LIMITS.clientBindings)
    .meta({
      description: "What it may ask about; none: nothing, but with the scope `authz:all` everything",
      examples: [["acme"]],
    }),
  applications: z
    .array(anchor)
    .max(LIMITS.clientBindings)
    .meta({
      description:
        "All of one sector. A service that has any lets people log in to these alone, and knows people by that sector's names for them alone: /docs#logins",
      examples: [[]],
    }),
  kinds: z
    .array(entityType)
    .max(LIMITS.clientBindings)
    .meta({
      description: "The types that it may ask about and store; none: all",
      examples: [["building"]],
    }),
};

/** Whose tokens are the client's own; any other `sub` is a person, whatever client it came through. */
const whose = {
  issuer: foreignId.meta({ description: "The claim `iss` of its tokens", examples: ["https://id.example.com"] }),
  clientId: foreignId.meta({ description: "The claim `client_id` (or `azp`) of its tokens" }),
  subject: foreignId.meta({ description: "The claim `sub` of its own tokens; any other `sub` is a person's" }),
};

const clientState = z.enum(["enabled", "disabled"]);

const registration = z.strictObject({
  ...whose,
  ...grant,
  organizations: grant.organizations.default([]),
  applications: grant.applications.default([]),
  kinds: grant.kinds.default([]),
});

const update = z.strictObject({
  name: grant.name.exactOptional(),
  scopes: grant.scopes.exactOptional(),
  organizations: grant.organizations.exactOptional(),
  applications: grant.applications.exactOptional(),
  kinds: grant.kinds.exactOptional(),
  state: clientState.exactOptional(),
});

const client = z
  .strictObject({
    id: clientId,
    ...whose,
    ...grant,
    origin: z.enum(["configuration", "registered", "development"]).meta({
      description: "Who registered it: the setting PLATFORM_CLIENT, a call, or the development issuer",
      examples: ["registered"],
    }),
    state: clientState,
    ...dated,
  })
  .meta({ id: "Client" });

export const CLIENT_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Register a client: who may ask about others, and how much of it",
    operation: "registerClient",
    requires: "scope platform:admin",
    asks: [],
    problems: ["SCOPE_MISSING", "CLIENT_EXISTS"],
    reply: createdEntityReply(client),
    params: NOTHING,
    body: registration,
    answer: async (deps, { caller, body }) => {
      const made = await registerClient(deps, caller, body);
      return createdEntity(made, `${COLLECTION}/${made.id}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The registered clients",
    operation: "listClients",
    requires: "scope platform:admin",
    asks: [],
    problems: ["SCOPE_MISSING"],
    item: withEtag(client).meta({ id: "ClientItem" }),
    params: NOTHING,
    page: async (deps, { caller, page }) => await listClients(deps, caller, page),
  }),
  read({
    path: ITEM,
    summary: "Read a client's registration",
    operation: "viewClient",
    requires: "scope platform:admin",
    asks: [],
    problems: ["SCOPE_MISSING", "NOT_FOUND"],
    reply: client,
    params,
    answer: async (deps, { caller, params }) => entity(await viewClient(deps, caller, params.id)),
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Change what a client's registration grants, or disable it",
    operation: "updateClient",
    requires: "scope platform:admin",
    asks: [],
    problems: ["SCOPE_MISSING", "NOT_FOUND", "PRECONDITION_FAILED"],
    reply: editedReply(client),
    params,
    body: update,
    answer: async (deps, { caller, params, body, ifMatch }) =>
      entity(await updateClient(deps, caller, params.id, { ...body, ifMatch })),
  }),
];
