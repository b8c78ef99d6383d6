/** The export of a long log: what it holds of it at a time, where it ends, and how it breaks off. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { get as httpGet, type IncomingMessage } from "node:http";
import { cannotDecide } from "../../src/entities/errors.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
const EVENTS = 40 * LIMITS.exportPage;
let long: string;
let id: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  alice = await gateway.person("alice");
  long = await foundOrganization(alice);
  id = (await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [long]))[0]?.id ?? "";
  await gateway.sql(
    `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id, after)
       select $1, n, 1, now() - interval '1 day' + interval '1 ms' * n, 'system', 'system', 'sector.rename', 'sector', 'sec-' || n,
         jsonb_build_object('name', repeat('x', 150))
       from generate_series(3, $2::int) n`,
    [id, EVENTS],
  );
  await gateway.sql("update organizations set version = $2 where id = $1", [id, EVENTS]);
});

afterAll(async () => await gateway.close());

/** Counts the statements that read pages of it, from now on, and does `then` at each. */
function watchPages(then: (page: number) => Promise<void>): {
  readonly pages: () => number;
  readonly end: () => void;
} {
  const { deps } = gateway.gateway;
  const { database } = deps;
  let pages = 0;
  Object.assign(deps, {
    database: {
      ...database,
      transaction: async <Result>(work: Parameters<typeof database.transaction<Result>>[0]) =>
        await database.transaction<Result>(async (tx) => {
          return await work({
            ...tx,
            query: async (statement) => {
              if (statement.name.startsWith("audit_oldest")) await then((pages += 1));
              return await tx.query(statement);
            },
          });
        }),
    },
  });
  return { pages: () => pages, end: () => void Object.assign(deps, { database }) };
}

test("ends at the moment of its request: what comes meanwhile is not in it", async () => {
  const watched = watchPages(async (page) => {
    if (page === 3) must(await alice.patch(`/v1/organizations/${long}`, { name: `Renamed at page ${page}` }), 200);
  });
  try {
    const lines = must(await alice.get(`/v1/organizations/${long}/audit/export`), 200)
      .text.split("\n")
      .slice(0, -1);
    expect(lines.length).toBe(EVENTS + 1);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ action: "audit.export", id: `${EVENTS + 1}.1` });
    expect(watched.pages()).toBeGreaterThan(40);
  } finally {
    watched.end();
  }
  const [newest] = must(await alice.get(`/v1/organizations/${long}/audit?page_size=1`), 200).body.items as object[];
  expect(newest).toMatchObject({ action: "organization.rename" });
});

const open = async (): Promise<IncomingMessage> =>
  await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${alice.token}` };
    httpGet(`${gateway.url}/v1/organizations/${long}/audit/export`, { headers, agent: false }, resolve).on(
      "error",
      reject,
    );
  });

test("reads no further than its reader takes, and stops when the reader goes away", async () => {
  const watched = watchPages(async () => await Promise.resolve());
  try {
    const response = await open(); // paused: nobody reads
    const seen: number[] = [];
    await eventually(() => {
      seen.push(watched.pages());
      expect(seen.slice(-5)).toEqual(Array.from({ length: 5 }, () => watched.pages()));
    });
    const held = watched.pages();
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(35); // buffers of the sockets
    response.destroy();
    await eventually(async () => {
      expect(await openConnections()).toBe(0);
    });
    expect(watched.pages()).toBeLessThanOrEqual(held + 1);
  } finally {
    watched.end();
  }
});

/** Transactions of the gateway's that are open and idle: an export that nobody reads must hold none. */
const openConnections = async (): Promise<number> => {
  const rows = await gateway.sql(
    "select from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()",
  );
  return rows.length;
};

test("breaks the connection when it cannot go on, so that nobody takes a part for the whole", async () => {
  const watched = watchPages(async (page) => {
    if (page === 5) throw new Error("Postgres has gone");
    await Promise.resolve();
  });
  try {
    const response = await open();
    expect(response.statusCode).toBe(200);
    const ended = await new Promise<string>((resolve) => {
      response.on("end", () => resolve("whole"));
      response.on("error", ({ message }) => resolve(message));
      response.resume();
    });
    expect(ended).toBe("aborted");
  } finally {
    watched.end();
  }
});

test("is a problem document when it cannot begin", async () => {
  const watched = watchPages(async () => {
    await Promise.resolve();
    throw cannotDecide("postgres", new Error("gone"));
  });
  try {
    const answer = await alice.get(`/v1/organizations/${long}/audit/export`);
    expect([answer.status, answer.body.code]).toEqual([503, "CANNOT_DECIDE"]);
  } finally {
    watched.end();
  }
});
