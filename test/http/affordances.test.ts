import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

/** An organization with one person of each role, an application, a sector, and somebody to invite. */
interface Cast {
  readonly path: string;
  readonly application: string;
  readonly sector: string;
  readonly guest: string; // an alias
  readonly people: Readonly<Record<string, Person>>;
}

async function stage(name: string, roles: readonly string[]): Promise<Cast> {
  const owner = await gateway.person(`founder-${name}`);
  const guest = await gateway.person(`guest-${name}`);
  const slug = await foundOrganization(owner);
  const people: Record<string, Person> = { owner };
  for (const role of roles) {
    const person = await gateway.person(`${role}-${name}`);
    await addMember(owner, slug, person, role);
    people[role === "owner" ? "co-owner" : role] = person;
  }
  const { anchor, sector } = await addApplication(owner, slug);
  const path = `/v1/organizations/${slug}`;
  return {
    path,
    application: `${path}/applications/${anchor}`,
    sector: `${path}/sectors/${sector}`,
    guest: guest.alias,
    people,
  };
}

type Request = readonly [method: "get" | "post" | "patch" | "delete", path: string, body?: object];

/** The request that each action stands for; what has no route yet is left out. */
function requests(cast: Cast, resource: "organization" | "application" | "sector"): Readonly<Record<string, Request>> {
  const { path, application, sector, guest } = cast;
  const invitation = (role: string): Request => ["post", `${path}/invitations`, { alias: guest, role }];
  const shop = { name: "Another", kind: "web" };
  const of = {
    organization: {
      view: ["get", path],
      list_sectors: ["get", `${path}/sectors`],
      list_applications: ["get", `${path}/applications`],
      list_members: ["get", `${path}/members`],
      list_invitations: ["get", `${path}/invitations`],
      view_audit: ["get", `${path}/audit`],
      rename: ["patch", path, { name: "Renamed" }],
      retire: ["post", `${path}/retire`],
      enable: ["post", `${path}/enable`],
      create_sector: ["post", `${path}/sectors`, { name: "Another" }],
      create_application: ["post", `${path}/applications`, shop],
      invite_viewer: invitation("viewer"),
      invite_member: invitation("member"),
      invite_billing: invitation("billing"),
      invite_admin: invitation("admin"),
      invite_owner: invitation("owner"),
    },
    application: {
      view: ["get", application],
      edit: ["patch", application, { name: "Renamed" }],
      retire: ["post", `${application}/retire`],
      enable: ["post", `${application}/enable`],
    },
    sector: {
      view: ["get", sector],
      rename: ["patch", sector, { name: "Renamed" }],
      retire: ["post", `${sector}/retire`],
      enable: ["post", `${sector}/enable`],
      create_application: ["post", `${path}/applications`, { ...shop, sector: sector.split("/").at(-1) }],
    },
  } as const satisfies Record<string, Record<string, Request>>;
  return of[resource];
}

/** A change is tried dry: what it would answer, and nothing happens. */
async function send(person: Person, [method, path, body]: Request): Promise<Answered> {
  if (method === "get") return await person.get(path);
  const target = `${path}?dryRun=true`;
  return method === "delete" ? await person.delete(target) : await person[method](target, body);
}

interface Affordance {
  readonly allowed: boolean;
  readonly reasons: unknown;
}

/** Every action says what its route says; gives what was allowed. */
async function compare(
  person: Person,
  cast: Cast,
  resource: "organization" | "application" | "sector",
): Promise<string[]> {
  const path = { organization: cast.path, application: cast.application, sector: cast.sector }[resource];
  const actions = must(await person.get(`${path}?include=actions`), 200).body["actions"] as Record<string, Affordance>;
  expect(Object.keys(actions).sort()).toEqual([...ACTIONS[resource]].sort());
  for (const [action, request] of Object.entries(requests(cast, resource))) {
    const answer = await send(person, request);
    const said = { action, allowed: answer.status < 300, reasons: answer.body.reasons ?? [] };
    expect({ action, ...actions[action] }).toEqual(said);
  }
  return Object.keys(actions).filter((action) => actions[action]?.allowed === true);
}

describe("?include=actions says what the routes then do", () => {
  test("with a sole Owner, for every role, on the organization, an application and a sector", async () => {
    const cast = await stage("sole", ["viewer", "member", "billing", "admin"]);
    const allowed: Record<string, number> = {};
    for (const [role, person] of Object.entries(cast.people)) {
      allowed[role] = (await compare(person, cast, "organization")).length;
      if (role === "billing") continue; // views the organization and nothing else
      await compare(person, cast, "application");
      await compare(person, cast, "sector");
    }
    expect(allowed).toEqual({ billing: 1, viewer: 4, member: 4, admin: 8, owner: 14 });
  });

  test("with two Owners, with things retired, and while the organization is frozen", async () => {
    const cast = await stage("two", ["owner", "admin"]);
    const people = Object.values(cast.people);
    const compareAll = async (): Promise<void> => {
      for (const person of people) {
        for (const resource of ["organization", "application", "sector"] as const)
          await compare(person, cast, resource);
      }
    };
    await compareAll();
    const { owner, "co-owner": other } = cast.people;
    if (owner === undefined || other === undefined) throw new Error("two Owners are needed");
    must(await owner.patch(`${cast.path}/members/${other.alias}`, { role: "admin" }), 200);
    for (const thing of [cast.application, cast.sector]) must(await owner.post(`${thing}/retire`), 200);
    await compareAll();
    must(await owner.post(`${cast.path}/retire`), 200);
    await compareAll();
  });

  test("is asked for by its one word, costs no second decision, and is never `not modified`", async () => {
    const { path, people } = await stage("asked", []);
    const { owner } = people;
    if (owner === undefined) throw new Error("an Owner is needed");
    expect(must(await owner.get(path), 200).body).not.toHaveProperty("actions");
    expect((await owner.get(`${path}?include=everything`)).status).toBe(400);
    const { deps } = gateway.gateway;
    const { judge } = deps;
    const asked: number[] = [];
    const counting: typeof judge = async (question, timeoutMs) => {
      asked.push(question.actions.length);
      return await judge(question, timeoutMs);
    };
    Object.assign(deps, { judge: counting });
    try {
      const again = await owner.get(`${path}?include=actions`, { "if-none-match": '"1"' });
      expect([again.status, asked]).toEqual([200, [ACTIONS.organization.length]]);
    } finally {
      Object.assign(deps, { judge });
    }
    expect((await owner.get(path, { "if-none-match": '"1"' })).status).toBe(304);
  });
});
