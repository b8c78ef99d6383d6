/** S0.19, over every route: whatever leaves the gateway, whoever asks and whatever comes of it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ROUTES } from "../../src/http/registry.ts";
import { draw, platforms, send } from "../http/drawn-requests.ts";
import { type CallerRoute, goodRequest } from "../http/route-samples.ts";
import { type Cast, makeCast, makeSituation, type Situation } from "../http/situations.ts";
import { DOCUMENTS } from "../support/documents.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { chanceOf, takeSeed } from "../support/seed.ts";
import { must, type WithKeys } from "../support/world.ts";

const SITUATIONS = process.env["BAILIWICK_FULL"] === "1" ? 60 : 3;
const OF_CALLERS = ROUTES.filter((route): route is CallerRoute => route.access === "caller");
const CHANGING = OF_CALLERS.filter((route) => route.dialect !== "authzen" && route.method !== "get");
const ASKING = OF_CALLERS.filter((route) => !CHANGING.includes(route));

let gateway: TestGateway;
let cast: Cast;
const logged: string[] = [];
const answered: string[] = [];
const original = globalThis.fetch;

beforeAll(async () => {
  globalThis.fetch = async (...args) => {
    const response = await original(...args);
    const headers = JSON.stringify([...response.headers]);
    answered.push(`${headers}\n${await response.clone().text()}`);
    return response;
  };
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS], logged: (line) => logged.push(line) });
  cast = await makeCast(gateway);
});
afterAll(async () => {
  globalThis.fetch = original;
  await gateway.close();
});

/** Everybody there ever was: an erased account's row is gone, and its id must have been nowhere either. */
const ids = { accounts: new Set<string>(), pseudonyms: new Set<string>() };
async function remember(): Promise<void> {
  for (const row of await gateway.sql<{ id: string; pseudonym: string }>("select id, pseudonym from accounts")) {
    ids.accounts.add(row.id);
    ids.pseudonyms.add(row.pseudonym);
  }
}

/** Every route that asks, of the things of this situation, as somebody who mostly may. */
async function askEverything(situation: Situation): Promise<void> {
  const client = await gateway.sql<{ id: string }>("select id from clients order by id limit 1");
  const method = await gateway.sql<{ id: string }>("select id from sign_in_methods where subject = 'founder'");
  const connector = await gateway.sql<{ id: string }>(
    "select n.id from connectors n join organizations o on o.id = n.organization_id where o.slug = $1",
    [situation.slug],
  );
  const { applications, sectors } = await platforms(gateway);
  const keys = await gateway.sql<{ anchor: string; kid: string }>("select anchor, kid from signing_keys");
  const keysIn = (anchor?: string): WithKeys => ({
    signingKey: keys.find((key) => key.anchor === anchor)?.kid ?? `key-${"0".repeat(20)}`,
    clientKey: `cak-${"0".repeat(20)}`,
  });
  const world = {
    slug: situation.slug,
    anchor: situation.applications[0] ?? `app-${"0".repeat(20)}`,
    sector: situation.sectors[0] ?? `sec-${"0".repeat(20)}`,
    connector: connector[0]?.id ?? `con-${"0".repeat(20)}`,
    invitation: situation.invitations[0] ?? `inv-${"0".repeat(20)}`,
    transfer: situation.transfers[0] ?? `tra-${"0".repeat(20)}`,
    client: client[0]?.id ?? "",
    domain: situation.domains[0] ?? "nowhere.example.com",
    signInMethod: method[0]?.id ?? "",
    proof: cast.stranger.token,
    platform: {
      ...{ anchor: applications[0] ?? `app-${"0".repeat(20)}`, sector: sectors[0] ?? `sec-${"0".repeat(20)}` },
      ...keysIn(applications[0]),
    },
    ...keysIn(situation.applications[0]),
    member: cast.people.admin,
    alice: cast.founder,
    shop: gateway.shop,
    operator: cast.operator,
    entity: { type: "group", id: situation.entities[0] ?? "nothing" },
    keeper: situation.keeper,
  };
  for (const route of ASKING) {
    const { by, path, body, headers } = goodRequest(route, world);
    await (route.method === "get" ? by.get(path) : by.post(path, body, headers));
  }
}

/** What OpenFGA holds, and all that it ever held. */
async function graph(): Promise<string> {
  const { apiUrl, presharedKey } = gateway.engines.openfga;
  const headers = { authorization: `Bearer ${presharedKey}`, "content-type": "application/json" };
  const parts: string[] = [];
  let token = "";
  do {
    const query = `page_size=100&continuation_token=${encodeURIComponent(token)}`;
    const response = await original(`${apiUrl}/stores/${gateway.storeId}/changes?${query}`, { headers });
    const page = (await response.json()) as { changes: unknown[]; continuation_token: string };
    parts.push(JSON.stringify(page.changes));
    token = page.changes.length === 0 ? "" : page.continuation_token;
  } while (token !== "");
  return parts.join("\n");
}

function found(needles: ReadonlySet<string>, texts: readonly string[]): string[] {
  const all = texts.join("\n");
  return [...needles].filter((needle) => all.includes(needle));
}

test("S0.19 a raw account id is in no answer, log line, metric or tuple, after a journey over every route", async () => {
  const chance = chanceOf(takeSeed("account-ids"));
  for (let round = 0; round < SITUATIONS; round += 1) {
    const situation = await makeSituation(gateway, cast, chance);
    await remember();
    await askEverything(situation);
    for (const route of CHANGING) await send(await draw(gateway, route, situation, chance), "");
    await remember();
    await askEverything(situation);
  }
  const metrics = must(await gateway.shop.get("/metrics"), 200).text;
  const tuples = await graph();
  expect(ids.accounts.size).toBeGreaterThanOrEqual(10);
  expect(found(ids.accounts, [...answered, ...logged, metrics, tuples])).toEqual([]);
  // Tuples name people by pseudonyms, and nothing else does.
  expect(found(ids.pseudonyms, [...answered, ...logged, metrics])).toEqual([]);
  expect(found(ids.pseudonyms, [tuples]).length).toBeGreaterThan(5);
  // Who is looked for would be found: aliases are in answers, and in no line of the log.
  const aliases = new Set([cast.founder.alias, cast.people.admin.alias, cast.people.viewer.alias]);
  expect(found(aliases, answered)).toHaveLength(3);
  const lines = logged.map((line) => line.replaceAll(/"route":"[^"]*"/g, ""));
  expect(lines.length).toBeGreaterThan(SITUATIONS * CHANGING.length);
  expect(lines.filter((line) => line.includes(cast.founder.alias))).toEqual([]);
}, 600_000);
