import { expect } from "@jest/globals";
import type { Tuple } from "../../src/entities/tuples.ts";
import type { TestGateway } from "./gateway.ts";
import { testEngines } from "./test-engines.ts";

/** OpenFGA as somebody with its key sees it, past the gateway. */
export async function callOpenfga(storeId: string, path: string, body: unknown): Promise<unknown> {
  const { apiUrl, presharedKey } = testEngines().openfga;
  const response = await fetch(`${apiUrl}/stores/${storeId}/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${presharedKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`OpenFGA answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** Every tuple of the store. */
export async function readStore(storeId: string): Promise<Tuple[]> {
  const tuples: Tuple[] = [];
  let token = "";
  do {
    const page = (await callOpenfga(storeId, "read", { page_size: 100, continuation_token: token })) as {
      tuples: { key: Tuple }[];
      continuation_token: string;
    };
    tuples.push(...page.tuples.map(({ key }) => ({ user: key.user, relation: key.relation, object: key.object })));
    token = page.continuation_token;
  } while (token !== "");
  return tuples;
}

export async function writeByHand(storeId: string, tuple: Tuple): Promise<void> {
  await callOpenfga(storeId, "write", { writes: { tuple_keys: [tuple] } });
}

export async function deleteByHand(storeId: string, ...tuples: readonly Tuple[]): Promise<void> {
  for (let from = 0; from < tuples.length; from += 100) {
    await callOpenfga(storeId, "write", { deletes: { tuple_keys: tuples.slice(from, from + 100) } });
  }
}

/** The role tuple of a person in an organization, as the ledger's ids make it. */
export async function roleTupleOf(gateway: TestGateway, slug: string, alias: string, role: string): Promise<Tuple> {
  const [ids] = await gateway.sql<{ pseudonym: string; id: string }>(
    "select a.pseudonym, o.id from accounts a, organizations o where a.alias = $1 and o.slug = $2",
    [alias, slug],
  );
  if (ids === undefined) throw new Error(`there is no ${alias} or no ${slug}`);
  return { user: `account:${ids.pseudonym}`, relation: role, object: `organization:${ids.id}` };
}

const LEDGER_TUPLES = `
  select 'account:' || a.pseudonym as "user", m.role as relation, 'organization:' || m.organization_id as object
  from memberships m join accounts a on a.id = m.account_id
  union all
  select 'organization:' || organization_id, 'organization', 'sector:' || id from sectors
  union all
  select 'organization:' || organization_id, 'organization', 'application:' || anchor from applications
  union all
  select 'sector:' || sector_id, 'sector', 'application:' || anchor from applications`;

const BOOKKEEPING = ["fence", "genesis"];

/** Ledger and graph hold the same tuples, one by one; of the fences there is one for each organization that filed something. */
export async function expectGraphEqualsLedger(gateway: TestGateway): Promise<void> {
  const organizations = await gateway.sql<{ id: string; filed: string }>(
    "select id, tuples_filed as filed from organizations where tuples_filed > 0",
  );
  for (const { id } of organizations) await gateway.gateway.deps.applyTuples(id);
  const ledger = await gateway.sql<Tuple>(LEDGER_TUPLES);
  const graph = await readStore(gateway.storeId);
  const text = (tuple: Tuple): string => `${tuple.object}#${tuple.relation}@${tuple.user}`;
  const edges = graph.filter((tuple) => !BOOKKEEPING.includes(tuple.relation));
  expect(edges.map(text).sort()).toEqual(ledger.map(text).sort());
  const fences = graph.filter((tuple) => tuple.relation === "fence").map(text);
  expect(fences.sort()).toEqual(organizations.map(({ id, filed }) => `organization:${id}#fence@fence:${filed}`).sort());
}
