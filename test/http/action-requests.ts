import type { Kind } from "../../src/entities/kinds.ts";
import { CONNECTOR } from "../support/connectors.ts";
import { CLAIMS, SESSION } from "../support/rules.ts";
import type { Answered, Person } from "../support/gateway.ts";

/** A thing that has actions, and where it is. */
export interface Thing {
  readonly kind: Exclude<Kind, "account">;
  readonly path: string;
  /** The organization's. */
  readonly organization: string;
  readonly id: string;
  /** For the reader of a failure. */
  readonly name: string;
}

export type ActionRequest = readonly [method: "get" | "post" | "put" | "patch" | "delete", path: string, body?: object];

type Requests = Readonly<Record<string, ActionRequest>>;

/** Actions that no route performs, and why: what they say is held to the policies alone (policies/cerbos). */
export const WITHOUT_ROUTE: Readonly<Record<Thing["kind"], Readonly<Record<string, string>>>> = {
  organization: {
    view_entities: "entities are the services' of the host, no member's",
    store_entities: "entities are the services' of the host, no member's",
  },
  sector: {},
  application: {},
  member: {},
  invitation: {},
  transfer: {},
};

/** What DELETE of a member means depends on whose alias it is; the other action of the two has no request then. */
export function withoutRequest({ kind, id }: Thing, by: Person): string[] {
  const other = id === by.alias ? "remove" : "leave";
  return [...Object.keys(WITHOUT_ROUTE[kind]), ...(kind === "member" ? [other] : [])];
}

/** The request that each action stands for. `guest` is nobody's guest yet. */
export function requestsOf(thing: Thing, by: Person, guest: string): Requests {
  const { kind, path } = thing;
  const rename: ActionRequest = ["patch", path, { name: "Renamed" }];
  const common: Requests = { view: ["get", path] };
  const turns: Requests = { retire: ["post", `${path}/retire`], enable: ["post", `${path}/enable`] };
  const archive: ActionRequest = ["post", `${path}/archive`, { confirm: thing.id }];
  if (kind === "organization") return { ...common, ...turns, archive, rename, ...inOrganization(path, guest) };
  if (kind === "application") return { ...common, ...turns, edit: rename, ...ofApplication(path) };
  if (kind === "member") return { ...common, ...ofMember(thing, by) };
  if (kind === "invitation") return { ...common, ...ofInvitation(thing) };
  if (kind === "transfer") return { ...common, ...ofTransfer(thing) };
  const shop = { name: "Another", kind: "web", sector: thing.id };
  return { ...common, ...turns, rename, create_application: ["post", `${thing.organization}/applications`, shop] };
}

function inOrganization(path: string, guest: string): Requests {
  const invitation = (role: string): ActionRequest => ["post", `${path}/invitations`, { alias: guest, role }];
  return {
    list_sectors: ["get", `${path}/sectors`],
    list_applications: ["get", `${path}/applications`],
    list_members: ["get", `${path}/members`],
    list_invitations: ["get", `${path}/invitations`],
    list_transfers: ["get", `${path}/transfers`],
    view_audit: ["get", `${path}/audit`],
    export_audit: ["get", `${path}/audit/export`],
    view_domains: ["get", `${path}/domains`],
    manage_domains: ["post", `${path}/domains`, { domain: "another.example.com" }],
    view_connectors: ["get", `${path}/connectors`],
    manage_connectors: ["post", `${path}/connectors`, CONNECTOR],
    create_sector: ["post", `${path}/sectors`, { name: "Another" }],
    create_application: ["post", `${path}/applications`, { name: "Another", kind: "web" }],
    invite_viewer: invitation("viewer"),
    invite_member: invitation("member"),
    invite_billing: invitation("billing"),
    invite_admin: invitation("admin"),
    invite_owner: invitation("owner"),
  };
}

function ofApplication(path: string): Requests {
  return {
    rotate_keys: ["post", `${path}/keys/rotate`, {}],
    view_rules: ["get", `${path}/rules/session`],
    configure_rules: ["put", `${path}/rules/session`, SESSION],
    set_claim_policy: ["put", `${path}/claims`, CLAIMS],
  };
}

function ofMember({ path, id, organization }: Thing, by: Person): Requests {
  const grant = (role: string): ActionRequest => ["patch", path, { role }];
  return {
    grant_viewer: grant("viewer"),
    grant_member: grant("member"),
    grant_billing: grant("billing"),
    grant_admin: grant("admin"),
    grant_owner: grant("owner"),
    offer_ownership: ["post", `${organization}/transfers`, { alias: id }],
    [id === by.alias ? "leave" : "remove"]: ["delete", path],
  };
}

function ofInvitation({ path, organization, id }: Thing): Requests {
  return {
    resend: ["post", `${organization}/invitations/${id}/resend`],
    revoke: ["post", `${organization}/invitations/${id}/revoke`],
    accept: ["post", `${path}/accept`],
    decline: ["post", `${path}/decline`],
  };
}

function ofTransfer({ path }: Thing): Requests {
  return {
    accept: ["post", `${path}/accept`],
    decline: ["post", `${path}/decline`],
    cancel: ["post", `${path}/cancel`],
  };
}

/** A change is tried dry: what it would answer (test/http/dry-run.test.ts), and nothing happens. */
export async function attempt(by: Person, [method, path, body]: ActionRequest): Promise<Answered> {
  if (method === "get") return await by.get(path);
  const target = `${path}?dryRun=true`;
  return method === "delete" ? await by.delete(target) : await by[method](target, body);
}
