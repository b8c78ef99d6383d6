import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const ROUNDS = process.env["BAILIWICK_FULL"] === "1" ? 100 : 4;
const CLIENTS = 16;

let gateway: TestGateway;
let second: Gateway;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startBeside(gateway);
});
afterAll(async () => {
  await expectGraphEqualsLedger(gateway);
  await second.close();
  await gateway.close();
});

interface Stage {
  readonly slug: string;
  readonly path: string;
  readonly alice: Person;
  readonly bob: Person;
  /** Where the offer is. */
  readonly at: string;
}

/** Alice, the sole Owner, has offered ownership to Bob, an Admin. */
async function offered(): Promise<Stage> {
  scene += 1;
  const [alice, bob] = await Promise.all([gateway.person(`alice-${scene}`), gateway.person(`bob-${scene}`)]);
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "admin");
  const path = `/v1/organizations/${slug}`;
  const made = must(await alice.post(`${path}/transfers`, { alias: bob.alias }), 201);
  return { slug, path, alice, bob, at: String(made.headers.get("location")) };
}

type Ask = (at: (person: Person) => Person) => Promise<Answered>;

/** Each of them by half of the clients, through both gateways. */
async function race(...asks: readonly Ask[]): Promise<Answered[][]> {
  const answers = asks.map(async (ask) => {
    return await Promise.all(
      Array.from({ length: CLIENTS / asks.length }, async (_, client) => {
        return await ask((person) => (client % 2 === 0 ? person : person.at(second.url)));
      }),
    );
  });
  return await Promise.all(answers);
}

async function told({ slug, alice, bob }: Stage): Promise<{ roles: unknown; state: string; swaps: number }> {
  const [row] = await gateway.sql<{ roles: unknown; state: string; swaps: number }>(
    `select (select json_object_agg(a.alias, m.role) from memberships m join accounts a on a.id = m.account_id
        where m.organization_id = o.id) as roles,
      (select t.state from transfers t where t.organization_id = o.id) as state,
      (select count(*)::int from audit_events e
        where e.organization_id = o.id and e.action = 'transfer.accept') as swaps
     from organizations o where o.slug = $1`,
    [slug],
  );
  if (row === undefined) throw new Error(`${slug} of ${alice.alias} and ${bob.alias} is gone`);
  return row;
}

const all = (answers: readonly Answered[] | undefined, status: number): boolean =>
  answers?.every((each) => each.status === status) === true;

describe(`${CLIENTS} clients at two gateways, ${ROUNDS} times`, () => {
  test("accept one offer: it is accepted once, and all are told so", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const stage = await offered();
      const { alice, bob, at } = stage;
      const [accepted] = await race(async (by) => await by(bob).post(`${at}/accept`));
      expect(accepted?.map((each) => each.text)).toEqual(accepted?.map(() => accepted[0]?.text));
      expect(await told(stage)).toEqual({
        roles: { [alice.alias]: "admin", [bob.alias]: "owner" },
        ...{ state: "accepted", swaps: 1 },
      });
    }
  });

  test("cancel and accept: exactly one of the two happens, and the other is refused", async () => {
    const wins = { accepted: 0, cancelled: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const stage = await offered();
      const { alice, bob, at } = stage;
      const [cancelled, accepted] = await race(
        async (by) => await by(alice).post(`${at}/cancel`),
        async (by) => await by(bob).post(`${at}/accept`),
      );
      const { state, roles } = await told(stage);
      const isAccepted = state === "accepted";
      wins[isAccepted ? "accepted" : "cancelled"] += 1;
      expect([state, all(accepted, isAccepted ? 200 : 409), all(cancelled, isAccepted ? 409 : 200)]).toEqual([
        isAccepted ? "accepted" : "cancelled",
        ...[true, true],
      ]);
      const owner = isAccepted ? bob : alice;
      const other = isAccepted ? alice : bob;
      expect(roles).toEqual({ [owner.alias]: "owner", [other.alias]: "admin" });
    }
    expect(wins.accepted + wins.cancelled).toBe(ROUNDS);
  });

  test("S0.28 S0.29 remove or demote the recipient beside its acceptance: never without an Owner", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const stage = await offered();
      const { alice, bob, at, path } = stage;
      const isRemoval = round % 2 === 0;
      const [accepted, others] = await race(
        async (by) => await by(bob).post(`${at}/accept`),
        async (by) => {
          const member = `${path}/members/${bob.alias}`;
          return isRemoval ? await by(alice).delete(member) : await by(alice).patch(member, { role: "viewer" });
        },
      );
      const statuses = [...(accepted ?? []), ...(others ?? [])].map(({ status }) => status);
      expect(statuses.filter((status) => ![200, 204, 403, 404, 409].includes(status))).toEqual([]);
      const { roles, swaps, state } = await told(stage);
      const owners = Object.values(roles as Record<string, string>).filter((role) => role === "owner");
      expect([owners.length, swaps]).toEqual([1, state === "accepted" ? 1 : 0]);
    }
  });

  test("accept and decline one invitation: exactly one of the two happens", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { alice, path, slug } = await offered();
      const guest = await gateway.person(`guest-${scene}`);
      const made = must(await alice.post(`${path}/invitations`, { alias: guest.alias, role: "viewer" }), 201);
      const at = `/v1/invitations/${String(made.body.id)}`;
      const [accepted, declined] = await race(
        async (by) => await by(guest).post(`${at}/accept`),
        async (by) => await by(guest).post(`${at}/decline`),
      );
      const isAccepted = accepted?.some(({ status }) => status === 200) === true;
      expect([all(accepted, isAccepted ? 200 : 409), all(declined, isAccepted ? 409 : 200)]).toEqual([true, true]);
      const rows = await gateway.sql(
        `select from memberships m join organizations o on o.id = m.organization_id join accounts a on a.id = m.account_id
         where o.slug = $1 and a.alias = $2`,
        [slug, guest.alias],
      );
      expect(rows).toHaveLength(isAccepted ? 1 : 0);
    }
  });
});
