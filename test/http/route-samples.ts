import { NOTHING } from "../../src/http/fields.ts";
import type { Route } from "../../src/http/route.ts";
import type { Person } from "../support/gateway.ts";
import { BY_SECRET, CONNECTOR } from "../support/connectors.ts";
import { PUBLIC_KEY } from "../support/client-key.ts";
import { admission, AUTHENTICATION, CLAIMS, SESSION, SETTINGS } from "../support/rules.ts";
import { group, type KeptEntity, LINES, TITLE } from "../support/documents.ts";
import type { MadeApplication, WithKeys } from "../support/world.ts";

/** For each route a request that is good, so that a test can spoil it in one thing. */

/** What exists when the tests begin: alice owns it all. */
export interface World extends WithKeys {
  readonly slug: string;
  readonly anchor: string;
  readonly sector: string;
  readonly connector: string;
  readonly invitation: string;
  readonly transfer: string;
  readonly client: string;
  /** Adopted, and its proof is to be seen. */
  readonly domain: string;
  readonly signInMethod: string;
  /** A token of somebody whom nobody has seen. */
  readonly proof: string;
  /** Of no organization: the operator's (K8). */
  readonly platform: MadeApplication & WithKeys;
  readonly member: Person;
  readonly alice: Person;
  readonly shop: Person;
  readonly operator: Person;
  /** A group: its gateway has the kinds of support/documents.ts. */
  readonly entity: KeptEntity;
  /** The service that keeps the organization's entities. */
  readonly keeper: Person;
}

export type CallerRoute = Route & { readonly access: "caller" };

export interface GoodRequest {
  readonly method: string;
  readonly path: string;
  /** A text: lines. */
  readonly body: Readonly<Record<string, unknown>> | string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly by: Person;
}

export const named = ({ method, path }: Pick<Route, "method" | "path">): string => `${method.toUpperCase()} ${path}`;

export function goodRequest(route: CallerRoute, world: World): GoodRequest {
  const hasLines = route.dialect === "lines";
  const body = hasLines ? goodLines(world) : route.body === NOTHING ? undefined : bodyOf(route, world);
  const by = callerOf(route, world);
  const method = route.method.toUpperCase();
  return { method, path: goodPath(route.path, world), body, headers: hasLines ? LINES : {}, by };
}

export const isOfEntities = ({ path }: Pick<Route, "path">): boolean => path.startsWith(`${ENTITY}/entities`);

/** What is there already, and something new. */
function goodLines({ entity }: World): string {
  const { type } = entity;
  const imported = [
    { ...entity, ...group(TITLE) },
    { type, id: "imported", ...group(TITLE) },
  ];
  return imported.map((line) => JSON.stringify(line)).join("\n");
}

/** The pattern with the world's ids in its places. */
export function goodPath(pattern: string, world: World): string {
  return pattern.replace(/:([a-z]+)/g, (_whole, name: string) => paramOf(pattern, name, world));
}

const OF_LOGINS = /\/(logins|client-authentications)$/;

function callerOf({ path, operation }: CallerRoute, world: World): Person {
  if (isOfEntities({ path })) return world.keeper;
  if (operation === "eraseAccount") return world.member; // nothing stands in its way
  if (path.includes("/access/") || path.endsWith("/v1/explain") || OF_LOGINS.test(path)) return world.shop;
  return path.startsWith("/v1/platform/") ? world.operator : world.alice;
}

function paramOf(path: string, name: string, world: World): string {
  const isPlatforms = path.startsWith("/v1/platform/");
  const { anchor, sector, signingKey, clientKey } = isPlatforms ? world.platform : world;
  if (name === "slug") return world.slug;
  if (name === "anchor") return anchor;
  if (name === "kid") return signingKey;
  if (name === "domain") return world.domain;
  if (name === "alias") return world.member.alias;
  if (name === "type") return world.entity.type;
  if (path.includes("/entities/")) return world.entity.id;
  if (path.includes("/client-keys/")) return clientKey;
  if (path.includes("/connectors/")) return world.connector;
  if (path.includes("/sectors/")) return sector;
  if (path.includes("/sign-in-methods/")) return world.signInMethod;
  if (path.includes("/transfers/")) return world.transfer;
  return path.includes("/clients/") ? world.client : world.invitation;
}

const ENTITY = "/v1/organizations/:slug";
const PLATFORM = "/v1/platform";

