/** A world for requests of which one thing is spoiled (bad-input.test.ts, bad-callers.test.ts). */
import { expect } from "@jest/globals";
import { NOTHING } from "../../src/http/fields.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { requirePromised } from "../support/contract.ts";
import { addConnector } from "../support/connectors.ts";
import { adoptShown } from "../support/domains.ts";
import { addEntity, addKeeper, DOCUMENTS } from "../support/documents.ts";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  addApplication,
  addMember,
  addPlatformApplication,
  foundOrganization,
  keysOf,
  letKnow,
  must,
} from "../support/world.ts";
import { type CallerRoute, goodRequest, named, type World } from "./route-samples.ts";

export const CALLER_ROUTES = ROUTES.filter((route): route is CallerRoute => route.access === "caller");
export const WITH_BODY = CALLER_ROUTES.filter(({ body, dialect }) => body !== NOTHING && dialect !== "lines");

export const table = (routes: readonly CallerRoute[]): [string, CallerRoute][] =>
  routes.map((route) => [named(route), route]);

export interface Spoiled {
  readonly path?: string;
  readonly token?: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Refused {
  readonly status: number;
  readonly code: unknown;
  readonly text: string;
}

export interface SpoilingPlace {
  readonly gateway: TestGateway;
  readonly issuer: ForeignIssuer;
  readonly world: World;
  /** A person of no organization. */
  readonly stranger: Person;
  /** Keeps the entities of another organization, which has one with the same id. */
  readonly elsewhere: Person;
  /** Sends the route's good request with one thing spoiled; whatever comes is a problem document, and nothing was written. */
  spoiled(route: CallerRoute, spoil: Spoiled): Promise<Refused>;
  close(): Promise<void>;
}

export async function openSpoilingPlace(): Promise<SpoilingPlace> {
  const issuer = await startForeignIssuer();
  const gateway = await startTestGateway({ settings: issuer.settings, hostPolicies: [DOCUMENTS] });
  const world = await makeWorld(gateway, issuer);
  const stranger = await gateway.person("mallory");
  const other = await foundOrganization(await gateway.person("dave"));
  const elsewhere = await addKeeper(gateway, "elsewhere", [other]);
  await addEntity(elsewhere, other, world.entity.id);
  return {
    ...{ gateway, issuer, world, stranger, elsewhere },
    spoiled: async (route, spoil) => await sendSpoiled(gateway, world, route, spoil),
    close: async () => {
      await gateway.close();
      await issuer.close();
    },
  };
}

async function makeWorld(gateway: TestGateway, issuer: ForeignIssuer): Promise<World> {
  const alice = await gateway.person("alice");
  const member = await gateway.person("bob");
  const invited = await gateway.person("carol");
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  await addMember(alice, slug, member, "viewer");
  await letKnow(gateway, alice, anchor);
  const invitation = await alice.post(`/v1/organizations/${slug}/invitations`, {
    alias: invited.alias,
    role: "viewer",
  });
  const narrow = { clientId: "narrow", subject: "narrow", name: "N", scopes: ["authz:search"] };
  const registration = { issuer: issuer.issuer, ...narrow };
  const client = must(await operator.post("/v1/platform/clients", registration), 201);
  await evaluateOnce(gateway, slug);
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const [method] = await gateway.sql<{ id: string }>("select id from sign_in_methods where subject = 'alice'");
  const proven = { signInMethod: method?.id ?? "", proof: await issuer.sign({ sub: "unseen" }) };
  const ids = {
    invitation: String(invitation.body.id),
    transfer: String(offered.body.id),
    client: String(client.body.id),
  };
  const platform = await addPlatformApplication(operator);
  const keys = await keysOf(alice, `/v1/organizations/${slug}/applications/${anchor}`);
  const keeper = await addKeeper(gateway, "keeper", [slug]);
  const entity = await addEntity(keeper, slug, "editors");
  const { domain } = await adoptShown(gateway.dns, alice, slug);
  const connector = await addConnector(alice, slug);
  const people = { member, alice, shop: gateway.shop, operator, keeper };
  return { slug, domain, anchor, sector, connector, ...keys, ...ids, ...proven, platform, entity, ...people };
}

/** The development issuer's services register themselves at first use, which is a write of its own. */
async function evaluateOnce(gateway: TestGateway, slug: string): Promise<void> {
  const subject = { type: "account", id: "nobody" };
  await gateway.shop.post("/access/v1/evaluation", {
    ...{ subject, action: { name: "view" } },
    resource: { type: "organization", id: slug },
  });
}

async function sendSpoiled(gateway: TestGateway, world: World, route: CallerRoute, spoil: Spoiled): Promise<Refused> {
  const good = goodRequest(route, world);
  const before = await written(gateway);
  const token = spoil.token ?? good.by.token;
  const body = spoil.body ?? bodyText(good.body);
  const path = spoil.path ?? good.path;
  const response = await fetch(`${gateway.url}${path}`, {
    method: good.method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...good.headers,
      ...spoil.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const { status: answered, headers } = response;
  const text = await response.text();
  requirePromised({ method: good.method, path, status: answered, headers, text });
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\.ts\b/);
  expect(await written(gateway)).toEqual(before);
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { type, title, detail, status, code } = document;
  expect([typeof type, typeof title, typeof detail]).toEqual(["string", "string", "string"]);
  expect(status).toBe(response.status);
  return { status: response.status, code, text };
}

export function bodyText(body: ReturnType<typeof goodRequest>["body"]): string | undefined {
  return typeof body === "object" ? JSON.stringify(body) : body;
}

/** Every change raises a version, files an audit event or makes a row: the tables' counts and versions tell. */
async function written(gateway: TestGateway): Promise<unknown> {
  const [row] = await gateway.sql(`
    select (select sum(version) from organizations) as organizations, (select count(*) from accounts) as accounts,
      (select sum(version) from accounts) as account_versions, (select count(*) from audit_events) as audit,
      (select count(*) from outbox) as outbox, (select sum(revision) from memberships) as memberships,
      (select sum(revision) from invitations) as invitations, (select sum(revision) from clients) as clients,
      (select sum(revision) from application_documents) as documents, (select sum(revision) from connectors) as connectors,
      (select sum(revision) from transfers) as transfers, (select sum(entity_version) from organizations) as entities,
      (select sum(revision) from accounts) as profiles, (select count(*) from sign_in_methods) as methods,
      (select count(*) from data_sharing where withdrawn_at is not null) as withdrawn`);
  return row;
}
