import { expect } from "@jest/globals";
import { fenceTuple, genesisTuple } from "../../src/entities/fence.ts";
import { type Tuple, tupleKey } from "../../src/entities/tuples.ts";
import { deleteByHand, readStore } from "./graph.ts";
import type { RelayWorld } from "./relay-world.ts";
import { testEngines } from "./test-engines.ts";

export interface PositionRow {
  readonly applied: number;
  readonly filed: number;
  readonly epoch: number;
  readonly attempts: number;
  readonly stopped: string | null;
  readonly rows: number;
  readonly version: number;
}

export async function positionOf(world: RelayWorld, organization: string): Promise<PositionRow> {
  const [row] = await world.sql<PositionRow>(
    `select g.applied::int, o.tuples_filed::int as filed, g.epoch, g.attempts, g.stopped, o.version::int,
       (select count(*)::int from outbox where organization_id = $1) as rows
     from organizations o join graph_positions g on g.organization_id = o.id where o.id = $1`,
    [organization],
  );
  if (row === undefined) throw new Error(`no organization ${organization}`);
  return row;
}

/** Every tuple of the store that names the organization or a sector or application of it, as text. */
export async function graphOf(world: RelayWorld, organization: string): Promise<string[]> {
  return (await tuplesOf(world, organization)).map(tupleKey).sort();
}

export async function tuplesOf(world: RelayWorld, organization: string): Promise<Tuple[]> {
  const rows = await world.sql<{ name: string }>(
    `select 'sector:' || id as name from sectors where organization_id = $1
     union all select 'application:' || anchor from applications where organization_id = $1
     union all select 'organization:' || $1`,
    [organization],
  );
  const names = new Set(rows.map(({ name }) => name));
  return (await readStore(world.storeId)).filter((tuple) => names.has(tuple.user) || names.has(tuple.object));
}

/** The graph holds what the ledger says, tuple by tuple, and the bookkeeping of a relay that has applied everything. */
export async function expectGraphIsLedger(world: RelayWorld, organization: string): Promise<void> {
  const tuples = await world.sql<Tuple>(
    `select 'account:' || a.pseudonym as "user", m.role as relation, 'organization:' || m.organization_id as object
     from memberships m join accounts a on a.id = m.account_id where m.organization_id = $1
     union all select 'organization:' || $1, 'organization', 'sector:' || id from sectors where organization_id = $1
     union all select 'organization:' || $1, 'organization', 'application:' || anchor from applications where organization_id = $1
     union all select 'sector:' || sector_id, 'sector', 'application:' || anchor from applications where organization_id = $1`,
    [organization],
  );
  const { applied, filed, epoch, rows } = await positionOf(world, organization);
  const epochs = Array.from({ length: epoch + 1 }, (_, index) => genesisTuple(organization, index));
  const expected = [...tuples, ...epochs, fenceTuple(organization, applied)].map(tupleKey).sort();
  expect({ applied, rows, graph: await graphOf(world, organization) }).toEqual({
    applied: filed,
    rows: 0,
    graph: expected,
  });
}

/** As if OpenFGA had lost everything about the organization. */
export async function wipe(world: RelayWorld, organization: string): Promise<void> {
  await deleteByHand(world.storeId, ...(await tuplesOf(world, organization)));
}

interface Change {
  readonly tuple: Tuple;
  readonly operation: string;
}

/** OpenFGA's own changelog of one organization's tuples, oldest first. */
export async function changesOf(world: RelayWorld, id: string): Promise<Change[]> {
  const { apiUrl, presharedKey } = testEngines().openfga;
  const changes: Change[] = [];
  let token = "";
  for (;;) {
    const query = `page_size=100&type=organization&continuation_token=${encodeURIComponent(token)}`;
    const url = `${apiUrl}/stores/${world.storeId}/changes?${query}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${presharedKey}` } });
    const page = (await response.json()) as {
      changes: { tuple_key: Tuple; operation: string }[];
      continuation_token: string;
    };
    if (page.changes.length === 0) return changes.filter(({ tuple }) => tuple.object === `organization:${id}`);
    changes.push(...page.changes.map(({ tuple_key, operation }) => ({ tuple: tuple_key, operation })));
    token = page.continuation_token;
  }
}

export async function writtenFences(world: RelayWorld, id: string): Promise<string[]> {
  const changes = await changesOf(world, id);
  return changes
    .filter(({ tuple, operation }) => tuple.relation === "fence" && operation === "TUPLE_OPERATION_WRITE")
    .map(({ tuple }) => tuple.user);
}
