import { z } from "zod";
import { exportAudit, listAudit } from "../domain/audit.ts";
import { DEFAULT_DOCUMENTS, DOCUMENT_NAMES } from "../entities/application-documents.ts";
import { CLIENT_KEY_KINDS } from "../entities/client-keys.ts";
import { CONNECTOR_FIELDS } from "../entities/connectors.ts";
import type { AuditFilters } from "../entities/records.ts";
import { SIGNING_ALGORITHMS } from "../entities/signing-keys.ts";
import {
  alias,
  anchor,
  applicationKind,
  clientKeyId,
  commit,
  entityType,
  foreignId,
  invitationId,
  name,
  role,
  scopes,
  sectorId,
  signingKeyId,
  signInMethodId,
  slug,
  time,
  transferId,
  unit,
} from "./fields.ts";
import { IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { filteredList, type Route } from "./route.ts";
import { lines } from "./stream.ts";

/** A verb of a kind, as the audit log names what was done. */
const verb = z
  .string()
  .regex(/^[a-z_]+\.[a-z_]+$/, "expected a kind and a verb, such as sector.rename")
  .meta({ examples: ["sector.rename"] });
/** Of every document, by member. */
const documentValues = z.strictObject(
  Object.fromEntries(
    Object.values(DEFAULT_DOCUMENTS)
      .flatMap((document: object) => Object.keys(document))
      .map((member) => [member, z.union([z.boolean(), z.int(), z.null()]).exactOptional()]),
  ),
);
/** What changed, before and after; nobody is named (S0.19). */
const change = z
  .strictObject({
    slug: slug.exactOptional(),
    name: name.exactOptional(),
    kind: applicationKind.exactOptional(),
    sector: sectorId.exactOptional(),
    role: role.exactOptional(),
    state: z.string().min(1).exactOptional(),
    invitation: invitationId.exactOptional(),
    fields: z.array(z.enum([...CONNECTOR_FIELDS, "alias"])).exactOptional(), // of an account, or of a connector
    signInMethod: signInMethodId.exactOptional(),
    application: anchor.exactOptional(),
    transfer: transferId.exactOptional(),
    clientId: foreignId.exactOptional(),
    scopes: scopes.exactOptional(),
    organizations: z.array(slug).exactOptional(),
    applications: z.array(anchor).exactOptional(),
    kinds: z.array(entityType).exactOptional(),
    expiresAt: time.exactOptional(),
    // Of what an application signs with; null: there was no key.
    kid: signingKeyId.nullable().exactOptional(),
    algorithm: z.enum(SIGNING_ALGORITHMS).exactOptional(),
    activatesAt: time.exactOptional(),
    // Of what an application authenticates with.
    clientKey: clientKeyId.exactOptional(),
    keyKind: z.enum(CLIENT_KEY_KINDS).exactOptional(),
    // Of a document of an application's: what differs, a list by how many it has.
    document: z.enum(DOCUMENT_NAMES).exactOptional(),
    values: documentValues.exactOptional(),
    // Of a host's entities: neither attributes nor whom they are related to.
    revision: z.int().min(1).exactOptional(),
    relations: z.int().min(0).exactOptional(),
    pointedTo: z.int().min(0).exactOptional(),
    stored: z.int().min(1).exactOptional(),
    // Of policies, by which is decided from then on.
    unit: unit.exactOptional(),
    commit: commit.exactOptional(),
    model: z.string().min(1).exactOptional(),
  })
  .nullable();
const event = z
  .strictObject({
    id: z
      .string()
      .regex(/^[0-9]+\.[0-9]+$/)
      .meta({ description: "Version and ordinal, two numbers: both grow with time", examples: ["3.1"] }),
    at: time,
    actor: z.strictObject({
      kind: z.enum(["account", "client", "system"]),
      id: z
        .string()
        .min(1)
        .meta({ description: "A pseudonym of this audit log's", examples: ["a-4hrzq0v8s6jk2wd7m9xe"] }),
      alias: alias.nullable(),
    }),
    action: verb,
    target: z.strictObject({
      kind: z
        .string()
        .min(1)
        .meta({ examples: ["sector"] }),
      id: z
        .string()
        .min(1)
        .meta({ examples: ["sec-ctjjdpj1r2x898hen5w0"] }),
      alias: alias.nullable().meta({ examples: [null] }),
    }),
    before: change.meta({ examples: [{ name: "Shop" }] }),
    after: change.meta({ examples: [{ name: "Web shop" }] }),
    rule: z
      .string()
      .min(1)
      .nullable()
      .meta({
        description: "Of the matrix, the rule that allowed it; null: no policy was asked",
        examples: ["sector#rename"],
      }),
    matrix: z
      .string()
      .min(1)
      .nullable()
      .meta({ examples: ["default"] }),
    unit: z
      .string()
      .min(1)
      .nullable()
      .meta({ description: "Hash of the policies", examples: ["350c2211499c7498"] }),
    requestId: z
      .string()
      .min(1)
      .nullable()
      .meta({ examples: ["7f3k1zt0v5cq9w2m8xhe"] }),
  })
  .meta({ id: "AuditEvent" });

const moment = z.iso.datetime({ error: "expected an ISO 8601 time in UTC, such as 2026-11-21T00:55:05Z" });
/** The platform's log names nobody by an alias, so nobody is found by one either. */
const unnamedFilters = z.strictObject({
  action: verb.exactOptional().meta({
    description: "Only what was done so: the `action` of events, such as `member.change_role` or `sector.retire`",
  }),
  target_kind: entityType.exactOptional().meta({
    description: "Only what was done to this kind of thing: the `target.kind` of events, such as `member`",
    examples: ["sector"],
  }),
  target_id: foreignId
    .exactOptional()
    .meta({ description: "Only what was done to this; with the kind member, its alias", examples: ["acme"] }),
  since: moment.exactOptional().meta({ description: "Not before this time", examples: ["2026-11-21T00:00:00Z"] }),
  until: moment.exactOptional().meta({ description: "Before this time", examples: ["2099-01-01T00:00:00Z"] }),
});
const filters = z.strictObject({
  ...unnamedFilters.shape,
  actor: alias.exactOptional().meta({ description: "Only what this account did: its alias", examples: ["bob"] }),
});

type Narrowed = z.output<typeof unnamedFilters> & Partial<Pick<z.output<typeof filters>, "actor">>;

function narrowed({ action, actor, target_kind, target_id, since, until }: Narrowed): AuditFilters {
  return {
    ...{ action, actor, targetKind: target_kind, targetId: target_id },
    since: since === undefined ? undefined : new Date(since),
    until: until === undefined ? undefined : new Date(until),
  };
}

export const AUDIT_ROUTES = auditRoutes(IN_ORGANIZATION, filters, "What happened in the organization");
/** What happened to accounts is told here too. It names people by their pseudonyms in this log alone (K7). */
export const PLATFORM_AUDIT_ROUTES = auditRoutes(
  ON_PLATFORM,
  unnamedFilters,
  "What happened on the platform, and to accounts",
);

function auditRoutes(place: Place, filters: typeof unnamedFilters, summary: string): Route[] {
  const { path, requires, operation, problems } = place;
  const params = z.strictObject({ ...place.params });
  const common = { requires: requires("admin"), problems, item: event, params, filters };
  return [
    filteredList({
      ...common,
      path: `${path}/audit`,
      summary: `${summary}, newest first`,
      operation: operation("list", "Audit"),
      asks: ["organization.view_audit"],
      page: async (deps, { caller, params, filters, page }) =>
        await listAudit(deps, caller, { slug: slugOf(params), page, filters: narrowed(filters) }),
    }),
    lines({
      ...common,
      path: `${path}/audit/export`,
      summary: "The audit log up to now, whole; that it was taken is its last event",
      operation: operation("export", "Audit"),
      asks: ["organization.export_audit"],
      parts: async (deps, { caller, params, filters }) =>
        await exportAudit(deps, caller, { slug: slugOf(params), filters: narrowed(filters) }),
    }),
  ];
}
