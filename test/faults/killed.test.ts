import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { tupleKey } from "../../src/entities/tuples.ts";
import { eventually } from "../support/eventually.ts";
import type { Person } from "../support/gateway.ts";
import { type GatewayHome, type GatewayProcess, makeGatewayHome } from "../support/gateway-process.ts";
import { changesOf, expectGraphHoldsLedger, roleTupleOf } from "../support/graph.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

let home: GatewayHome;
let running: GatewayProcess;
let alice: Person;
let bob: Person;
let slug: string;
let members: string;

beforeAll(async () => {
  // An answer waits for its tuples for as long as it takes, so that a test can end the gateway before it.
  home = await makeGatewayHome({ GRAPH_WAIT_MS: "60000" });
  running = await home.start();
});
afterAll(async () => {
  await running.kill();
  await home.close();
});
beforeEach(async () => {
  alice = await home.person(running, "alice");
  bob = await home.person(running, "bob");
  slug = await foundOrganization(alice);
  members = `/v1/organizations/${slug}/members`;
  await addMember(alice, slug, bob, "viewer");
  await eventually(async () => await expectGraphHoldsLedger(home));
});
afterEach(() => home.proxy.pass());

/** Where in a change the gateway is when it is killed. */
interface Moment {
  /** Where the client sends the change to. */
  readonly url?: string;
  readonly reached: Promise<unknown>;
  /** What the death alone does not end. */
  clear?(): Promise<void>;
}

async function beforeTheWrite(): Promise<Moment> {
  return await Promise.resolve({ reached: home.proxy.hold("requests", "/write") });
}

async function beforeTheWritesAnswer(): Promise<Moment> {
  return await Promise.resolve({ reached: home.proxy.hold("answers", "Content-Length: 2\r\n") }); // of a Write: {}
}

async function beforeBookkeeping(): Promise<Moment> {
  const blocker = new pg.Client(home.databaseUrl);
  await blocker.connect();
  const held = home.proxy.hold("requests", "/write"); // the relay has its claim
  const waiting = "from pg_stat_activity where wait_event_type = 'Lock' and query like '%set applied = greatest%'";
  const reach = async (): Promise<void> => {
    await held;
    await blocker.query("begin");
    await blocker.query("select from graph_positions for update");
    home.proxy.pass();
    await home.proxy.release();
    await eventually(async () => expect(await home.sql(`select ${waiting}`)).toHaveLength(1));
  };
  return {
    reached: reach(),
    clear: async () => {
      // What has been sent Postgres would still do after its sender's death.
      await home.sql(`select pg_terminate_backend(pid) ${waiting}`);
      await blocker.query("rollback");
      await blocker.end();
    },
  };
}

async function beforeTheAnswer(): Promise<Moment> {
  const door = await startTcpProxy(running.url);
  const reached = door.hold("answers", "HTTP/1.1 200").then(async () => {
    const [position] = await home.sql("select from outbox");
    expect(position).toBeUndefined();
  });
  return { url: door.url, reached, clear: async () => await door.close() };
}

const MOMENTS: readonly (readonly [name: string, prepare: () => Promise<Moment>])[] = [
  ["before its Write reaches OpenFGA", beforeTheWrite],
  ["when OpenFGA has executed its Write and the answer is on the way", beforeTheWritesAnswer],
  ["when its Write is answered and not yet noted", beforeBookkeeping],
  ["when all is done but the answer to the client", beforeTheAnswer],
];

/** The dead gateway's leases have run out; `npm run test:full` waits for that. */
async function passLeases(): Promise<void> {
  if (process.env["BAILIWICK_FULL"] === "1") return;
  await home.sql("update graph_positions set lease_until = now() where lease_owner is not null");
}

async function events(): Promise<string[]> {
  const rows = await home.sql<{ action: string }>(
    `select e.action from audit_events e join organizations o on o.id = e.organization_id
     where o.slug = $1 and e.action = 'member.change_role'`,
    [slug],
  );
  return rows.map(({ action }) => action);
}

/** How often OpenFGA has written or deleted Bob's tuple. */
async function times(operation: "WRITE" | "DELETE", role: string): Promise<number> {
  const bobs = tupleKey(await roleTupleOf(home, slug, "bob", role));
  const done = (await changesOf(home)).filter((change) => change.operation === `TUPLE_OPERATION_${operation}`);
  return done.filter(({ tuple }) => tupleKey(tuple) === bobs).length;
}

/** How often the organization's graph had to be rebuilt, which would hide what was lost. */
async function rebuilds(): Promise<number | undefined> {
  const rows = await home.sql<{ epoch: number }>(
    "select g.epoch from graph_positions g join organizations o on o.id = g.organization_id where o.slug = $1",
    [slug],
  );
  return rows[0]?.epoch;
}

describe("a gateway that is killed in the middle of a change", () => {
  test.each(MOMENTS)("%s loses and doubles nothing", async (_name, prepare) => {
    const moment = await prepare();
    const promotion = alice.at(moment.url ?? running.url).patch(`${members}/bob`, { role: "admin" });
    const outcome = promotion.then(
      ({ status }) => status,
      () => "no answer",
    );
    await moment.reached;
    await running.kill();
    expect(await outcome).toBe("no answer");
    await moment.clear?.();
    home.proxy.pass();

    running = await home.start();
    [alice, bob] = [alice.at(running.url), bob.at(running.url)];
    await passLeases();
    await eventually(async () => await expectGraphHoldsLedger(home), 25_000);
    expect(must(await alice.get(`${members}/bob`), 200).body["role"]).toBe("admin");
    expect([await times("WRITE", "admin"), await times("DELETE", "viewer")]).toEqual([1, 1]);
    expect(await rebuilds()).toBe(0);
    expect(must(await alice.patch(`${members}/bob`, { role: "admin" }), 200).body["role"]).toBe("admin"); // a retry
    expect(await events()).toEqual(["member.change_role"]);
    expect((await bob.patch(`/v1/organizations/${slug}`, { name: "Bob's" })).status).toBe(200);

    must(await alice.patch(`${members}/bob`, { role: "viewer" }), 200);
    await home.proxy.release(); // what the dead gateway has sent arrives after all
    await expectGraphHoldsLedger(home);
    expect((await bob.patch(`/v1/organizations/${slug}`, { name: "Bob's" })).status).toBe(403);
  });

  test("before its commit has changed nothing", async () => {
    const blocker = new pg.Client(home.databaseUrl);
    await blocker.connect();
    await blocker.query("begin");
    await blocker.query("select from organizations where slug = $1 for update", [slug]);
    const promotion = alice.patch(`${members}/bob`, { role: "admin" });
    const outcome = promotion.then(
      ({ status }) => status,
      () => "no answer",
    );
    const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%lock_at%'";
    await eventually(async () => expect(await home.sql(waiting)).toHaveLength(1));
    await running.kill();
    expect(await outcome).toBe("no answer");
    await blocker.query("rollback");
    await blocker.end();

    running = await home.start();
    await eventually(async () => expect(await home.sql(waiting)).toEqual([]));
    await expectGraphHoldsLedger(home);
    expect(must(await alice.at(running.url).get(`${members}/bob`), 200).body["role"]).toBe("viewer");
    expect(await events()).toEqual([]);
  });
});
