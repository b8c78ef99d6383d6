import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { setTimeout as wait } from "node:timers/promises";
import { PLATFORM } from "../../src/entities/ids.ts";
import { isRepeatable } from "../../src/http/refusals.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { eventually } from "../support/eventually.ts";
import { type Fleet, startFleet } from "../support/fleet.ts";
import type { Answered, Person } from "../support/gateway.ts";
import { type GatewayHome, makeGatewayHome } from "../support/gateway-process.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { chanceOf, takeSeed } from "../support/seed.ts";
import { must } from "../support/world.ts";
import { PREPARE, type Repeatable } from "./repeatable-posts.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ROUNDS = IS_FULL ? 40 : 1;
const KILLS = 4; // in each round
const GATEWAYS = 2;
const CLIENTS = 16;
const REPEAT_AFTER_MS = 20;

const POSTS = ROUTES.filter(isRepeatable).map(({ path }) => path);

let home: GatewayHome;
let fleet: Fleet;
let operator: Person;
const seed = takeSeed("idempotency under fire");
/** When somebody is killed; who it is, and where each request goes, also depends on who answers first. */
const kills = chanceOf(seed);
const ways = chanceOf(seed + 1);

beforeAll(async () => {
  home = await makeGatewayHome();
  // All at once on an empty ledger: one makes the tables, the others wait for it.
  fleet = await startFleet(home, GATEWAYS, ways);
  operator = await home.operator();
});
afterAll(async () => {
  await fleet.stop();
  await home.close();
});

/** What the ledger has of one organization, or of a client. */
interface Counted {
  readonly version: number;
  readonly rows: Readonly<Record<string, number>>;
}

const TABLES = [
  "memberships",
  "sectors",
  "applications",
  "signing_keys",
  "client_keys",
  "domains",
  "connectors",
  "invitations",
  "transfers",
];

async function count(slug: string | null): Promise<Counted> {
  const inside = TABLES.map((table) => `(select count(*)::int from ${table} where organization_id = o.id) as ${table}`);
  const [found] = await home.sql<Record<string, number>>(
    `select o.version::int as version, ${inside.join(", ")} from organizations o where slug = $1`,
    [slug],
  );
  const { version = 1, ...rows } = found ?? {}; // what is made begins at 1 and is raised by the change that makes it
  return { version, rows };
}

async function eventsOf(slug: string | null): Promise<{ action: string; version: number }[]> {
  return await home.sql(
    `select e.action, e.version::int as version
     from audit_events e join organizations o on o.id = e.organization_id
     where o.slug = $1 order by e.version, e.ordinal`,
    [slug],
  );
}

interface Case extends Repeatable {
  readonly route: string;
  readonly key: string;
  readonly before: Counted;
  readonly clientsBefore: number;
  readonly eventsBefore: number;
}

async function prepare(route: string, round: number): Promise<Case> {
  const make = PREPARE[route];
  if (make === undefined) throw new Error(`POST ${route} is not asked here; add it to PREPARE`);
  const name = `round-${round}-${POSTS.indexOf(route)}`;
  const at = { url: await fleet.url() };
  const [founder, guest] = [await home.person(at, `${name}-founder`), await home.person(at, `${name}-guest`)];
  const unseen = await home.unseen(`${name}-unseen`);
  const stage = { founder, guest, operator: operator.at(at.url), name, unseen, dns: home.dns, sql: home.sql };
  const repeatable = await make({ ...stage, keeperOf: () => Promise.reject(new Error("no POST needs one")) });
  const { slug } = repeatable;
  return {
    ...repeatable,
    route,
    key: name,
    before: await count(slug),
    clientsBefore: await clients(name),
    eventsBefore: (await eventsOf(slug)).length,
  };
}

async function clients(name: string): Promise<number> {
  return (await home.sql("select from clients where client_id = $1", [name])).length;
}

/** How often a connection ended without an answer, by POST. */
const cut: Record<string, number> = {};

/** As a careful client does it: a connection that breaks and "not now" are no answers. */
async function untilAnswered({ by, path, body, route, key }: Case): Promise<Answered> {
  for (;;) {
    const url = await fleet.url();
    try {
      const answer = await by.at(url).post(path, body, { "idempotency-key": key });
      if (answer.status !== 503) return answer;
    } catch (error) {
      if (!isCut(error)) throw error;
      cut[route] = (cut[route] ?? 0) + 1;
    }
    await wait(REPEAT_AFTER_MS);
  }
}

