import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const CLIENTS = process.env["BAILIWICK_FULL"] === "1" ? 64 : 8;

let gateway: TestGateway;
let second: Gateway;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startBeside(gateway);
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});

/** New people for each pair: what one owns already counts against their limit (S0.8). */
async function people(scene: string): Promise<[Person, Person, Person]> {
  return await Promise.all([
    gateway.person(`alice-${scene}`),
    gateway.person(`bob-${scene}`),
    gateway.person(`carol-${scene}`),
  ]);
}

interface Scene {
  readonly path: string;
  /** Waits for an answer: one for each client that accepts. */
  readonly invitations: readonly { readonly person: Person; readonly id: string }[];
}

type Operation = (scene: Scene, client: number) => Promise<Answered>;

/** Who acts on whom: both Owners, each through both gateways. */
function pick(client: number): [actor: Person, target: Person] {
  const [actor, target] = client % 4 < 2 ? [alice, bob] : [bob, alice];
  return [client % 8 < 4 ? actor : actor.at(second.url), target];
}
const OPERATIONS: Readonly<Record<string, Operation>> = {
  remove: async ({ path }, client) => {
    const [actor, target] = pick(client);
    return await actor.delete(`${path}/members/${target.alias}`);
  },
  demote: async ({ path }, client) => {
    const [actor, target] = pick(client);
    return await actor.patch(`${path}/members/${target.alias}`, { role: "admin" });
  },
  promote: async ({ path }, client) => {
    const [actor] = pick(client);
    return await actor.patch(`${path}/members/${carol.alias}`, { role: "owner" });
  },
  leave: async ({ path }, client) => {
    const [actor] = pick(client);
    return await actor.delete(`${path}/members/${actor.alias}`);
  },
  retire: async ({ path }, client) => {
    const [actor] = pick(client);
    return await actor.post(`${path}/retire`);
  },
  create: async ({ path }, client) => {
    const [actor] = pick(client);
    return await actor.post(`${path}/sectors`, { name: `Sector ${client}` });
  },
  accept: async ({ invitations }, client) => {
    const invitation = invitations[client % invitations.length];
    if (invitation === undefined) throw new Error("nobody is invited");
    return await invitation.person.post(`/v1/invitations/${invitation.id}/accept`);
  },
};

const NAMES = Object.keys(OPERATIONS);
const PAIRS = NAMES.flatMap((first, index) => NAMES.slice(index).map((other) => [first, other] as const));
/** Retiring takes a sole Owner, so that it happens in one of the casts only. */
const CASTS = [
  ["two Owners", "owner"],
  ["a sole Owner", "admin"],
] as const;

/** Two Owners, a viewer, and somebody who is invited. */
async function scene(slug: string): Promise<Scene> {
  const path = `/v1/organizations/${slug}`;
  const person = await gateway.person(`guest-${slug}`);
  const invited = must(await alice.post(`${path}/invitations`, { alias: person.alias, role: "member" }), 201);
  return { path, invitations: [{ person, id: String(invited.body.id) }] };
}

describe.each(CASTS)(`${CLIENTS} clients at two gateways on one organization with %s`, (_cast, role) => {
  test.each(PAIRS)(
    "S0.28 S0.29 S0.35 %s beside %s: never without an Owner, and nothing after a retire",
    async (...names) => {
      [alice, bob, carol] = await people(`${role}-${names.join("-")}`);
      const slug = await foundOrganization(alice);
      await addMember(alice, slug, bob, role);
      await addMember(alice, slug, carol, "viewer");
      const stage = await scene(slug);
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          const operation = OPERATIONS[names[client % 2] ?? ""];
          if (operation === undefined) throw new Error("no such operation");
          return await operation(stage, client);
        }),
      );
      // Every answer is an outcome: done, refused, or gone from under one's feet.
      expect(
        answers.map((each) => each.status).filter((status) => ![200, 201, 204, 403, 404, 409].includes(status)),
      ).toEqual([]);
      const [owners] = await gateway.sql<{ count: string }>(
        "select count(*) from memberships m join organizations o on o.id = m.organization_id where o.slug = $1 and m.role = 'owner'",
        [slug],
      );
      expect(Number(owners?.count)).toBeGreaterThan(0);
      const events = await gateway.sql<{ action: string; version: string }>(
        `select e.action, e.version from audit_events e join organizations o on o.id = e.organization_id
       where o.slug = $1 order by e.version, e.ordinal`,
        [slug],
      );
      const retired = events.findIndex((event) => event.action === "organization.retire");
      if (retired !== -1) expect(events.slice(retired + 1)).toEqual([]);
      // Where nothing stands in the way of retiring it happens, or the test would be green for nothing.
      if (
        role === "admin" &&
        names.every((name) => !["create", "promote"].includes(name)) &&
        names.includes("retire")
      ) {
        expect(retired).not.toBe(-1);
      }
    },
  );

  test("afterwards ledger and graph hold the same tuples, one by one", async () => {
    await expectGraphEqualsLedger(gateway);
  });
});

describe("one account", () => {
  test("S0.8 promoted in 20 organizations at once stays within its limit of 10", async () => {
    const star = await gateway.person("star");
    const founders = await Promise.all([0, 1].map(async (index) => await gateway.person(`founder-${index}`)));
    const slugs: { slug: string; owner: Person }[] = [];
    for (const owner of founders) {
      for (let count = 0; count < 10; count += 1) slugs.push({ slug: await foundOrganization(owner), owner });
    }
    for (const { slug, owner } of slugs) await addMember(owner, slug, star, "admin");
    const answers = await Promise.all(
      slugs.map(async ({ slug, owner }) => {
        return await owner.patch(`/v1/organizations/${slug}/members/${star.alias}`, { role: "owner" });
      }),
    );
    expect(answers.filter((each) => each.status === 200)).toHaveLength(10);
    const refused = answers.filter((each) => each.status !== 200);
    expect(refused.map((each) => [each.status, each.body.code])).toEqual(refused.map(() => [409, "LIMIT_REACHED"]));
    const [owned] = await gateway.sql<{ count: string }>(
      "select count(*) from memberships m join accounts a on a.id = m.account_id where a.alias = $1 and m.role = 'owner'",
      [star.alias],
    );
    expect(Number(owned?.count)).toBe(10);
    await expectGraphEqualsLedger(gateway);
  });

  test("an Owner's removal of a member succeeds while an Admin renames in a loop", async () => {
    const [owner, bob, carol] = await people("patient");
    const slug = await foundOrganization(owner);
    await addMember(owner, slug, bob, "admin");
    await addMember(owner, slug, carol, "viewer");
    const loop = { isOver: false, renames: 0 };
    const renaming = Array.from({ length: 8 }, async (_, client) => {
      while (!loop.isOver) {
        const renamed = await bob.patch(`/v1/organizations/${slug}`, { name: `Name ${client} ${loop.renames}` });
        if (renamed.status === 200) loop.renames += 1;
      }
    });
    while (loop.renames < 20) await new Promise((resolve) => setImmediate(resolve));
    const removed = await owner.delete(`/v1/organizations/${slug}/members/${carol.alias}`);
    loop.isOver = true;
    await Promise.all(renaming);
    expect(removed.status).toBe(204);
    expect((await carol.get(`/v1/organizations/${slug}`)).status).toBe(403);
  });
});
