import type { Reason } from "./errors.ts";
import type {
  ApplicationKind,
  InvitationState,
  OrganizationState,
  ResourceState,
  Role,
  TransferState,
} from "./kinds.ts";

/** What the caller may do with a thing, by action; a refusal with every reason that holds. */
export type Actions = Readonly<Record<string, { readonly allowed: boolean; readonly reasons: readonly Reason[] }>>;

/** A record that was read, with the caller's actions where they were asked for. */
export type Viewed<Value> = Value & { readonly actions?: Actions };

const ALIAS_MEMBERS: readonly string[] = ["alias", "foundedBy", "invitedBy", "offeredBy"];

/** Is it by this member that a record names a person? */
export function isAliasMember(member: string): boolean {
  return ALIAS_MEMBERS.includes(member);
}

/** What leaves the gateway: nothing in these records is an account id (S0.19). Times are ISO 8601 in UTC. */

/** The caller's own account. */
export interface Me {
  readonly alias: string;
  readonly name: string | null; // what the person is called
  readonly developer: boolean; // follows from having a membership
  readonly aliasChangeableAt: string | null; // null: now
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number; // of all but `developer` and `aliasChangeableAt`
}

export interface SignInMethod {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly current: boolean; // the request's own
  readonly createdAt: string;
}

/** An application that knows the caller. */
export interface DataSharing {
  readonly application: string; // an anchor
  readonly applicationName: string;
  readonly organization: string; // a slug
  readonly organizationName: string;
  readonly claims: readonly string[]; // names of those that it has been told, whenever that was
  readonly firstAt: string;
  readonly lastAt: string;
  readonly withdrawnAt: string | null; // null: it may be told what the claim policy lists
}

export interface Organization {
  readonly slug: string;
  readonly name: string;
  readonly state: OrganizationState;
  readonly matrix: string;
  readonly plan: string;
  readonly foundedBy: string | null; // an alias
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number; // becomes the ETag
}

export interface MyOrganization extends Omit<Organization, "foundedBy"> {
  readonly role: Role;
}

export interface Sector {
  readonly id: string;
  readonly name: string;
  readonly state: ResourceState;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface Application {
  readonly anchor: string;
  readonly name: string;
  readonly kind: ApplicationKind;
  readonly state: ResourceState;
  readonly sector: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface Member {
  readonly alias: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface Invitation {
  readonly id: string;
  readonly alias: string; // who is invited
  readonly role: Role;
  readonly state: InvitationState;
  readonly invitedBy: string | null; // an alias; null: of somebody who was erased
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface MyInvitation {
  readonly id: string;
  readonly organization: string; // a slug
  readonly organizationName: string;
  readonly role: Role;
  readonly state: "pending";
  readonly invitedBy: string | null;
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly revision: number;
}

/** An offer of ownership. */
export interface Transfer {
  readonly id: string;
  readonly alias: string | null; // to whom it is offered; null: the account was erased
  readonly offeredBy: string | null;
  readonly state: TransferState;
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface MyTransfer {
  readonly id: string;
  readonly organization: string; // a slug
  readonly organizationName: string;
  readonly state: "pending";
  readonly offeredBy: string;
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly revision: number;
}

/** Who, or what, a relation points to: a member by alias (`account`), or an entity; with a relation, everybody who stands in it. */
export interface RelatedTo {
  readonly type: string;
  readonly id: string;
  readonly relation?: string;
}

export type Relations = Readonly<Record<string, readonly RelatedTo[]>>;

export interface EntityKey {
  readonly type: string;
  readonly id: string; // the host's
}

/** Which entities of a kind; all that are set must hold. */
export interface EntityFilters {
  /** An attribute of the top level, and the value that it has, as text. */
  readonly attribute?: { readonly name: string; readonly value: string };
  /** What it is in a relation to. */
  readonly related?: EntityKey & { readonly relation: string };
}

/** A thing of a host's kind. */
export interface Entity {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relations: Relations; // those that there are
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number; // of both
}

export interface AuditEvent {
  readonly id: string; // `<version>.<ordinal>`: grows with time
  readonly at: string;
  readonly actor: {
    readonly kind: "account" | "client" | "system";
    readonly id: string;
    readonly alias: string | null;
  };
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly alias: string | null };
  readonly before: unknown;
  readonly after: unknown;
  readonly rule: string | null;
  readonly matrix: string | null;
  readonly unit: string | null;
  readonly requestId: string | null;
}

/** Which events of an audit log; all that are set must hold. */
export interface AuditFilters {
  readonly action?: string | undefined;
  readonly actor?: string | undefined; // an alias
  readonly targetKind?: string | undefined;
  readonly targetId?: string | undefined; // of a member: its alias
  readonly since?: Date | undefined; // inclusive
  readonly until?: Date | undefined; // exclusive
}

export const SCOPES = [
  "authz:evaluate",
  "authz:search",
  "authz:explain",
  "authz:all",
  "entities:write",
  "logins:create",
  "platform:admin",
] as const;
export type Scope = (typeof SCOPES)[number];

export interface Client {
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly organizations: readonly string[]; // slugs; with the scope authz:all it is bound to none
  readonly applications: readonly string[]; // anchors
  readonly kinds: readonly string[]; // that it may ask about and store; none: all
  readonly origin: "configuration" | "registered" | "development";
  readonly state: "enabled" | "disabled";
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins (exclusive); null at the end. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly after: string; // "" for the first page
  readonly size: number;
}
