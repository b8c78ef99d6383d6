import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, archive, foundOrganization, must, retireEverything } from "../support/world.ts";
import { type ActionRequest, attempt, requestsOf, type Thing, withoutRequest } from "./action-requests.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const INVITATIONS = ["pending", "revoked", "declined", "accepted", "expired"] as const;

/** An organization with one person of each role, and of everything one in each state. */
interface Stage {
  readonly slug: string;
  readonly owner: Person;
  readonly admin: Person;
  /** By role; `none` is a stranger, and who is invited is named by the invitation's state. */
  readonly people: Readonly<Record<string, Person>>;
  readonly things: readonly Thing[];
  /** Invited nowhere. */
  readonly guest: string;
}

async function stage(name: string): Promise<Stage> {
  const person = async (role: string): Promise<Person> => await gateway.person(`${role}-${name}`);
  const owner = await person("owner");
  const slug = await foundOrganization(owner);
  const people: Record<string, Person> = { owner };
  for (const role of ["viewer", "member", "billing", "admin"]) {
    people[role] = await person(role);
    await addMember(owner, slug, people[role], role);
  }
  const members = Object.entries(people).map(([role, { alias }]) => member(slug, role, alias));
  const things = [...(await belongings(owner, slug)), ...members];
  for (const state of INVITATIONS) {
    people[state] = await person(state);
    things.push(await invitation(owner, slug, people[state], state));
  }
  people["none"] = await person("none");
  const { admin = owner } = people;
  return { slug, owner, admin, people, things, guest: (await person("guest")).alias };
}

function member(slug: string, role: string, alias: string): Thing {
  const organization = `/v1/organizations/${slug}`;
  return { kind: "member", organization, path: `${organization}/members/${alias}`, id: alias, name: `the ${role}` };
}

/** The organization itself, and a sector and an application of each state. */
async function belongings(owner: Person, slug: string): Promise<Thing[]> {
  const organization = `/v1/organizations/${slug}`;
  const things: Thing[] = [{ kind: "organization", organization, path: organization, id: slug, name: "it" }];
  for (const state of ["retired", "enabled"]) {
    const { anchor, sector } = await addApplication(owner, slug);
    const application = `${organization}/applications/${anchor}`;
    const path = `${organization}/sectors/${sector}`;
    if (state === "retired") for (const each of [application, path]) must(await owner.post(`${each}/retire`), 200);
    things.push({ kind: "application", organization, path: application, id: anchor, name: state });
    things.push({ kind: "sector", organization, path, id: sector, name: state });
  }
  return things;
}

async function invitation(owner: Person, slug: string, guest: Person, state: string): Promise<Thing> {
  const organization = `/v1/organizations/${slug}`;
  const made = must(await owner.post(`${organization}/invitations`, { alias: guest.alias, role: "viewer" }), 201);
  const id = String(made.body.id);
  const path = `/v1/invitations/${id}`;
  if (state === "revoked") must(await owner.post(`${organization}/invitations/${id}/revoke`), 200);
  if (state === "declined") must(await guest.post(`${path}/decline`), 200);
  if (state === "accepted") must(await guest.post(`${path}/accept`), 200);
  if (state === "expired") {
    await gateway.sql("update invitations set expires_at = now() - interval '1 day' where id = $1", [id]);
  }
  return { kind: "invitation", organization, path, id, name: state };
}

interface Affordance {
  readonly allowed: boolean;
  readonly reasons: unknown;
}

/** Every action says what its route says; gives what was allowed. */
async function compare(role: string, by: Person, thing: Thing, guest: string): Promise<string[]> {
  const requests = requestsOf(thing, by, guest);
  const shown = await by.get(`${thing.path}?include=actions`);
  if (shown.status !== 200) {
    await expectNothing(by, thing, requests);
    return [];
  }
  const actions = shown.body["actions"] as Record<string, Affordance>;
  expect(Object.keys(actions).sort()).toEqual([...ACTIONS[thing.kind]].sort());
  const asked = [...Object.keys(requests), ...withoutRequest(thing, by)];
  expect(asked.sort()).toEqual([...ACTIONS[thing.kind]].sort());
  for (const [action, request] of Object.entries(requests)) {
    const answer = await attempt(by, request);
    const where = { role, kind: thing.kind, name: thing.name, action };
    if (answer.body.code === "ORGANIZATION_NOT_ACCESSIBLE") {
      // K9: who is invited sees the invitation, and is a stranger to all that is inside.
      expect({ ...where, allowed: actions[action]?.allowed }).toEqual({ ...where, allowed: false });
      expect([thing.kind, request[1].startsWith(thing.organization)]).toEqual(["invitation", true]);
      continue;
    }
    const said = { allowed: answer.status < 300, reasons: answer.body.reasons ?? [] };
    expect({ ...where, ...actions[action] }).toEqual({ ...where, ...said });
  }
  return Object.keys(actions).filter((action) => actions[action]?.allowed === true);
}

