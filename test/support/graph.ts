import { expect } from "@jest/globals";
import { type Tuple, tupleKey } from "../../src/entities/tuples.ts";
import type { TestGateway } from "./gateway.ts";
import { type TestEngines, testEngines } from "./test-engines.ts";

type Openfga = TestEngines["openfga"];

/** A ledger and the store that belongs to it. */
export type Stores = Pick<TestGateway, "sql" | "storeId" | "engines">;

/** OpenFGA, the shared one if not another, as somebody with its key sees it, past the gateway. */
export async function callOpenfga(
  storeId: string,
  path: string,
  body: unknown,
  { apiUrl, presharedKey }: Openfga = testEngines().openfga,
): Promise<unknown> {
  const response = await fetch(`${apiUrl}/stores/${storeId}/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${presharedKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`OpenFGA answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** Every tuple of the store. */
export async function readStore(storeId: string, openfga?: Openfga): Promise<Tuple[]> {
  const tuples: Tuple[] = [];
  let token = "";
  do {
    const body = { page_size: 100, continuation_token: token };
    const page = (await callOpenfga(storeId, "read", body, openfga)) as {
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

/** Back to what the store held, in one Write, so that the gateway never sees it half way. */
export async function rollBack(storeId: string, backup: readonly Tuple[]): Promise<void> {
  const kept = new Set(backup.map(tupleKey));
  const now = await readStore(storeId);
  const present = new Set(now.map(tupleKey));
  await callOpenfga(storeId, "write", {
    writes: { tuple_keys: backup.filter((tuple) => !present.has(tupleKey(tuple))) },
    deletes: { tuple_keys: now.filter((tuple) => !kept.has(tupleKey(tuple))) },
  });
}

export interface TupleEvent {
  readonly tuple: Tuple;
  readonly operation: string; // TUPLE_OPERATION_WRITE or TUPLE_OPERATION_DELETE
}

/** OpenFGA's own log of what happened to organizations, oldest first. */
export async function changesOf({ storeId, engines }: Stores): Promise<TupleEvent[]> {
  const { apiUrl, presharedKey } = engines.openfga;
  const changes: TupleEvent[] = [];
  let token = "";
  for (;;) {
    const query = `page_size=100&type=organization&continuation_token=${encodeURIComponent(token)}`;
    const url = `${apiUrl}/stores/${storeId}/changes?${query}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${presharedKey}` } });
    const page = (await response.json()) as {
      changes: { tuple_key: Tuple; operation: string }[];
      continuation_token: string;
    };
    if (page.changes.length === 0) return changes;
    for (const { tuple_key, operation } of page.changes) {
      const { user, relation, object } = tuple_key;
      changes.push({ tuple: { user, relation, object }, operation });
    }
    token = page.continuation_token;
  }
}

/** The role tuple of a person in an organization, as the ledger's ids make it. */
export async function roleTupleOf({ sql }: Stores, slug: string, alias: string, role: string): Promise<Tuple> {
  const [ids] = await sql<{ pseudonym: string; id: string }>(
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
  select 'sector:' || sector_id, 'sector', 'application:' || anchor from applications
  union all
  select coalesce(s.type || ':' || s.surrogate || case r.subject_relation when '' then '' else '#' || r.subject_relation end,
    'account:' || a.pseudonym), r.relation, o.type || ':' || o.surrogate
  from entity_relations r
  join entities o on o.organization_id = r.organization_id and o.surrogate = r.object
  left join entities s on s.organization_id = r.organization_id and s.surrogate = r.subject
  left join accounts a on a.id = r.account_id
  union all
  -- of the examples' kinds those that hang under the organization
  select 'organization:' || organization_id, 'organization', type || ':' || surrogate
  from entities where is_stored and type in ('project', 'record')`;

const BOOKKEEPING = ["fence", "genesis"];

/** Ledger and graph hold the same tuples, one by one; of the fences there is one for each organization that filed something. */
export async function expectGraphEqualsLedger(gateway: TestGateway): Promise<void> {
  const organizations = await gateway.sql<{ id: string }>("select id from organizations where tuples_filed > 0");
  for (const { id } of organizations) await gateway.gateway.deps.applyTuples(id);
  await expectGraphHoldsLedger(gateway);
}

/** The same, without asking any relay to go on; and the relays know it. */
export async function expectGraphHoldsLedger({ sql, storeId, engines }: Stores): Promise<void> {
  const organizations = await sql<{ id: string; filed: string; applied: string }>(
    `select o.id, o.tuples_filed as filed, g.applied
     from organizations o join graph_positions g on g.organization_id = o.id where o.tuples_filed > 0`,
  );
  expect(organizations.map(({ applied }) => applied)).toEqual(organizations.map(({ filed }) => filed));
  expect(await sql("select from outbox")).toEqual([]);
  const ledger = await sql<Tuple>(LEDGER_TUPLES);
  const graph = await readStore(storeId, engines.openfga);
  const text = (tuple: Tuple): string => `${tuple.object}#${tuple.relation}@${tuple.user}`;
  const edges = graph.filter((tuple) => !BOOKKEEPING.includes(tuple.relation));
  expect(edges.map(text).sort()).toEqual(ledger.map(text).sort());
  const fences = graph.filter((tuple) => tuple.relation === "fence").map(text);
  expect(fences.sort()).toEqual(organizations.map(({ id, filed }) => `organization:${id}#fence@fence:${filed}`).sort());
}