/** No If-Match: nobody has set one of them yet, and to say it again needs none. */
function documentsAt(path: string, { member }: World): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return {
    [`${path}/settings`]: { ...SETTINGS },
    [`${path}/rules/admission`]: { ...admission({ accounts: [member.alias] }) },
    [`${path}/rules/authentication`]: { ...AUTHENTICATION },
    [`${path}/rules/session`]: { ...SESSION },
    [`${path}/claims`]: { ...CLAIMS },
  };
}

function bodyOf(route: CallerRoute, world: World): Readonly<Record<string, unknown>> {
  const account = { type: "account", id: world.member.alias };
  const check = { subject: account, action: { name: "view" }, resource: { type: "organization", id: world.slug } };
  const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "POST /v1/organizations": { name: "Another" },
    "PATCH /v1/me": { alias: "renamed" },
    "POST /v1/me/sign-in-methods": { token: world.proof },
    [`PATCH ${ENTITY}`]: { name: "Renamed" },
    [`POST ${ENTITY}/archive`]: { confirm: world.slug },
    [`POST ${ENTITY}/sectors`]: { name: "Sector" },
    [`PATCH ${ENTITY}/sectors/:id`]: { name: "Renamed" },
    [`POST ${ENTITY}/applications`]: { name: "Shop", kind: "web" },
    [`PATCH ${ENTITY}/applications/:anchor`]: { name: "Renamed" },
    [`POST ${ENTITY}/applications/:anchor/keys/rotate`]: { algorithm: "EdDSA" },
    ...documentsAt(`PUT ${ENTITY}/applications/:anchor`, world),
    ...documentsAt(`PUT ${PLATFORM}/applications/:anchor`, world),
    [`POST ${ENTITY}/applications/:anchor/client-keys`]: {
      name: "Deployment",
      publicKey: PUBLIC_KEY,
      expiresInDays: 90,
    },
    [`POST ${PLATFORM}/applications/:anchor/client-keys`]: { name: "Deployment" },
    [`POST ${ENTITY}/domains`]: { domain: "new.example.com" },
    [`POST ${ENTITY}/connectors`]: {
      ...{ name: "Other login", clientSecret: "what nobody reads" },
      settings: { ...BY_SECRET, issuer: "https://other.example.com" },
    },
    [`PUT ${ENTITY}/connectors/:id`]: CONNECTOR, // what it is
    [`PATCH ${ENTITY}/members/:alias`]: { role: "viewer" },
    [`POST ${ENTITY}/invitations`]: { alias: world.member.alias, role: "viewer" },
    [`POST ${PLATFORM}/sectors`]: { name: "Sector" },
    [`PATCH ${PLATFORM}/sectors/:id`]: { name: "Renamed" },
    [`POST ${PLATFORM}/applications`]: { name: "Console", kind: "web" },
    [`PATCH ${PLATFORM}/applications/:anchor`]: { name: "Renamed" },
    [`POST ${PLATFORM}/applications/:anchor/keys/rotate`]: {},
    [`POST ${ENTITY}/transfers`]: { alias: world.member.alias },
    [`PUT ${ENTITY}/entities/:type/:id`]: group(TITLE), // what it is: to say it again needs no If-Match
    [`PATCH ${ENTITY}/entities/:type/:id`]: { attributes: { title: "Renamed" }, relate: {}, unrelate: {} },
    "POST /v1/platform/clients": {
      ...{ issuer: "https://id.example.com", clientId: "new", subject: "new", name: "New" },
      scopes: ["authz:evaluate"],
    },
    "PATCH /v1/platform/clients/:id": { name: "Renamed" },
    "POST /v1/applications/:anchor/logins": {
      subject: account,
      authentication: { methods: ["pwd"], assurance: 1, factors: 1, at: "2026-01-01T00:00:00Z" },
      claims: { email: "bob@example.com" },
    },
    "POST /v1/applications/:anchor/client-authentications": { secret: "bws_of-nobody" },
    "POST /access/v1/evaluation": check,
    "POST /access/v1/evaluations": check, // without items, that is what it is
    "POST /v1/explain": check,
    "POST /access/v1/search/subject": { ...check, subject: { type: "account" } },
    "POST /access/v1/search/resource": { ...check, resource: { type: "sector" } },
    "POST /access/v1/search/action": { subject: account, resource: check.resource }, // it has no action
  };
  const body = bodies[named(route).replace("/o/:slug/", "/")];
  if (body === undefined) throw new Error(`${named(route)} has no good body here; add one`);
  return body;
}
