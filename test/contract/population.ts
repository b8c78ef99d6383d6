import type { Gateway } from "../../src/assemble.ts";
import { SCOPES } from "../../src/entities/records.ts";
import type { DevelopmentIssuer } from "../../src/local/issuer.ts";
import { OIDC } from "../support/connectors.ts";

/** Who calls: a person with this role in every organization, or a service with every scope. */
export const ROLES = ["viewer", "admin", "owner", "service"] as const;
export type Role = (typeof ROLES)[number];

/** What exists for one run, so that a generated request meets something. */
export interface Population {
  readonly token: string;
  readonly slugs: readonly string[];
  readonly anchors: readonly string[];
  /** Of their keys. */
  readonly kids: readonly string[];
  readonly clientKeys: readonly string[];
  readonly connectors: readonly string[];
  readonly sectors: readonly string[];
  readonly aliases: readonly string[];
  readonly invitations: readonly string[];
  readonly transfers: readonly string[];
  readonly domains: readonly string[];
  readonly clients: readonly string[];
  /** Ids of groups and projects; each organization has the same ones. */
  readonly entities: readonly string[];
}

type Call = (token: string, method: string, path: string, body?: object) => Promise<Readonly<Record<string, unknown>>>;
interface Place {
  readonly gateway: Gateway;
  readonly issuer: DevelopmentIssuer;
  readonly call: Call;
}

const ORGANIZATIONS = 4;
const EACH = 4; // of applications, sectors, invitations and entities of each kind
const HOUR = 3600;

/** Organizations with everything in them, made over REST, in which the caller has the role; each role gets its own. */
export async function populate(gateway: Gateway, issuer: DevelopmentIssuer, role: Role): Promise<Population> {
  const place: Place = { gateway, issuer, call: caller(gateway.url) };
  const names = [role, `${role}-founder`, ...[0, 1, 2, 3].map((number) => `${role}-guest-${number}`)];
  const people = new Map<string, string>();
  for (const name of names) people.set(name, await introduced(place, name));
  const keeper = await serviceToken(issuer, role);
  const token = role === "service" ? keeper : (people.get(role) ?? "");
  const made = {
    slugs: [],
    anchors: [],
    clientKeys: [] as string[],
    connectors: [],
    sectors: [],
    transfers: [],
    domains: [],
    invitations: [] as string[],
  };
  const entities = new Set<string>();
  for (let number = 0; number < ORGANIZATIONS; number += 1) {
    const slug = `${role}-${number}`;
    await found(place, { role, slug, people }, made);
    for (const id of await keepEntities(place, keeper, slug, role)) entities.add(id);
  }
  if (role === "service") await managePlatform(place, token, made);
  const mine = await invitedElsewhere(place, role, people);
  await keep(place, role, people);
  const invitations = [...made.invitations, ...mine];
  const keys = { kids: await keysOf(place, made.anchors), clientKeys: made.clientKeys };
  const things = { invitations, ...keys, clients: await clients(place) };
  return { token, ...made, ...things, aliases: names, entities: [...entities] };
}

interface Founding {
  readonly role: Role;
  readonly slug: string;
  readonly people: ReadonlyMap<string, string>;
}

type Made = {
  readonly [
    K in "slugs" | "anchors" | "clientKeys" | "connectors" | "sectors" | "transfers" | "domains" | "invitations"
  ]: string[];
};

async function found({ call }: Place, { role, slug, people }: Founding, made: Made): Promise<void> {
  const founder = people.get(`${role}-founder`) ?? "";
  const at = `/v1/organizations/${slug}`;
  await call(founder, "POST", "/v1/organizations", { slug, name: slug });
  made.slugs.push(slug);
  const joining = role === "service" || role === "owner" ? "admin" : role;
  const { id } = await call(founder, "POST", `${at}/invitations`, { alias: role, role: joining });
  await call(people.get(role) ?? "", "POST", `/v1/invitations/${String(id)}/accept`);
  const offer = await call(founder, "POST", `${at}/transfers`, { alias: role });
  made.transfers.push(String(offer["id"]));
  if (role === "owner") await call(founder, "PATCH", `${at}/members/${role}`, { role });
  for (let number = 0; number < EACH; number += 1) {
    const { anchor, sector } = await call(founder, "POST", `${at}/applications`, { name: "Shop", kind: "web" });
    made.anchors.push(String(anchor));
    made.sectors.push(String(sector));
    const key = await call(founder, "POST", `${at}/applications/${String(anchor)}/client-keys`, { name: "Deployment" });
    made.clientKeys.push(String(key["id"]));
    const { domain } = await call(founder, "POST", `${at}/domains`, { domain: `of-${number}.${slug}.example.com` });
    made.domains.push(String(domain));
    const settings = { ...OIDC, issuer: `https://login-${number}.example.com` };
    const connector = await call(founder, "POST", `${at}/connectors`, { name: "Example login", settings });
    made.connectors.push(String(connector["id"]));
    const guest = { alias: `${role}-guest-${number}`, role: "viewer" };
    const invitation = await call(founder, "POST", `${at}/invitations`, guest);
    made.invitations.push(String(invitation["id"]));
  }
}

