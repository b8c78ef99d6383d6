import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "undici";
import { eventually } from "../support/eventually.ts";
import type { Person } from "../support/gateway.ts";
import { type GatewayHome, type GatewayProcess, makeGatewayHome } from "../support/gateway-process.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { startReadyProxy } from "../support/ready-proxy.ts";
import { foundOrganization, must } from "../support/world.ts";

const RESTARTS = process.env["BAILIWICK_FULL"] === "1" ? 50 : 2;
const CLIENTS = 8;

let home: GatewayHome;
beforeAll(async () => {
  home = await makeGatewayHome({
    DRAIN_DELAY_MS: "4000", // many looks at /readyz, also on a busy machine
    DECISION_TIMEOUT_MS: "5000",
    GRAPH_READ_TIMEOUT_MS: "2000",
    CHANGE_TIMEOUT_MS: "20000",
  });
});
afterAll(async () => await home.close());

/** What a client did until it was told to stop, each answer checked. */
interface Done {
  readonly changes: number;
  readonly questions: number;
}

/** Renames its organization and asks about it, in turn, without a pause. */
async function work(client: Person, slug: string, isOver: () => boolean): Promise<Done> {
  let changes = 0;
  let questions = 0;
  while (!isOver()) {
    const name = `Name ${changes + 1}`;
    must(await client.patch(`/v1/organizations/${slug}`, { name }), 200);
    changes += 1;
    expect(must(await client.get(`/v1/organizations/${slug}`), 200).body.name).toBe(name);
    questions += 1;
  }
  return { changes, questions };
}

test(`two gateways restarted in turn ${RESTARTS} times behind a proxy that follows /readyz: no request fails, nothing is lost`, async () => {
  const proxy = await startReadyProxy();
  const running: GatewayProcess[] = [await home.start(), await home.start()];
  for (const { url } of running) proxy.add(url);
  for (const { url } of running) await proxy.untilReady(url);
  const [first] = running;
  if (first === undefined) throw new Error("no gateway");
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => (await home.person(first, `client-${index}`)).at(proxy.url)),
  );
  const slugs = await Promise.all(clients.map(async (client) => await foundOrganization(client)));
  let isOver = false;
  const working = Promise.all(
    clients.map(async (client, index) => await work(client, slugs[index] ?? "", () => isOver)),
  );
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    expect(await running[restart % 2]?.stop()).toBe(0);
    const fresh = await home.start();
    proxy.add(fresh.url);
    await proxy.untilReady(fresh.url);
    running[restart % 2] = fresh;
  }
  isOver = true;
  const done = await working;
  await eventually(async () => await expectGraphHoldsLedger(home));
  const audited = await home.sql<{ count: number }>(
    "select count(*)::int from audit_events where action = 'organization.rename'",
  );
  const changes = done.reduce((sum, client) => sum + client.changes, 0);
  expect(audited).toEqual([{ count: changes }]);
  expect(Math.min(...done.map((client) => client.questions))).toBeGreaterThan(RESTARTS);
  for (const gateway of running) await gateway.stop();
  await proxy.close();
}, 1_800_000);

test("one gateway alone: every request that it accepted is answered, the last ones with Connection: close", async () => {
  const gateway = await home.start();
  const { token } = await home.person(gateway, "alone");
  let closes = 0;
  let answers = 0;
  /** Asks on a connection for as long as it lasts, then on the next one, until nobody listens any more. */
  const lane = async (): Promise<string> => {
    for (;;) {
      const client = new Client(gateway.url, { pipelining: 1 });
      let own = 0;
      try {
        for (let isKept = true; isKept; own += 1) {
          const headers = { authorization: `Bearer ${token}` };
          const answer = await client.request({ method: "GET", path: "/v1/me/organizations", headers });
          expect([answer.statusCode, await answer.body.json()]).toMatchObject([200, { items: [] }]);
          isKept = answer.headers["connection"] !== "close";
          answers += 1;
          if (!isKept) closes += 1;
        }
      } catch (error) {
        const { code = String(error) } = error as { code?: string };
        // The kernel took the connection, the gateway no more: nobody has accepted a request on it.
        return own === 0 ? "not accepted" : code;
      } finally {
        await client.destroy();
      }
    }
  };
  const lanes = Promise.all(Array.from({ length: CLIENTS }, lane));
  await eventually(() => expect(answers).toBeGreaterThan(CLIENTS * 5));
  expect(await gateway.stop()).toBe(0);
  expect(new Set(await lanes)).toEqual(new Set(["not accepted"]));
  expect(closes).toBeGreaterThanOrEqual(CLIENTS);
});
