import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ACTIONS } from "../../src/entities/kinds.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { archive, foundOrganization, must, retireEverything } from "../support/world.ts";
import { type ActionRequest, attempt, requestsOf, type Thing, withoutRequest } from "./action-requests.ts";
import { INVITATIONS, makeStage, type Stage } from "./affordance-stage.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";

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
      const on = await makeStage(gateway, "owners");
      const alone = await compareAll(on);
      expect(ofOrganization(alone)).toEqual({ none: 0, billing: 1, viewer: 6, member: 6, admin: 13, owner: 20 });
      expect(alone["owner: application enabled"]).toContain("retire");
      expect(alone["owner: member the owner"]).toEqual(["view", "grant_owner"]);
      expect(alone["pending: invitation pending"]).toEqual(["view", "accept", "decline"]);
      expect(alone["owner: invitation pending"]).toEqual(["view", "resend", "revoke"]);
      expect(alone["owner: transfer pending"]).toEqual(["view", "cancel"]);
      expect(alone["member: transfer pending"]).toEqual(["view", "accept", "decline"]);
      expect(alone["member: transfer expired"]).toEqual(["view"]);
      expect(alone["admin: transfer pending"]).toEqual([]);
      expect(alone["viewer: invitation pending"]).toEqual([]);

      must(await on.owner.patch(`/v1/organizations/${on.slug}/members/${on.admin.alias}`, { role: "owner" }), 200);
      const together = await compareAll(on, ["viewer", "admin", "owner"]);
      expect(together["owner: application enabled"]).not.toContain("retire");
      const notOffered = ACTIONS.member.filter((action) => action !== "offer_ownership");
      expect(together["owner: member the owner"]).toEqual(notOffered);
      expect(together["admin: member the admin"]).toEqual(together["owner: member the owner"]);
    },
    TIME,
  );

  test(
    "where every limit is reached",
    async () => {
      const on = await makeStage(gateway, "limits");
      const names = ["applications", "sectors", "members", "pendingInvitations"];
      const insert =
        "insert into limits select o.id, n, 0 from organizations o, unnest($2::text[]) n where o.slug = $1";
      await gateway.sql(insert, [on.slug, names]);
      await gateway.sql("update accounts set max_owned_organizations = 0");
      const full = await compareAll(on, ["admin", "member", "owner", "pending"]);
      await gateway.sql("update accounts set max_owned_organizations = null");
      expect(full["owner: application retired"]).not.toContain("enable");
      expect(full["owner: member the viewer"]).not.toContain("grant_owner");
      expect(full["pending: invitation pending"]).toEqual(["view", "decline"]);
      expect(full["owner: invitation pending"]).toContain("resend");
      expect(full["owner: invitation expired"]).not.toContain("resend");
      expect(full["member: transfer pending"]).toEqual(["view", "decline"]);
    },
    TIME,
  );

  test(
    "where the organization is retired, and where it is archived",
    async () => {
      const on = await makeStage(gateway, "frozen");
      await retireEverything(on.owner, on.slug);
      const frozen = await compareAll(on);
      expect(frozen["owner: organization it"]).toContain("enable");
      expect(frozen["owner: application retired"]).toEqual(["view", "view_rules"]);
      expect(frozen["pending: invitation pending"]).toEqual(["view"]);
      expect(frozen["owner: transfer pending"]).toEqual(["view"]);
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