async function keysOf({ call }: Place, anchors: readonly string[]): Promise<string[]> {
  const kids: string[] = [];
  for (const anchor of anchors) {
    const { keys } = await call("", "GET", `/v1/applications/${anchor}/jwks.json`);
    kids.push(...(keys as readonly { readonly kid: string }[]).map(({ kid }) => kid));
  }
  return kids;
}

/** Projects that the caller leads, and groups that it is in; gives their ids. */
async function keepEntities({ call }: Place, keeper: string, slug: string, alias: string): Promise<string[]> {
  const caller = [{ type: "account", id: alias }];
  const documents = {
    project: { attributes: { title: "Plan", state: "active" }, relations: { leader: caller } },
    group: { attributes: { title: "Editors" }, relations: { member: caller } },
  };
  const ids: string[] = [];
  for (let number = 0; number < EACH; number += 1) {
    for (const [type, document] of Object.entries(documents)) {
      const id = `${type}-${number}`;
      await call(keeper, "PUT", `/v1/organizations/${slug}/entities/${type}/${id}`, document);
      ids.push(id);
    }
  }
  return ids;
}

async function managePlatform({ call }: Place, token: string, made: Made): Promise<void> {
  for (let number = 0; number < EACH; number += 1) {
    const body = { name: "Console", kind: "web" };
    const { anchor, sector } = await call(token, "POST", "/v1/platform/applications", body);
    made.anchors.push(String(anchor));
    made.sectors.push(String(sector));
  }
}

/** Invitations that the caller may accept or decline. */
async function invitedElsewhere(
  { call }: Place,
  role: Role,
  people: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const host = people.get(`${role}-guest-0`) ?? "";
  const invitations: string[] = [];
  for (let number = 0; number < EACH; number += 1) {
    const slug = `${role}-elsewhere-${number}`;
    await call(host, "POST", "/v1/organizations", { slug, name: slug });
    const { id } = await call(host, "POST", `/v1/organizations/${slug}/invitations`, { alias: role, role: "viewer" });
    invitations.push(String(id));
  }
  return invitations;
}

/** The caller owns something live alone, which no list names: so it cannot erase itself in the middle of the run (S0.38). */
async function keep({ call }: Place, role: Role, people: ReadonlyMap<string, string>): Promise<void> {
  const person = people.get(role) ?? "";
  const slug = `kept-by-${role}`;
  await call(person, "POST", "/v1/organizations", { slug, name: slug });
  await call(person, "POST", `/v1/organizations/${slug}/applications`, { name: "Shop", kind: "web" });
}

async function clients({ issuer, call }: Place): Promise<readonly string[]> {
  const token = await serviceToken(issuer, "service");
  const { items } = await call(token, "GET", "/v1/platform/clients");
  return (items as { readonly id: string }[]).map(({ id }) => id);
}

/** Of a client with every scope, in every organization. */
async function serviceToken(issuer: DevelopmentIssuer, role: Role): Promise<string> {
  const name = `service-of-${role}`;
  const claims = { client_id: name, scope: SCOPES.join(" ") };
  return await issuer.sign({ subject: `client:${name}`, claims, expiresInSeconds: HOUR });
}

async function introduced({ issuer, call }: Place, name: string): Promise<string> {
  const claims = { preferred_username: name };
  const token = await issuer.sign({ subject: name, claims, expiresInSeconds: HOUR });
  await call(token, "GET", "/v1/me/organizations");
  return token;
}

function caller(url: string): Call {
  return async (token, method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };
}
