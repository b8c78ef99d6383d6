/** Two organizations that know nothing of each other, and what asks about one from the other (K9). */
import { requirePromised } from "../support/contract.ts";
import { addConnector } from "../support/connectors.ts";
import { adoptShown } from "../support/domains.ts";
import { addEntity, addKeeper, DOCUMENTS } from "../support/documents.ts";
import { caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  addApplication,
  addMember,
  addPlatformApplication,
  foundOrganization,
  keysOf,
  letKnow,
  must,
} from "../support/world.ts";
import { bodyText } from "./spoiled-requests.ts";
import { type CallerRoute, goodRequest, type World } from "./route-samples.ts";

export interface Secrecy {
  readonly gateway: TestGateway;
  /** Owns `own`. */
  readonly stranger: Person;
  /** A service with every scope, bound to `own`. */
  readonly bound: Person;
  readonly own: string;
  /** Exists, and is none of the stranger's business. */
  readonly foreign: World;
  /** Of the same forms, and nothing of it exists. */
  readonly unknown: World;
}

/** An entity with this id is stored in both. */
export const SHARED = "editors";

export async function makeSecrecy(): Promise<Secrecy> {
  const gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  const stranger = await gateway.person("mallory");
  const own = await foundOrganization(stranger);
  const scopes = [
    ..."evaluate search explain".split(" ").map((scope) => `authz:${scope}`),
    "entities:write",
    "logins:create",
  ];
  const bound = await gateway.service("bound", { scopes, organizations: [own] });
  await addEntity(bound, own, SHARED);
  const foreign = { ...(await makeForeign(gateway)), proof: stranger.token };
  const nobody = caller(gateway.url, "nobody-at-all", "");
  const none = {
    ...{ anchor: absent("app-"), sector: absent("sec-"), client: absent("cli-"), signInMethod: absent("sim-") },
    ...{
      signingKey: absent("key-"),
      clientKey: absent("cak-"),
      connector: absent("con-"),
      domain: "absent.example.com",
    },
    ...{ invitation: absent("inv-"), transfer: absent("tra-"), entity: { type: "spaceship", id: "absent" } },
  };
  const { anchor, sector, signingKey, clientKey } = none;
  const nothing = { anchor, sector, signingKey, clientKey };
  const unknown = { ...foreign, slug: "no-such-organization", ...none, platform: nothing, member: nobody };
  return { gateway, stranger, bound, own, foreign, unknown };
}

async function makeForeign(gateway: TestGateway): Promise<Omit<World, "proof">> {
  const alice = await gateway.person("alice");
  const member = await gateway.person("bob");
  const carol = await gateway.person("carol");
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  await addMember(alice, slug, member, "viewer");
  await letKnow(gateway, alice, anchor);
  const invited = { alias: carol.alias, role: "viewer" };
  const made = must(await alice.post(`/v1/organizations/${slug}/invitations`, invited), 201);
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const clients = must(await operator.get("/v1/platform/clients"), 200).body.items as { id: string }[];
  const [method] = must(await alice.get("/v1/me/sign-in-methods"), 200).body.items as { id: string }[];
  const offers = { invitation: String(made.body.id), transfer: String(offered.body.id) };
  const ids = { ...offers, client: clients[0]?.id ?? "", signInMethod: method?.id ?? "" };
  const platform = await addPlatformApplication(operator);
  const keys = await keysOf(alice, `/v1/organizations/${slug}/applications/${anchor}`);
  const keeper = await addKeeper(gateway, "keeper", [slug]);
  await addEntity(keeper, slug, SHARED);
  const entity = await addEntity(keeper, slug, "theirs");
  const { domain } = await adoptShown(gateway.dns, alice, slug);
  const connector = await addConnector(alice, slug);
  const people = { member, alice, shop: gateway.shop, operator, keeper };
  return { slug, domain, anchor, sector, connector, ...keys, ...ids, platform, entity, ...people };
}

const absent = (prefix: string): string => `${prefix}${"0".repeat(20)}`;

/** What a request says beside whom it asks about. */
export interface Variant {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the route's good one. */
  readonly body?: string;
}

export interface Request extends Variant {
  readonly method: string;
  readonly path: string;
  readonly token: string;
}

/** Of each answer: these are the request's own, or the moment's. */
const PASSING = ["date", "x-request-id"];

export async function send({ gateway }: Pick<Secrecy, "gateway">, request: Request): Promise<unknown> {
  const { method, token, body, headers = {}, query = "" } = request;
  const path = `${request.path}${query}`;
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      ...(token !== "" && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: body ?? null,
  });
  const text = await response.text();
  requirePromised({ method, path, status: response.status, headers: response.headers, text });
  const came = [...response.headers].filter(([name]) => !PASSING.includes(name));
  return { status: response.status, headers: came, text: text.replace(/"id":"dec-[0-9a-z]{20}"/, "") }; // drawn for each
}

export async function ask(
  at: Secrecy,
  [route, world]: readonly [CallerRoute, World],
  variant: Variant,
  token: string,
): Promise<unknown> {
  const { method, path, body, headers } = goodRequest(route, world);
  const good = { method, path, token, ...(body !== undefined && { body: bodyText(body) ?? "" }) };
  return await send(at, { ...good, ...variant, headers: { ...headers, ...variant.headers } });
}
