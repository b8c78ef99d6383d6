import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, PUNCTUAL, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger, expectGraphHoldsLedger } from "../support/graph.ts";
import { type OwnEngine, type OwnEngines, startOwnEngines } from "../support/own-engines.ts";
import { addMember, decide, foundOrganization, must } from "../support/world.ts";

const RECOVERS_WITHIN_MS = 25_000;
const DECISION_MS = 2_000; // the machine has other work, too

let own: OwnEngines;
let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;

beforeAll(async () => {
  own = await startOwnEngines();
  const settings = { ...PUNCTUAL, DECISION_TIMEOUT_MS: String(DECISION_MS) };
  gateway = await startTestGateway({ engines: own.engines, settings });
  [alice, bob, carol, mallory] = await Promise.all([
    gateway.person("alice"),
    gateway.person("bob"),
    gateway.person("carol"),
    gateway.person("mallory"),
  ]);
});
afterEach(async () => await own.heal(), 60_000);
afterAll(async () => {
  try {
    await gateway.close();
  } finally {
    await own.stop();
  }
});

const FAULTS: readonly (readonly [name: string, strike: (engine: OwnEngine) => Promise<void>])[] = [
  ["stopped", async (engine) => await engine.kill()],
  ["frozen", async (engine) => await engine.freeze()],
];

/** Alice's, with Bob as a Viewer, all of it in the graph. */
async function organization(): Promise<string> {
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "viewer");
  await expectGraphEqualsLedger(gateway);
  return slug;
}

const evaluation = (person: Person, action: string, slug: string): object => ({
  subject: { type: "account", id: person.alias },
  action: { name: action },
  resource: { type: "organization", id: slug },
});

/** A question of each way to ask, and changes: of the person who may. */
function requests(slug: string): Record<string, () => Promise<Answered>> {
  const path = `/v1/organizations/${slug}`;
  return {
    evaluation: async () => await gateway.shop.post("/access/v1/evaluation", evaluation(alice, "view", slug)),
    read: async () => await alice.get(path),
    rename: async () => await alice.patch(path, { name: "Renamed" }),
    remove: async () => await alice.delete(`${path}/members/bob`),
    found: async () => await alice.post("/v1/organizations", { slug: `${slug}-2`, name: "Second" }),
  };
}

function expectCannotDecide(answer: Answered): void {
  expect(answer).toMatchObject({ status: 503, body: { code: "CANNOT_DECIDE" } });
  expect(answer.headers.get("Retry-After")).toBe("1");
}

/** Everything that a change would move. */
async function written(): Promise<object[]> {
  return await gateway.sql(
    `select o.slug, o.name, o.version, o.tuples_filed, (select count(*) from memberships) as members,
       (select count(*) from audit_events) as events, (select count(*) from outbox) as rows
     from organizations o order by o.slug`,
  );
}

/** The same gateway, asked again. */
async function expectNormal(slug: string): Promise<void> {
  await eventually(async () => {
    expect(await decide(gateway, alice, "rename", ["organization", slug])).toMatchObject({
      decision: true,
      context: { graph: "agrees" },
    });
    expect(
      must(await alice.patch(`/v1/organizations/${slug}`, { name: "Back" }), 200).headers.get("Bailiwick-Graph"),
    ).toBeNull();
    expect((await decide(gateway, bob, "rename", ["organization", slug])).decision).toBe(false);
    await expectGraphHoldsLedger(gateway);
  }, RECOVERS_WITHIN_MS);
}

