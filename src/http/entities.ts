import { z } from "zod";
import { listEntities, patchEntity, putEntity, removeEntity, viewEntity } from "../domain/entities.ts";
import type { EntityFilters } from "../entities/records.ts";
import { changed, created, entity, removed } from "./answer.ts";
import { changedReply, createdReply, REMOVED, withEtag } from "./contract.ts";
import { attributes, dated, entityType, foreignId, NOTHING, relationName, slug } from "./fields.ts";
import { command, filteredList, read, type Route } from "./route.ts";

/** Things of the host's own kinds. */

const TYPE = "/v1/organizations/:slug/entities/:type";
const ITEM = `${TYPE}/:id`;

const relatedTo = z.strictObject({
  type: entityType.meta({ description: "`account` for a member, else a type of the host's", examples: ["account"] }),
  id: foreignId.meta({ description: "Of a member: the alias", examples: ["bob"] }),
  relation: relationName.exactOptional().meta({
    description: "Everybody who stands in this relation to it: `member` of a group; absent: it alone",
    examples: ["member"],
  }),
});
export const relations = z.record(relationName, z.array(relatedTo)).meta({
  id: "EntityRelations",
  description: "By relation: who, or what, it points to",
  examples: [{ viewer: [{ type: "account", id: "bob" }] }],
});

const record = z
  .strictObject({
    type: entityType,
    id: foreignId.meta({ description: "The host's own", examples: ["plan-2027"] }),
    attributes,
    relations,
    ...dated,
  })
  .meta({ id: "Entity" });

const params = z.strictObject({ slug, type: entityType, id: foreignId });
export const document = z.strictObject({ attributes: attributes.default({}), relations: relations.default({}) });
const patch = z.strictObject({
  attributes: attributes.exactOptional().meta({
    description: "Merged into what it has (RFC 7396): null takes one away",
    examples: [{ status: "archived" }],
  }),
  relate: relations.exactOptional().meta({ description: "Relations to be added" }),
  unrelate: relations.exactOptional().meta({ description: "Relations to be taken away" }),
});

export const STORING = {
  requires: "scope entities:write",
  asks: ["organization.store_entities"],
} as const;
const problems = ["SCOPE_MISSING", "KIND_NOT_BOUND", "NOT_FOUND"] as const;
const written = [...problems, "PRECONDITION_FAILED", "UNKNOWN_RELATED", "TOO_MANY_RELATIONS"] as const;

/** `viewer:account:bob`: relations and types have no colons, ids may. */
const RELATED = /^([^:#@\s]{1,50}):([a-z][a-z0-9_]{0,49}):(.{1,256})$/su;
const ATTRIBUTE = /^([^=]{1,100})=(.{0,1000})$/su;
/** Nothing that is stored has a NUL, and Postgres does not look for one. */
const storable = z.string().regex(/^[^\0]*$/, "expected no NUL");
const filters = z.strictObject({
  attribute: storable
    .regex(ATTRIBUTE, "expected name=value")
    .exactOptional()
    .meta({ description: "Those with this attribute, as `name=value`", examples: ["status=active"] }),
  related: storable
    .regex(RELATED, "expected relation:type:id")
    .exactOptional()
    .meta({ description: "Those that point to it, as `relation:type:id`", examples: ["viewer:account:bob"] }),
});

function filtersOf({ attribute, related }: z.output<typeof filters>): EntityFilters {
  const [, name = "", value = ""] = ATTRIBUTE.exec(attribute ?? "") ?? [];
  const [, relation = "", type = "", id = ""] = RELATED.exec(related ?? "") ?? [];
  return {
    ...(attribute !== undefined && { attribute: { name, value } }),
    ...(related !== undefined && { related: { relation, type, id } }),
  };
}

export const ENTITY_ROUTES: readonly Route[] = [
  filteredList({
    path: TYPE,
    summary: "The organization's entities of a type",
    operation: "listEntities",
    ...STORING,
    asks: ["organization.view_entities"],
    problems,
    item: withEtag(record).meta({ id: "EntityItem" }),
    params: z.strictObject({ slug, type: entityType }),
    filters,
    page: async (deps, { caller, params, filters, page }) =>
      await listEntities(deps, caller, { ...params, filters: filtersOf(filters), page }),
  }),
  read({
    path: ITEM,
    summary: "Read an entity",
    operation: "viewEntity",
    ...STORING,
    asks: ["organization.view_entities"],
    problems,
    reply: record,
    params,
    answer: async (deps, { caller, params }) => entity(await viewEntity(deps, caller, params)),
  }),
  command({
    method: "put",
    path: ITEM,
    summary: "Store an entity; what is there already is replaced whole, by who says which (If-Match)",
    operation: "storeEntity",
    ...STORING,
    problems: [...written, "PRECONDITION_REQUIRED"],
    reply: [createdReply(record), changedReply(record)],
    params,
    body: document,
    answer: async (deps, { caller, params, body, ifMatch }) => {
      const { value, graph } = await putEntity(deps, caller, params, { document: body, ifMatch });
      const change = { value: value.entity, graph };
      return value.isNew ? created(change, addressOf(params)) : changed(change);
    },
  }),
  command({
    method: "patch",
    path: ITEM,
    summary: "Change attributes of an entity, and what it is related to",
    operation: "changeEntity",
    ...STORING,
    problems: written,
    reply: changedReply(record),
    params,
    body: patch,
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await patchEntity(deps, caller, params, { patch: body, ifMatch })),
  }),
  command({
    method: "delete",
    path: ITEM,
    summary: "Remove an entity, and whatever points to it",
    operation: "removeEntity",
    ...STORING,
    problems: [...problems, "PRECONDITION_FAILED", "TOO_MANY_RELATIONS"],
    reply: REMOVED,
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) => removed(await removeEntity(deps, caller, params, { ifMatch })),
  }),
];

function addressOf({ slug, type, id }: z.output<typeof params>): string {
  return `/v1/organizations/${slug}/entities/${type}/${encodeURIComponent(id)}`;
}