/** Who may not view a thing is told nothing of its actions, and none of them works. */
async function expectNothing(
  by: Person,
  thing: Thing,
  requests: Readonly<Record<string, ActionRequest>>,
): Promise<void> {
  const viewed = await by.get(thing.path);
  expect(viewed.body).not.toHaveProperty("actions");
  for (const [action, request] of Object.entries(requests)) {
    const answer = await attempt(by, request);
    expect([action, answer.status >= 400]).toEqual([action, true]);
    const isBeside = thing.kind === "invitation"; // what is not there for one path is refused by the other
    if (!isBeside) expect([action, answer.body.code]).toEqual([action, viewed.body.code]);
  }
}

/** Reduced, one sees of the others' memberships and invitations only one, and who is only invited that and the organization. */
function seenBy(role: string, by: Person, { things, owner }: Stage): readonly Thing[] {
  if (IS_FULL || by === owner) return things;
  const isOutside = role !== "accepted" && INVITATIONS.some((state) => state === role);
  return things.filter(({ kind, id, name }) => {
    if (isOutside && kind !== "invitation" && kind !== "organization") return false;
    if (kind === "member") return id === by.alias || name === "the owner";
    return kind !== "invitation" || name === "pending" || name === role;
  });
}

type Allowed = Readonly<Record<string, readonly string[]>>;

/** Everybody, or reduced only those, with everything; gives what each may do, by `<role>: <kind> <name>`. */
async function compareAll(on: Stage, reduced?: readonly string[]): Promise<Allowed> {
  const allowed: Record<string, readonly string[]> = {};
  const people = Object.entries(on.people).filter(([role]) => IS_FULL || reduced?.includes(role) !== false);
  const everybody = people.map(async ([role, by]) => {
    for (const thing of seenBy(role, by, on)) {
      allowed[`${role}: ${thing.kind} ${thing.name}`] = await compare(role, by, thing, on.guest);
    }
  });
  await Promise.all(everybody);
  return allowed;
}

/** How many of the organization's own actions each of the members may do. */
function ofOrganization(allowed: Allowed): object {
  const roles = ["none", "billing", "viewer", "member", "admin", "owner"];
  return Object.fromEntries(roles.map((role) => [role, allowed[`${role}: organization it`]?.length]));
}

const TIME = IS_FULL ? 10 * 60_000 : 120_000;

describe("?include=actions says what the routes then do, for everybody and everything", () => {
  test(
    "with a sole Owner, then with two",
    async () => {
      const on = await stage("owners");
      const alone = await compareAll(on);
      expect(ofOrganization(alone)).toEqual({ none: 0, billing: 1, viewer: 4, member: 4, admin: 9, owner: 15 });
      expect(alone["owner: application enabled"]).toContain("retire");
      expect(alone["owner: member the owner"]).toEqual(["view", "grant_owner"]);
      expect(alone["pending: invitation pending"]).toEqual(["view", "accept", "decline"]);
      expect(alone["owner: invitation pending"]).toEqual(["view", "revoke"]);
      expect(alone["viewer: invitation pending"]).toEqual([]);

      must(await on.owner.patch(`/v1/organizations/${on.slug}/members/${on.admin.alias}`, { role: "owner" }), 200);
      const together = await compareAll(on, ["viewer", "admin", "owner"]);
      expect(together["owner: application enabled"]).not.toContain("retire");
      expect(together["owner: member the owner"]).toHaveLength(ACTIONS.member.length);
      expect(together["admin: member the admin"]).toEqual(together["owner: member the owner"]);
    },
    TIME,
  );

  test(
    "where every limit is reached",
    async () => {
      const on = await stage("limits");
      const names = ["applications", "sectors", "members", "pendingInvitations"];
      const insert =
        "insert into limits select o.id, n, 0 from organizations o, unnest($2::text[]) n where o.slug = $1";
      await gateway.sql(insert, [on.slug, names]);
      await gateway.sql("update accounts set max_owned_organizations = 0");
      const full = await compareAll(on, ["admin", "owner", "pending"]);
      await gateway.sql("update accounts set max_owned_organizations = null");
      expect(full["owner: application retired"]).not.toContain("enable");
      expect(full["owner: member the viewer"]).not.toContain("grant_owner");
      expect(full["pending: invitation pending"]).toEqual(["view", "decline"]);
    },
    TIME,
  );

  test(
    "where the organization is retired, and where it is archived",
    async () => {
      const on = await stage("frozen");
      await retireEverything(on.owner, on.slug);
      const frozen = await compareAll(on);
      expect(frozen["owner: organization it"]).toContain("enable");
      expect(frozen["owner: application retired"]).toEqual(["view", "view_rules"]);
      expect(frozen["pending: invitation pending"]).toEqual(["view"]);
      expect(frozen["owner: organization it"]).toContain("archive");
      await archive(on.owner, on.slug);
      expect(Object.values(await compareAll(on, ["none", "viewer", "owner", "pending"])).flat()).toEqual([]);
    },
    TIME,
  );
});

test("?include=actions is asked for by its one word, costs no second decision, and is never `not modified`", async () => {
  const owner = await gateway.person("asked");
  const path = `/v1/organizations/${await foundOrganization(owner)}`;
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