describe.each(FAULTS)("OpenFGA %s", (_name, strike) => {
  test("leaves questions to the ledger and changes pending, denies who is removed at once, and catches up", async () => {
    const slug = await organization();
    const members = `/v1/organizations/${slug}/members`;
    await strike(own.openfga);

    const allowed = await decide(gateway, alice, "rename", ["organization", slug]);
    expect(allowed).toMatchObject({ decision: true, context: { graph: "unavailable" } });
    const denied = await decide(gateway, bob, "rename", ["organization", slug]);
    expect(denied).toMatchObject({ decision: false, context: { reasons: [{ code: "ROLE_TOO_LOW" }] } });
    expect((await decide(gateway, mallory, "view", ["organization", slug])).decision).toBe(false);
    expect((await bob.get(`/v1/organizations/${slug}`)).status).toBe(200);
    expect((await mallory.get(`/v1/organizations/${slug}`)).status).toBe(403);

    const removal = must(await alice.delete(`${members}/bob`), 204);
    expect(removal.headers.get("Bailiwick-Graph")).toBe("pending");
    const removed = await decide(gateway, bob, "view", ["organization", slug]);
    expect(removed).toMatchObject({
      decision: false,
      context: { graph: "pending", facts: { subject: { role: "none" } } },
    });
    expect((await bob.get(`/v1/organizations/${slug}`)).status).toBe(403);
    await addMember(alice, slug, carol, "viewer");
    const added = await decide(gateway, carol, "view", ["organization", slug]);
    expect(added).toMatchObject({ decision: true, context: { graph: "pending" } });
    expect((await carol.delete(`${members}/alice`)).status).toBe(403);
    const second = await foundOrganization(alice);
    expect((await decide(gateway, alice, "rename", ["organization", second])).decision).toBe(true);

    await own.heal();
    await expectNormal(slug);
    expect((await decide(gateway, bob, "view", ["organization", slug])).decision).toBe(false);
    expect((await decide(gateway, carol, "view", ["organization", slug])).decision).toBe(true);
  });
});

/** How long Cerbos is waited for, call by call, while this is done. */
async function waitsIn(work: () => Promise<void>): Promise<number[]> {
  const { deps } = gateway.gateway;
  const { judge } = deps;
  const waits: number[] = [];
  Object.assign(deps, {
    judge: async (...asked: Parameters<typeof judge>) => {
      waits.push(asked[1]);
      return await judge(...asked);
    },
  });
  try {
    await work();
  } finally {
    Object.assign(deps, { judge });
  }
  return waits;
}

describe.each(FAULTS)("Cerbos %s", (_name, strike) => {
  test("lets nothing be decided: 503 when a decision's time is over, nothing is written, and it is asked again when it is back", async () => {
    const slug = await organization();
    const before = await written();
    await strike(own.cerbos);
    for (const request of Object.values(requests(slug))) {
      const waits = await waitsIn(async () => expectCannotDecide(await request()));
      expect([waits.length, Math.max(...waits) <= DECISION_MS]).toEqual([1, true]);
    }
    expect(await written()).toEqual(before);
    await own.heal();
    await expectNormal(slug);
  });
});

describe.each(FAULTS)("Postgres %s", (_name, strike) => {
  test("is told as 503, writes nothing, and needs no restart of the gateway", async () => {
    const slug = await organization();
    const before = await written();
    await strike(own.postgres);
    for (const request of Object.values(requests(slug))) expectCannotDecide(await request());
    await own.heal();
    expect(await eventually(written)).toEqual(before);
    await expectNormal(slug);
  });

  test("in the middle of a change is told as 503, and the gateway goes on", async () => {
    const slug = await organization();
    const before = await written();
    const other = new pg.Client(gateway.config.databaseUrl ?? "");
    other.on("error", () => undefined); // its connection ends with Postgres
    await other.connect();
    await other.query("begin");
    await other.query("select from organizations where slug = $1 for update", [slug]);
    const waiting = alice.delete(`/v1/organizations/${slug}/members/bob`);
    await eventually(async () => {
      const locked = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%lock_at%'";
      expect(await gateway.sql(locked)).toHaveLength(1);
    });
    await strike(own.postgres);
    expectCannotDecide(await waiting);
    expectCannotDecide(await alice.get(`/v1/organizations/${slug}`));
    await own.heal();
    await other.end().catch(() => undefined);
    expect(await eventually(written)).toEqual(before);
    await expectNormal(slug);
  });
});
