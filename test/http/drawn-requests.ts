import { NOTHING } from "../../src/http/fields.ts";
import type { Route } from "../../src/http/route.ts";
import { PUBLIC_KEY } from "../support/client-key.ts";
import { LINES } from "../support/documents.ts";
import type { Answered, Person, TestGateway } from "../support/gateway.ts";
import type { Chance } from "../support/seed.ts";
import { addApplication, foundOrganization } from "../support/world.ts";
import { revisionOf } from "./drawn-revisions.ts";
import { drawnConnector } from "./drawn-connectors.ts";
import { drawnDocument } from "./drawn-documents.ts";
import { drawnEntity, drawnLines, entityId, patchOf } from "./drawn-entities.ts";
import { aliasOf, once, oneOf, ROLES, type Situation } from "./situations.ts";

/** A request that somebody could send to a route in a situation. */
export interface Drawn {
  readonly by: Person;
  readonly method: "post" | "put" | "patch" | "delete";
  readonly path: string;
  /** A text: lines. */
  readonly body: Readonly<Record<string, unknown>> | string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export async function send({ by, method, path, body, headers }: Drawn, query: string): Promise<Answered> {
  const target = path + query;
  if (method === "delete") return await by.delete(target, headers);
  return await by[method](target, body, headers);
}

/** Everything by chance; most of it as it would be meant. */
export async function draw(gateway: TestGateway, route: Route, situation: Situation, chance: Chance): Promise<Drawn> {
  const { method } = route;
  if (method === "get") throw new Error("a GET changes nothing");
  const clients = route.path.includes("/clients/") ? await registeredClients(gateway) : [];
  const platform = route.path.startsWith("/v1/platform/") ? await platforms(gateway) : {};
  const methods = route.path.includes("/sign-in-methods/") ? await signInMethods(gateway, situation) : [];
  const proof = route.operation === "linkSignInMethod" ? await drawnProof(gateway, situation, chance) : "";
  const keys = route.path.includes("/:kid/") ? await signingKeys(gateway) : [];
  const connectors = route.path.includes("/connectors/") ? await connectorIds(gateway) : [];
  const clientKeys = route.path.includes("/client-keys/") ? await clientKeyIds(gateway) : [];
  const known = { ...situation, ...platform, clients, methods, keys, clientKeys, connectors, proof };
  const path = route.path.replaceAll(/:([a-z]+)/g, (_whole, name: string) => param(route.path, name, known, chance));
  const hasLines = route.access === "caller" && route.dialect === "lines";
  const body = hasLines ? drawnLines(known, chance) : route.body === NOTHING ? undefined : bodyOf(route, known, chance);
  const key: Record<string, string> = hasLines ? { ...LINES } : {};
  if (method === "post" && once(chance, 3)) key["idempotency-key"] = `k-${chance.below(2 ** 31)}`;
  const by =
    route.operation === "eraseAccount"
      ? await leaver(gateway, situation, chance)
      : callerOf(route.path, situation, chance);
  return { by, method, path, body, headers: { ...key, ...(await ifMatch(gateway, route, path, chance)) } };
}

/** Who is erased takes no further part: each erasure gets somebody of its own, who perhaps owns something, or is invited. */
async function leaver(gateway: TestGateway, { founder, slug }: Situation, chance: Chance): Promise<Person> {
  const person = await gateway.person(`leaver-${chance.below(2 ** 31)}`);
  await gateway.sql("update accounts set max_owned_organizations = 1 where alias = $1", [person.alias]);
  if (once(chance, 2)) {
    const own = await foundOrganization(person);
    if (once(chance, 2)) await addApplication(person, own);
  }
  // Refused where the organization's state, or a limit, forbids it: then somebody leaves who was not invited.
  if (once(chance, 2)) {
    await founder.post(`/v1/organizations/${slug}/invitations`, { alias: person.alias, role: "viewer" });
  }
  return person;
}

function callerOf(path: string, situation: Situation, chance: Chance): Person {
  const { founder, people, guests, stranger, operator, keeper } = situation;
  const anybody = oneOf(chance, founder, stranger, operator, ...Object.values(people), ...guests);
  if (path.includes("/entities")) return once(chance, 4) ? anybody : keeper;
  if (path.startsWith("/v1/platform/")) return once(chance, 4) ? anybody : operator;
  // Nobody addresses the stranger: whatever becomes of its alias, the others are found by theirs.
  if (path.startsWith("/v1/me")) return once(chance, 8) ? operator : stranger;
  if (path.startsWith("/v1/invitations/")) return once(chance, 4) ? anybody : oneOf(chance, founder, ...guests);
  // Those to whom ownership is offered, if it is.
  if (/\/transfers\/.*\/(accept|decline)$/.test(path))
    return once(chance, 4) ? anybody : oneOf(chance, people.viewer, people.admin);
  return once(chance, 2) ? anybody : oneOf(chance, founder, people.admin, people.owner);
}

const UNKNOWN: Readonly<Record<string, string>> = {
  slug: "no-such-organization",
  anchor: `app-${"0".repeat(20)}`,
  kid: `key-${"0".repeat(20)}`,
  alias: "nobody-here",
  type: "spaceship",
  domain: "nowhere.example.com",
};

/** Not those of the development issuer: the cast lives on them. */
async function registeredClients(gateway: TestGateway): Promise<string[]> {
  const rows = await gateway.sql<{ id: string }>("select id from clients where origin = 'registered' order by id");
  return rows.map(({ id }) => id);
}

async function signingKeys(gateway: TestGateway): Promise<string[]> {
  return (await gateway.sql<{ kid: string }>("select kid from signing_keys order by kid")).map(({ kid }) => kid);
}

async function clientKeyIds(gateway: TestGateway): Promise<string[]> {
  return (await gateway.sql<{ id: string }>("select id from client_keys order by id")).map(({ id }) => id);
}

async function connectorIds(gateway: TestGateway): Promise<string[]> {
  return (await gateway.sql<{ id: string }>("select id from connectors order by id")).map(({ id }) => id);
}

/** The stranger's; not the one that it calls with, unless it has no other: whoever is unlinked is somebody new at the next call. */
async function signInMethods(gateway: TestGateway, { stranger }: Situation): Promise<string[]> {
  const rows = await gateway.sql<{ id: string; subject: string }>(
    `select s.id, s.subject from sign_in_methods s join sign_in_methods own on own.account_id = s.account_id
     where own.subject = $1 order by s.id`,
    [stranger.alias],
  );
  const others = rows.filter(({ subject }) => subject !== stranger.alias);
  return (others.length > 0 ? others : rows).map(({ id }) => id);
}

/** A token of somebody known, of a client, of somebody new, or none at all. */
async function drawnProof(gateway: TestGateway, situation: Situation, chance: Chance): Promise<string> {
  const { stranger, founder, operator } = situation;
  const known = oneOf(chance, stranger, founder, operator).token;
  const drawn = await gateway.issuer.sign({ subject: `drawn-${chance.below(8)}` });
  return oneOf(chance, known, drawn, drawn, drawn, "no.token.atall");
}

/** What belongs to no organization (K8). */
export async function platforms(gateway: TestGateway): Promise<Pick<Situation, "sectors" | "applications">> {
  const [found] = await gateway.sql<{ sectors: string[]; applications: string[] }>(
    `select array(select id from sectors where organization_id = 'platform' order by id) as sectors,
       array(select anchor from applications where organization_id = 'platform' order by anchor) as applications`,
  );
  return found ?? { sectors: [], applications: [] };
}

interface Known extends Situation {
  readonly clients: readonly string[];
  readonly keys: readonly string[];
  readonly clientKeys: readonly string[];
  readonly connectors: readonly string[];
  readonly methods: readonly string[];
}

function param(path: string, name: string, situation: Known, chance: Chance): string {
  const { slug, elsewhere, sectors, applications, invitations, transfers, domains } = situation;
  const { clients, methods, keys, clientKeys, connectors } = situation;
  const unknown = UNKNOWN[name] ?? `${path.includes("/sectors/") ? "sec" : idPrefix(path)}-${"0".repeat(20)}`;
  if (once(chance, 12)) return unknown;
  if (name === "slug") return once(chance, 12) ? elsewhere : slug;
  if (name === "alias") return aliasOf(situation, chance);
  if (name === "type") return "group";
  if (name === "kid") return oneOf(chance, keys[chance.below(Math.max(1, keys.length))] ?? unknown);
  if (name === "domain") return oneOf(chance, domains[chance.below(Math.max(1, domains.length))] ?? unknown);
  if (path.includes("/entities/")) return entityId(situation, chance);
  const ofPath = { sectors, clients, "sign-in-methods": methods, "client-keys": clientKeys, connectors };
  const offers = { transfers, invitations };
  const ids = Object.entries({ ...ofPath, ...offers }).find(([noun]) => path.includes(`/${noun}/`))?.[1] ?? [];
  const known = name === "anchor" ? applications : ids;
  return oneOf(chance, known[chance.below(Math.max(1, known.length))] ?? unknown);
}

function idPrefix(path: string): string {
  if (path.includes("/sign-in-methods/")) return "sim";
  if (path.includes("/client-keys/")) return "cak";
  if (path.includes("/connectors/")) return "con";
  if (path.includes("/transfers/")) return "tra";
  return path.includes("/clients/") ? "cli" : "inv";
}

type Proving = Situation & { readonly proof: string };

function bodyOf(route: Route, situation: Proving, chance: Chance): Readonly<Record<string, unknown>> {
  const { slug, sectors, domains, proof, founder, guests } = situation;
  const alias = once(chance, 8) ? "nobody-here" : aliasOf(situation, chance);
  const name = oneOf(chance, "Organization", "Shop", "Sector", `Renamed ${chance.below(1000)}`);
  const role = oneOf(chance, ...ROLES);
  const sector = sectors[chance.below(Math.max(1, sectors.length))];
  const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    createOrganization: { name, slug: once(chance, 3) ? slug : `drawn-${chance.below(2 ** 31)}` },
    archiveOrganization: { confirm: once(chance, 8) ? name : slug },
    createPlatformApplication: { name, kind: "web", ...(sector !== undefined && once(chance, 2) && { sector }) },
    createApplication: { name, kind: "web", ...(sector !== undefined && once(chance, 2) && { sector }) },
    updateMe: { ...(once(chance, 2) && { name }), alias: once(chance, 2) ? alias : `drawn-${chance.below(2 ** 31)}` },
    linkSignInMethod: { token: proof },
    rotateSigningKeys: oneOf(chance, {}, { algorithm: "EdDSA" }, { algorithm: name }),
    rotatePlatformSigningKeys: {},
    addClientKey: oneOf(chance, { name }, { name, publicKey: PUBLIC_KEY }, { name, expiresInDays: chance.below(3) }),
    addDomain: { domain: oneOf(chance, domains[0] ?? "localhost", `drawn-${chance.below(2 ** 31)}.example.com`) },
    createConnector: drawnConnector(chance),
    replaceConnector: drawnConnector(chance),
    storeEntity: drawnEntity(situation, chance),
    changeEntity: patchOf(drawnEntity(situation, chance), chance),
    changeRole: { role },
    invite: { alias: once(chance, 2) ? oneOf(chance, founder, ...guests).alias : alias, role },
    offerOwnership: { alias },
    registerClient: {
      ...{ issuer: "https://id.example.com", clientId: `client-${chance.below(4)}`, subject: "subject", name },
      scopes: ["authz:evaluate"],
    },
    updateClient: { name, state: oneOf(chance, "enabled", "disabled") },
  };
  return bodies[route.operation] ?? drawnDocument(route.operation, situation, chance) ?? { name };
}

/** None, the entity's own, any, or one that it had or never had. */
async function ifMatch(
  gateway: TestGateway,
  route: Route,
  path: string,
  chance: Chance,
): Promise<Readonly<Record<string, string>>> {
  if (!route.problems.includes("PRECONDITION_FAILED") || once(chance, 2)) return {};
  const stale = oneOf(chance, '"1"', '"999"', '"never"', 'W/"1"');
  const revision = await revisionOf(gateway, path);
  const fresh = revision === undefined ? "*" : `"${revision}"`;
  return { "if-match": oneOf(chance, fresh, fresh, fresh, "*", stale) };
}
