import { z } from "zod";
import { APPLICATION_KINDS, type PrincipalRole, ROLES } from "../entities/kinds.ts";
import { SCOPES } from "../entities/records.ts";
import { Candidate } from "./candidates.ts";
import type { Queryable, Transaction } from "./database.ts";

const Account = z.object({ id: z.string(), alias: z.string(), pseudonym: z.string(), version: z.number() });
export type AccountFacts = z.infer<typeof Account>;

const Client = z.object({
  id: z.string(),
  clientId: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  organizations: z.array(z.string()),
  applications: z.array(z.string()),
  kinds: z.array(z.string()), // none: all
  origin: z.enum(["configuration", "registered", "development"]),
  state: z.enum(["enabled", "disabled"]),
});
export type ClientFacts = z.infer<typeof Client>;

/** Postgres writes its offset as +00:00; the contract is ISO 8601 with Z. */
const Time = z.string().transform((text) => new Date(text).toISOString());
const Dated = { revision: z.number(), createdAt: Time, updatedAt: Time };
const ResourceState = z.enum(["enabled", "retired"]);
const OrganizationState = z.enum(["active", "retired", "archived"]);

const Organization = z.object({
  id: z.string(),
  slug: z.string(),
  state: OrganizationState,
  matrix: z.string(),
  plan: z.string(),
  version: z.number(),
  ownerCount: z.number(),
  members: z.number(),
  limits: z.partialRecord(z.enum(["applications", "sectors", "members", "pendingInvitations"]), z.number()),
});
/** What decisions read of an organization, whatever they are about. */
export type OrganizationFacts = z.infer<typeof Organization>;

/** At most as many as the plan allows. */
const SignInMethod = z.object({ id: z.string(), issuer: z.string(), subject: z.string(), createdAt: Time });
export type SignInMethodFacts = z.infer<typeof SignInMethod>;

/** Of an account: one that it owns and that is not archived; `isLive` when something in it is enabled. */
const OwnedOrganization = z.object({
  id: z.string(),
  slug: z.string(),
  version: z.number(),
  isSole: z.boolean(),
  isLive: z.boolean(),
});

const Owned = { ownedOrganizations: z.number(), maxOwnedOrganizations: z.number().nullable() };
const RESOURCES = {
  account: Account.extend({
    ...Dated,
    ...Owned,
    name: z.string().nullable(),
    aliasChangedAt: Time.nullable(),
    isDeveloper: z.boolean(),
    signInMethods: z.array(SignInMethod), // by id
    owned: z.array(OwnedOrganization),
  }),
  organization: z.object({
    ...Dated,
    slug: z.string(),
    name: z.string(),
    state: OrganizationState,
    matrix: z.string(),
    plan: z.string(),
    foundedBy: z.string().nullable(),
    enabledApplications: z.number(),
    liveApplications: z.array(z.string()), // at most 20, for remedies
    enabledSectors: z.number(),
    liveSectors: z.array(z.string()),
    pendingInvitations: z.number(),
  }),
  sector: z.object({
    ...Dated,
    id: z.string(),
    name: z.string(),
    state: ResourceState,
    enabledApplications: z.number(),
    liveApplications: z.array(z.string()),
    organizationApplications: z.number(), // enabled
    organizationSectors: z.number(),
  }),
  application: z.object({
    ...Dated,
    anchor: z.string(),
    name: z.string(),
    kind: z.enum(APPLICATION_KINDS),
    state: ResourceState,
    sector: z.string(),
    sectorState: ResourceState,
    organizationApplications: z.number(),
  }),
  member: z.object({
    ...Dated,
    ...Owned,
    account: Account,
    alias: z.string(),
    role: z.enum(ROLES),
    transferPending: z.boolean(),
  }),
  invitation: z.object({
    ...Dated,
    id: z.string(),
    account: Account,
    alias: z.string(),
    role: z.enum(ROLES),
    state: z.enum(["pending", "accepted", "declined", "revoked", "expired"]),
    invitedBy: z.string().nullable(),
    expiresAt: Time,
    inviteeIsMember: z.boolean(),
    pendingInvitations: z.number(),
  }),
  transfer: z.object({
    ...Dated,
    ...Owned,
    id: z.string(),
    account: Account.nullable(), // to whom it is offered; null: erased
    alias: z.string().nullable(),
    offerer: Account.nullable(),
    offeredBy: z.string().nullable(),
    role: z.enum(ROLES).nullable(), // of the recipient, now
    offererIsOwner: z.boolean(),
    state: z.enum(["pending", "accepted", "declined", "cancelled", "expired"]),
    expiresAt: Time,
  }),
  entities: z.object({ version: z.number(), subjects: z.array(Candidate), resources: z.array(Candidate) }),
};
export type Resources = { [K in keyof typeof RESOURCES]: z.infer<(typeof RESOURCES)[K]> };
export type ResourceKind = keyof Resources;

