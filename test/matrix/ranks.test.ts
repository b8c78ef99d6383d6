/** S0.24, S0.21: who manages members, by the rank of everybody concerned. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const ROLES = ["viewer", "member", "billing", "admin", "owner"] as const;
type Role = (typeof ROLES)[number];
/** billing stands beside the order: it outranks nobody. */
const RANK: Readonly<Record<Role | "none", number>> = { none: 0, billing: 1, viewer: 1, member: 2, admin: 3, owner: 4 };

let gateway: TestGateway;
let path: string;
let founder: Person;
/** Who acts, by role, and who is acted on. */
const actors = new Map<Role | "none", Person>();
const targets = new Map<Role, Person>();

beforeAll(async () => {
  gateway = await startTestGateway();
  founder = await gateway.person("founder");
  const slug = await foundOrganization(founder);
  path = `/v1/organizations/${slug}`;
  actors.set("none", await gateway.person("actor-none"));
  for (const role of ROLES) {
    actors.set(role, await gateway.person(`actor-${role}`));
    targets.set(role, await gateway.person(`target-${role}`));
    await addMember(founder, slug, actors.get(role) as Person, role); // just set
    await addMember(founder, slug, targets.get(role) as Person, role);
  }
});
afterAll(async () => await gateway.close());

const members = async (): Promise<unknown> => must(await founder.get(`${path}/members`), 200).body.items;

/** For real by all who may not; what an Owner may is tried dry, so that everybody stays what they are. */
function queryOf(actor: Role | "none"): string {
  return actor === "owner" ? "?dryRun=true" : "";
}

function expectRefused(actor: Role | "none", { status, body }: Answered): void {
  expect([status, body.code]).toEqual([403, actor === "none" ? "ORGANIZATION_NOT_ACCESSIBLE" : expect.any(String)]);
}

const PAIRS = (["none", ...ROLES] as const).flatMap((actor) => ROLES.map((target) => [actor, target] as const));

describe("S0.21 S0.24 nobody grants more than their own rank or touches a higher one", () => {
  test.each(PAIRS)("%s to %s: what is allowed is within the rank, what is refused changes nothing", async (...pair) => {
    const [actor, target] = pair;
    const by = actors.get(actor) as Person; // of the two lists
    const other = targets.get(target) as Person;
    const before = await members();
    for (const granted of ROLES) {
      const answer = await by.patch(`${path}/members/${other.alias}${queryOf(actor)}`, { role: granted });
      if (answer.status === 200) {
        expect(RANK[actor]).toBeGreaterThanOrEqual(Math.max(RANK[granted], RANK[target]));
        expect(actor).toBe("owner");
      } else expectRefused(actor, answer);
    }
    const removed = await by.delete(`${path}/members/${other.alias}${queryOf(actor)}`);
    if (removed.status === 204) expect(RANK[actor]).toBeGreaterThanOrEqual(RANK[target]);
    else expectRefused(actor, removed);
    const offered = await by.post(`${path}/transfers${queryOf(actor)}`, { alias: other.alias });
    if (offered.status === 201) expect(RANK[actor]).toBe(RANK.owner);
    else if (actor !== "owner") expectRefused(actor, offered);
    expect(await members()).toEqual(before);
  });

  test.each(ROLES)("a %s does not raise itself", async (role) => {
    const by = actors.get(role) as Person; // of the list
    for (const granted of ROLES) {
      const { status } = await by.patch(`${path}/members/${by.alias}${queryOf(role)}`, { role: granted });
      expect([granted, status]).toEqual([granted, role === "owner" ? 200 : 403]);
    }
  });

  test.each(["none", ...ROLES] as const)("%s invites within its rank, and nobody invites an Owner", async (actor) => {
    const by = actors.get(actor) as Person; // of the lists
    const guest = await gateway.person(`guest-${actor}`);
    for (const role of ROLES) {
      const invited = await by.post(`${path}/invitations${queryOf(actor)}`, { alias: guest.alias, role });
      if (actor !== "owner") expectRefused(actor, invited);
      else expect([role, invited.status]).toEqual([role, role === "owner" ? 409 : 201]);
    }
    expect(must(await guest.get("/v1/me/invitations"), 200).body.items).toEqual([]);
  });

  test("an Owner may all of it, or all of the above would hold for nothing", async () => {
    const owner = actors.get("owner") as Person; // of the list
    for (const [target, other] of targets) {
      for (const role of ROLES) {
        const answer = await owner.patch(`${path}/members/${other.alias}?dryRun=true`, { role });
        expect([target, role, answer.status]).toEqual([target, role, 200]);
      }
      expect((await owner.delete(`${path}/members/${other.alias}?dryRun=true`)).status).toBe(204);
    }
  });
});