/** What fetch throws when nobody listens, or the answer ends before it is whole; no `Error` of the world that Jest makes. */
function isCut(error: unknown): boolean {
  const { message } = error as { readonly message?: unknown };
  return message === "fetch failed" || message === "terminated";
}

/** All POSTs at once, each from 16 clients, while gateways are killed after so many answers as chance says. */
async function fire(cases: readonly Case[]): Promise<Answered[][]> {
  const total = cases.length * CLIENTS;
  const killAfter = Array.from({ length: KILLS }, () => kills.below(total));
  let answered = 0;
  return await Promise.all(
    cases.map(async (each) => {
      return await Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          const answer = await untilAnswered(each);
          for (const kill of killAfter) if (kill === answered) fleet.killOne();
          answered += 1;
          return answer;
        }),
      );
    }),
  );
}

/** Letter by letter. */
const told = ({ status, text, headers }: Answered): object => ({
  ...{ status, text },
  ...{ etag: headers.get("etag"), location: headers.get("location") },
});

async function requireOnce(each: Case, answers: readonly Answered[]): Promise<void> {
  const [first] = answers;
  if (first === undefined) throw new Error("nobody asked");
  expect(answers.map(told)).toEqual(answers.map(() => told(first)));
  expect([each.route, first.status, first.body.code]).toEqual([each.route, each.view === null ? 201 : 200, undefined]);
  const seen = await each.by.at(await fleet.url()).get(each.view ?? String(first.headers.get("location")));
  if (each.isGone === true) expect([seen.status, first.status]).toEqual([409, 200]);
  else {
    const { secret, ...body } = first.body as { readonly secret?: string | null }; // of a key; it is shown nowhere else
    expect([must(seen, 200).body, seen.headers.get("etag"), secret ?? null]).toEqual([
      body,
      first.headers.get("etag"),
      null,
    ]);
  }

  const { version, rows } = each.before;
  const adds = (table: string): number => (rows[table] ?? 0) + (each.adds[table] ?? 0);
  if (each.slug === null) {
    expect(await clients(String(first.body["clientId"]))).toBe(each.clientsBefore + (each.adds["clients"] ?? 0));
    return;
  }
  if (each.slug === PLATFORM) {
    await requireOnPlatform(each, first);
    return;
  }
  const after = await count(each.slug);
  expect({ route: each.route, ...after }).toEqual({
    route: each.route,
    version: version + 1,
    rows: Object.fromEntries(TABLES.map((table) => [table, adds(table)])),
  });
  const events = (await eventsOf(each.slug)).slice(each.eventsBefore);
  expect(events).toEqual(each.events.map((action) => ({ action, version: version + 1 })));
}

/** Others change the platform at the same time: what was done is known by what the answer names, and was one change. */
async function requireOnPlatform(each: Case, { body }: Answered): Promise<void> {
  const named = [body.id, body.anchor, body["kid"], ...(each.view === null ? [body.sector] : [])].filter(
    (id) => id !== undefined,
  );
  const events = await home.sql<{ action: string; version: string }>(
    `select action, version from audit_events
     where organization_id = 'platform' and action = any ($2)
       and (target_id = any ($1) or after ->> 'signInMethod' = any ($1) or after ->> 'kid' = any ($1)
         or after ->> 'clientKey' = any ($1)) -- an account is named by a pseudonym
     order by version, ordinal`,
    [named, each.events],
  );
  expect({ route: each.route, events: events.map(({ action }) => action) }).toEqual({
    route: each.route,
    events: each.events,
  });
  expect(new Set(events.map(({ version }) => version)).size).toBe(1);
}

/** The leases of dead gateways have run out; `npm run test:full` waits for that. */
async function passLeases(): Promise<void> {
  if (!IS_FULL) await home.sql("update graph_positions set lease_until = now() where lease_owner is not null");
}

describe(`every POST, repeated with one Idempotency-Key by ${CLIENTS} clients while gateways are killed`, () => {
  test(
    "has one effect, the audit events of one change, and one answer",
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await fleet.whole();
        const cases = await Promise.all(POSTS.map(async (route) => await prepare(route, round)));
        const answers = await fire(cases);
        for (const [index, each] of cases.entries()) await requireOnce(each, answers[index] ?? []);
      }
      // Otherwise nobody had to repeat anything, and this was green for nothing.
      const everCut = Object.keys(cut).length;
      expect(everCut).toBeGreaterThanOrEqual(IS_FULL ? POSTS.length : 1);
      await fleet.whole();
      await passLeases();
      await eventually(async () => await expectGraphHoldsLedger(home), 30_000);
    },
    IS_FULL ? 30 * 60_000 : 120_000,
  );
});
