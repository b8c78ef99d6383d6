/**
 * S0.35: every changing operation of openapi.yaml is refused in a frozen organization, where it would succeed if it were not frozen, or
 * stands on the list below with its reason. One that is on neither fails.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { ROUTES } from "../../src/http/registry.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { adoptShown } from "../support/domains.ts";
import { addConnector } from "../support/connectors.ts";
import { addEntity, addKeeper, DOCUMENTS } from "../support/documents.ts";
import {
  addApplication,
  addMember,
  addPlatformApplication,
  foundOrganization,
  keysOf,
  letKnow,
  must,
  retireEverything,
} from "../support/world.ts";
import { NOT_REFUSED } from "./not-refused.ts";
import { type CallerRoute, goodRequest, type World } from "./route-samples.ts";

interface Stage extends World {
  readonly invitee: Person;
  readonly guest: Person;
  readonly emptySector: string;
  readonly retiredSector: string;
  readonly retiredApplication: string;
}

type Setting = (stage: Stage) => Partial<World> & { readonly by?: Person };

/** Where the sole Owner's good request of route-samples.ts would be refused for another reason, or change nothing. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  retireSector: ({ emptySector }) => ({ sector: emptySector }),
  enableSector: ({ retiredSector }) => ({ sector: retiredSector }),
  enableApplication: ({ retiredApplication }) => ({ anchor: retiredApplication }),
  invite: ({ guest }) => ({ member: guest }),
  acceptInvitation: ({ invitee }) => ({ by: invitee }),
  declineInvitation: ({ invitee }) => ({ by: invitee }),
  acceptTransfer: ({ member }) => ({ by: member }),
  declineTransfer: ({ member }) => ({ by: member }),
};

interface Operation {
  readonly operationId: string;
}
const OPENAPI = path.join(import.meta.dirname, "../../openapi.yaml");
const document = parse(readFileSync(OPENAPI, "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const idsOf = (isMethod: (method: string) => boolean, isPath: (at: string) => boolean = () => true): string[] =>
  Object.entries(document.paths)
    .filter(([at]) => isPath(at))
    .flatMap(([, methods]) => Object.entries(methods).filter(([method]) => isMethod(method)))
    .map(([, { operationId }]) => operationId);
const CHANGING = idsOf((method) => method !== "get");
const REFUSED = CHANGING.filter((id) => !Object.hasOwn(NOT_REFUSED, id));
const VIEWING = idsOf(
  (method) => method === "get",
  (at) => at.startsWith("/v1/organizations/{slug}"),
);
let gateway: TestGateway;
let stage: Stage;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  const people = ["alice", "bob", "carol", "dave"].map(async (name) => await gateway.person(name));
  const [alice, member, invitee, guest] = (await Promise.all(people)) as [Person, Person, Person, Person];
  const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
  const platform = await addPlatformApplication(operator);
  const clients = must(await operator.get("/v1/platform/clients"), 200).body.items as { id: string }[];
  const slug = await foundOrganization(alice);
  const { anchor, sector } = await addApplication(alice, slug);
  const keys = await keysOf(alice, `/v1/organizations/${slug}/applications/${anchor}`);
  await addMember(alice, slug, member, "admin");
  await letKnow(gateway, alice, anchor);
  const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: invitee.alias, role: "viewer" });
  const offered = must(await alice.post(`/v1/organizations/${slug}/transfers`, { alias: member.alias }), 201);
  const [method] = must(await alice.get("/v1/me/sign-in-methods"), 200).body.items as { id: string }[];
  const made = {
    ...{ invitation: String(must(invited, 201).body.id), transfer: String(offered.body.id) },
    ...{ client: clients[0]?.id ?? "", signInMethod: method?.id ?? "" },
    proof: await gateway.issuer.sign({ subject: "unseen" }),
  };
  const keeper = await addKeeper(gateway, "keeper", [slug]);
  const entity = await addEntity(keeper, slug, "editors");
  const { domain } = await adoptShown(gateway.dns, alice, slug);
  stage = {
    ...{ slug, anchor, sector, domain, ...keys, ...made, platform, connector: await addConnector(alice, slug) },
    ...{ member, alice, shop: gateway.shop, operator, invitee, guest, entity, keeper },
    ...(await addRetired(alice, slug)),
  };
});
afterAll(async () => await gateway.close());

async function addRetired(
  alice: Person,
  slug: string,
): Promise<Pick<Stage, "emptySector" | "retiredSector" | "retiredApplication">> {
  const at = `/v1/organizations/${slug}`;
  const sectors: string[] = [];
  for (const name of ["Empty", "Retired"]) {
    sectors.push(String(must(await alice.post(`${at}/sectors`, { name }), 201).body.id));
  }
  const [emptySector = "", retiredSector = ""] = sectors;
  must(await alice.post(`${at}/sectors/${retiredSector}/retire`), 200);
  const { anchor: retiredApplication } = await addApplication(alice, slug);
  must(await alice.post(`${at}/applications/${retiredApplication}/retire`), 200);
  return { emptySector, retiredSector, retiredApplication };
}

function routeOf(id: string): CallerRoute {
  const route = ROUTES.find(({ operation }) => operation === id);
  if (route?.access !== "caller") throw new Error(`${id} is no caller's operation`);
  return route;
}

async function call(id: string, query: "" | "?dryRun=true"): Promise<Answered> {
  const { by, ...changed } = { ...SETTINGS[id]?.(stage) };
  const route = routeOf(id);
  const request = goodRequest(route, { ...stage, ...changed });
  const person = by ?? request.by;
  const at = request.path + (route.dialect === "authzen" ? "" : query);
  if (route.method === "get") return await person.get(at);
  if (route.method === "delete") return await person.delete(at);
  return await person[route.method](at, request.body, request.headers);
}

/** In one fact, as no route could: what is enabled in it stays enabled, so that nothing else stands in the way of anything. */
async function setState(state: "active" | "retired"): Promise<void> {
  const text = "update organizations set state = $2, version = version + 1 where slug = $1";
  await gateway.sql(text, [stage.slug, state]);
}

