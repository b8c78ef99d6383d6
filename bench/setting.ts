import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { type LocalEngines, startLocalEngines } from "../src/local/engines.ts";
import { type DevelopmentIssuer, loadDevelopmentIssuer } from "../src/local/issuer.ts";
import { writeBundle } from "../src/policy/bundle.ts";
import { waitUntil } from "../src/local/process-mark.ts";
import { cpuBetween, type CpuTimes, cpuTimes } from "./cpu.ts";
import type { Exchange } from "./exchange.ts";
import { CONNECTIONS, measure } from "./load.ts";
import type { NaiveOrder } from "./naive.ts";
import { ROOT, type RunningGateway, startGateway, startHelper } from "./processes.ts";
import type { Round } from "./results.ts";
import { fillWorld, type World } from "./world.ts";

/** Where it is measured: engines that wait for the disk as in production, and gateway and naive in processes of their own. */
export interface Setting {
  readonly world: World;
  readonly gatewayUrl: string;
  readonly naiveUrl: string;
  /** CPU time so far, ours by process and the machine's. */
  cpu(): CpuTimes;
  /** Puts the load on one of the two. */
  measure(origin: string, lanes: readonly (readonly Exchange[])[], seconds: number): Promise<Round>;
  /** One statement, as the superuser of the bench's own Postgres: what would take too long over REST. */
  sql(text: string, values: readonly unknown[]): Promise<void>;
  /** The ledger's Postgres and OpenFGA's learn what has been filled in, as they do by themselves within a minute or two. */
  vacuum(): Promise<void>;
  /** Resolves when everything filed is in OpenFGA. Throws when that takes too long. */
  untilApplied(): Promise<void>;
  stop(): Promise<void>;
}

const APPLIED_WITHIN_MS = 60_000;
const UNLIMITED = "100000000";
const POLICIES = path.join(ROOT, "policies");
const HOST_POLICIES = ["examples/document-tree/policies", "bench/policies"].map((folder) => path.join(ROOT, folder));

export async function prepareSetting(profile: string | undefined, report: (line: string) => void): Promise<Setting> {
  const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-bench-"));
  const closers: (() => Promise<unknown>)[] = [async () => await rm(stateDir, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const policyDir = path.join(stateDir, "policies");
    await writeBundle(policyDir, POLICIES, HOST_POLICIES);
    const engines = await startEngines(stateDir, policyDir, report);
    closers.push(async () => await engines.stop());
    const gateway = await startGatewayOn(engines, stateDir, profile);
    closers.push(async () => await gateway.stop());
    const issuer = await loadDevelopmentIssuer(stateDir);
    report("Filling in organizations over REST");
    const world = await fillWorld(gateway.url, issuer, CONNECTIONS);
    const naive = await startHelper<string>("naive.ts", naiveOrder(engines, issuer));
    closers.push(async () => await naive.stop());
    const pids = { ...pidsOf(engines), gateway: gateway.pid, naive: naive.pid };
    return {
      world,
      gatewayUrl: gateway.url,
      naiveUrl: naive.result,
      cpu: () => cpuTimes({ ...pids, bench: process.pid }),
      measure: measureWith(pids),
      sql: async (text, values) => await run(given(engines.databaseUrl), text, values),
      vacuum: async () => await vacuumAll(given(engines.databaseUrl)),
      untilApplied: async () => await untilApplied(given(engines.databaseUrl)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEngines(
  stateDir: string,
  policyDir: string,
  report: (line: string) => void,
): Promise<LocalEngines> {
  return await startLocalEngines({
    stateDir,
    policyDir,
    need: { postgres: true, openfga: true, cerbos: true },
    durable: true,
    environment: process.env,
    report,
  });
}

async function startGatewayOn(
  engines: LocalEngines,
  stateDir: string,
  profile: string | undefined,
): Promise<RunningGateway> {
  const node = [process.execPath, ...(profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`])];
  return await startGateway([...node, path.join(ROOT, "src/main.ts")], {
    STATE_DIR: stateDir,
    DATABASE_URL: engines.databaseUrl,
    OPENFGA_API_URL: engines.openfga?.apiUrl,
    OPENFGA_PRESHARED_KEY: engines.openfga?.presharedKey,
    CERBOS_TARGET: engines.cerbosTarget,
    HOST_POLICIES: HOST_POLICIES.join(","),
    RATE_CALLER_QUESTIONS: UNLIMITED, // counted all the same
    RATE_ORGANIZATION_QUESTIONS: UNLIMITED,
    RATE_CALLER_CHANGES: "0", // what is measured is what it can, not what it may
    RATE_ORGANIZATION_CHANGES: "0",
  });
}

function naiveOrder(engines: LocalEngines, { issuer, audience, publicJwks }: DevelopmentIssuer): NaiveOrder {
  return {
    databaseUrl: given(engines.databaseUrl),
    openfga: given(engines.openfga),
    cerbosTarget: given(engines.cerbosTarget),
    issuer: { issuer, audience, publicJwks },
    policiesDir: POLICIES,
  };
}

function pidsOf({ pids: { postgres, openfga, cerbos } }: LocalEngines): Record<string, number | undefined> {
  return { postgres, openfga, cerbos };
}

function measureWith(pids: Readonly<Record<string, number | undefined>>): Setting["measure"] {
  return async (origin, lanes, seconds) => {
    const before = cpuTimes(pids);
    const measured = await measure({ origin, lanes, seconds });
    return { measured, cpu: { ...cpuBetween(before, cpuTimes(pids)), generator: measured.cpuMs } };
  };
}

async function run(databaseUrl: string, text: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(text, [...values]);
  } finally {
    await client.end();
  }
}

async function vacuumAll(databaseUrl: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const { rows } = await client.query<{ name: string }>("select datname as name from pg_database where datallowconn");
  await client.end();
  for (const { name } of rows) {
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    await run(url.href, "vacuum (analyze)", []);
  }
}

async function untilApplied(databaseUrl: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const isApplied = async (): Promise<boolean> => {
      const { rows } = await client.query<{ waiting: number }>(
        `select count(*)::int as waiting
         from organizations o
         join graph_positions g on g.organization_id = o.id
         where g.applied < o.tuples_filed`,
      );
      return rows[0]?.waiting === 0;
    };
    if (!(await waitUntil(isApplied, { timeoutMs: APPLIED_WITHIN_MS }))) throw new Error("tuples do not reach OpenFGA");
  } finally {
    await client.end();
  }
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an engine was not started");
  return value;
}