export const Gathered = z.object({
  caller: z.object({ account: Account.nullable(), client: Client.nullable() }),
  subject: Account.nullable(),
  organization: Organization.nullable(),
  role: z.enum(ROLES).nullable(),
  graph: z.object({ filed: z.number(), applied: z.number() }).nullable(),
  resource: z.unknown(),
});

/** All facts of one decision, of one version of the organization. */
export interface Facts<K extends ResourceKind = ResourceKind> extends Omit<
  z.infer<typeof Gathered>,
  "resource" | "role"
> {
  readonly role: Exclude<PrincipalRole, "none"> | null;
  readonly resource: Resources[K] | null;
  /** When that was so. */
  readonly now: Date;
}

export interface FactsQuestion<K extends ResourceKind> {
  readonly caller: { readonly issuer: string; readonly subject: string; readonly clientId: string | null };
  /** The account asked about; null: the caller's own. */
  readonly alias: string | null;
  /** The organization of the path; null: the resource's own. */
  readonly slug: string | null;
  readonly kind: K;
  readonly id: string | null;
  readonly now: Date;
}

/** One statement, one version. */
export async function gatherFacts<K extends ResourceKind>(on: Queryable, asked: FactsQuestion<K>): Promise<Facts<K>> {
  const { caller } = asked;
  const rows = await on.query<{ facts: unknown }>({
    name: "gather_facts",
    text: "select gather_facts($1, $2, $3, $4, $5, $6, $7, $8) as facts",
    values: [caller.issuer, caller.subject, caller.clientId, asked.alias, asked.slug, asked.kind, asked.id, asked.now],
  });
  const facts = Gathered.parse(rows[0]?.facts);
  return { ...facts, resource: resourceOf(asked.kind, facts.resource), now: asked.now };
}

export function resourceOf<K extends ResourceKind>(kind: K, resource: unknown): Resources[K] | null {
  return resource === null ? null : (RESOURCES[kind].parse(resource) as Resources[K]); // zod cannot follow the kind into its schema
}

export interface Versioned {
  readonly id: string;
  readonly version: number;
}

export interface LockRequest {
  readonly accounts: readonly Versioned[];
  readonly organizations: readonly Versioned[];
}

/** Locks accounts, then organizations, about the last of which the transaction is then; false when one is gone or no longer at its version. */
export async function lockAt(tx: Transaction, lock: LockRequest): Promise<boolean> {
  const rows = await tx.query<{ holds: boolean }>({
    name: "lock_at",
    text: "select lock_at($1, $2, $3, $4) as holds",
    values: [
      lock.accounts.map((account) => account.id),
      lock.accounts.map((account) => account.version),
      lock.organizations.map((organization) => organization.id),
      lock.organizations.map((organization) => organization.version),
    ],
  });
  return rows[0]?.holds === true;
}

/** The account as the transaction has made it, as facts show it. */
export async function readAccount(tx: Transaction, alias: string): Promise<Resources["account"]> {
  const rows = await tx.query<{ account: unknown }>({
    name: "read_account",
    text: "select account_facts($1) as account",
    values: [alias],
  });
  return RESOURCES.account.parse(rows[0]?.account);
}

/** The resource as the transaction has made it, as facts show it. */
export async function readResource<K extends Exclude<ResourceKind, "account">>(
  tx: Transaction,
  kind: K,
  id: string,
  now: Date,
): Promise<Resources[K]> {
  const rows = await tx.query<{ resource: unknown }>({
    name: "read_resource",
    text: "select resource_facts($1, $2, $3) as resource",
    values: [kind, id, now],
  });
  return RESOURCES[kind].parse(rows[0]?.resource) as Resources[K]; // as above
}
