import { randomBytes } from "node:crypto";
import path from "node:path";
import { buildModel, type Graph, openGraph, prepareStore, readModules } from "../../src/engines/openfga.ts";
import type { StoreOptions } from "../../src/engines/openfga-model.ts";
import { applicationTuples, roleTuple, sectorTuple, type TupleChange } from "../../src/entities/tuples.ts";
import { createRelay, type Relay, type RelayOptions } from "../../src/relay/relay.ts";
import { type Database, openDatabase } from "../../src/stores/database.ts";
import { fileTuples } from "../../src/stores/outbox.ts";
import { inOrganization } from "../../src/stores/scope.ts";
import { makeLedger, openPool } from "./engines.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { testEngines } from "./test-engines.ts";

export const POLICIES = path.resolve(import.meta.dirname, "../../policies/openfga");
/** What tests give OpenFGA before they give up. */
export const SHORT_MS = 250;

export interface TestRelay {
  readonly relay: Relay;
  /** What it logged, and for which organizations it asked for a comparison. */
  readonly events: string[];
  readonly lost: string[];
}

/** A ledger and a store of a test file's own, with a network between them that can be broken. */
export interface RelayWorld {
  readonly app: Database;
  readonly relayDatabase: Database;
  /** Through the proxy. */
  readonly graph: Graph;
  readonly proxy: TcpProxy;
  readonly storeId: string;
  /** Every relay's and reconciler's clock; moved by tests. */
  readonly clock: () => Date;
  advance(ms: number): void;
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  makeRelay(options?: Partial<RelayOptions>): TestRelay;
  /** Closes the relays that a test has made, and undoes what it did to the network. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** For a store of its own with Bailiwick's own model. */
export async function storeOptions(given: Partial<StoreOptions> = {}): Promise<StoreOptions> {
  const model = given.model ?? buildModel(await readModules([POLICIES]));
  const storeName = newName("store");
  return { ...testEngines().openfga, storeId: null, modelId: null, storeName, model, timeoutMs: 5_000, ...given };
}

export async function makeRelayWorld(): Promise<RelayWorld> {
  const { apiUrl, presharedKey } = testEngines().openfga;
  const database = await makeLedger();
  const store = await prepareStore(await storeOptions());
  const proxy = await startTcpProxy(apiUrl);
  const graph = openGraph({ apiUrl: proxy.url, presharedKey, ...store, connections: 8 });
  const open = (role: "bailiwick_app" | "bailiwick_relay"): Database =>
    openDatabase({ url: database.url, role, connections: 6, statementTimeoutMs: 5_000, lockTimeoutMs: 2_000 });
  const app = open("bailiwick_app");
  const relayDatabase = open("bailiwick_relay");
  const pool = openPool(database.url, 3);
  const relays: Relay[] = [];
  let aheadMs = 0;
  const clock = (): Date => new Date(Date.now() + aheadMs);
  const reset = async (): Promise<void> => {
    proxy.pass();
    proxy.mend();
    await Promise.all(relays.splice(0).map(async (relay) => await relay.close()));
  };
  return {
    app,
    relayDatabase,
    graph,
    proxy,
    storeId: store.storeId,
    clock,
    advance: (ms) => {
      aheadMs += ms;
    },
    sql: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    makeRelay: (options = {}) => {
      const made = makeRelay({ database: relayDatabase, graph, clock, ...options });
      relays.push(made.relay);
      return made;
    },
    reset,
    close: async () => {
      await reset();
      await Promise.all([graph.close(), proxy.close(), app.close(), relayDatabase.close(), pool.end()]);
      await database.drop();
    },
  };
}

function makeRelay(options: Partial<RelayOptions> & Pick<RelayOptions, "database" | "graph" | "clock">): TestRelay {
  const events: string[] = [];
  const lost: string[] = [];
  const relay = createRelay({
    owner: newName("rel"),
    jitter: () => 0.5,
    log: (_level, event) => events.push(event),
    requestReconcile: (organization) => lost.push(organization),
    writeTimeoutMs: SHORT_MS,
    readTimeoutMs: SHORT_MS * 4,
    pollMs: 10,
    patienceMs: 500,
    ...options,
  });
  return { relay, events, lost };
}

export function newName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

export interface Member {
  readonly account: string;
  readonly pseudonym: string;
}

/** An organization with an owner, as the superuser writes it, and the owner's tuple in the outbox. */
export async function found(world: RelayWorld): Promise<{ id: string; owner: Member }> {
  const id = newName("org");
  const owner = await makeAccount(world);
  await world.sql(
    `with o as (
       insert into organizations (id, slug, name, state, created_at, updated_at) values ($1, $1, 'O', 'active', now(), now())
     ), g as (
       insert into graph_positions (organization_id) values ($1)
     )
     insert into memberships (organization_id, account_id, role, created_at, updated_at) values ($1, $2, 'owner', now(), now())`,
    [id, owner.account],
  );
  await file(world, id, { writes: [roleTuple(id, "owner", owner.pseudonym)], deletes: [] });
  return { id, owner };
}

async function makeAccount(world: RelayWorld): Promise<Member> {
  const member = { account: newName("acc"), pseudonym: newName("p") };
  await world.sql(
    `insert into accounts (id, alias, pseudonym, created_at, updated_at) values ($1, $1, $2, now(), now())`,
    [member.account, member.pseudonym],
  );
  return member;
}

/** What every change does last: raises the version and files its tuples, under the organization's lock. */
export async function file(world: RelayWorld, organization: string, change: TupleChange): Promise<void> {
  await inOrganization(world.app, organization, async (tx) => {
    const [row] = await tx.query<{ version: number }>({
      name: "test_version",
      text: "update organizations set version = version + 1 where id = $1 returning version::int",
      values: [organization],
    });
    await fileTuples(tx, { organization, version: row?.version ?? 0, change, now: new Date() });
  });
}

export async function grant(world: RelayWorld, organization: string, role: string): Promise<Member> {
  const member = await makeAccount(world);
  await world.sql(
    `insert into memberships (organization_id, account_id, role, created_at, updated_at) values ($1, $2, $3, now(), now())`,
    [organization, member.account, role],
  );
  await file(world, organization, { writes: [roleTuple(organization, role, member.pseudonym)], deletes: [] });
  return member;
}

export async function revoke(world: RelayWorld, organization: string, role: string, member: Member): Promise<void> {
  await world.sql("delete from memberships where organization_id = $1 and account_id = $2", [
    organization,
    member.account,
  ]);
  await file(world, organization, { writes: [], deletes: [roleTuple(organization, role, member.pseudonym)] });
}

export async function addSector(world: RelayWorld, organization: string): Promise<string> {
  const id = newName("sec");
  await world.sql(
    `insert into sectors (id, organization_id, name, state, created_at, updated_at) values ($1, $2, 'S', 'enabled', now(), now())`,
    [id, organization],
  );
  await file(world, organization, { writes: [sectorTuple(organization, id)], deletes: [] });
  return id;
}

export async function addApplication(world: RelayWorld, organization: string, sector: string): Promise<string> {
  const anchor = newName("app");
  await world.sql(
    `insert into applications (anchor, organization_id, sector_id, name, kind, state, created_at, updated_at)
     values ($1, $2, $3, 'A', 'web', 'enabled', now(), now())`,
    [anchor, organization, sector],
  );
  await file(world, organization, { writes: applicationTuples(organization, sector, anchor), deletes: [] });
  return anchor;
}