async function written(): Promise<unknown> {
  const text =
    "select sum(version) as versions, sum(entity_version) as entities, (select count(*) from audit_events) as events from organizations";
  return (await gateway.sql(text))[0];
}

test("the list names operations of openapi.yaml, and each that changes an organization is tried", () => {
  expect(Object.keys(NOT_REFUSED).filter((id) => !CHANGING.includes(id))).toEqual([]);
  expect(Object.keys(SETTINGS).filter((id) => !REFUSED.includes(id))).toEqual([]);
  expect(REFUSED.length).toBeGreaterThan(12);
});

describe("S0.35 in a frozen organization", () => {
  beforeEach(async () => await setState("active"));

  test.each(REFUSED)("%s is refused; if it is not frozen it succeeds", async (id) => {
    // One offer waits at a time: where another is made, none does.
    await gateway.sql("update transfers set state = $1", [id === "offerOwnership" ? "cancelled" : "pending"]);
    const active = await call(id, "?dryRun=true");
    expect({ id, active: active.status < 300, why: active.body.code }).toEqual({ id, active: true, why: undefined });
    await setState("retired");
    const before = await written();
    for (const query of ["?dryRun=true", ""] as const) {
      const { status, body } = await call(id, query);
      const reasons = [{ code: "ORGANIZATION_RETIRED" }];
      expect({ id, status, reasons: body.reasons }).toEqual({ id, status: 409, reasons });
      expect(body.code).toBe("ORGANIZATION_RETIRED");
    }
    expect(await written()).toEqual(before);
  });

  test("a login is denied, which is an answer", async () => {
    expect(must(await call("logIn", ""), 200).body).toMatchObject({ decision: true });
    await setState("retired");
    const reasons = [{ code: "ORGANIZATION_RETIRED", kind: "frozen" }];
    expect(must(await call("logIn", ""), 200).body).toMatchObject({ decision: false, context: { reasons } });
  });

  test.each(Object.entries(NOT_REFUSED).filter(([id]) => id !== "logIn"))("%s is not refused: %s", async (id) => {
    await setState("retired");
    const { body } = await call(id, "?dryRun=true");
    expect(JSON.stringify(body)).not.toContain("ORGANIZATION_RETIRED");
  });
});

describe("S0.36 an organization that its Owner has retired, with all that is in it", () => {
  beforeAll(async () => {
    await setState("active");
    await retireEverything(stage.alice, stage.slug);
  });

  test.each(VIEWING)("is viewed: %s", async (id) => {
    const { path: at, by } = goodRequest(routeOf(id), stage);
    must(await by.get(at), 200);
  });

  test("is retired again, archived or enabled by its Owner, and by nobody else", async () => {
    for (const id of ["retireOrganization", "archiveOrganization", "enableOrganization"]) {
      const { path: at, body } = goodRequest(routeOf(id), stage);
      const refused = await stage.member.post(`${at}?dryRun=true`, body);
      expect([id, refused.status, refused.body.code]).toEqual([id, 403, "ROLE_TOO_LOW"]);
      must(await stage.alice.post(`${at}?dryRun=true`, body), 200);
    }
    must(await stage.alice.post(`/v1/organizations/${stage.slug}/enable`), 200);
    must(await stage.alice.patch(`/v1/organizations/${stage.slug}`, { name: "Thawed" }), 200);
  });
});
