import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import * as z from "zod";
import { startLocalEngines, type LocalEngines } from "../../src/local/engines.ts";
import { loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { tryLock } from "../../src/local/lock.ts";
import { thisProcess } from "../../src/local/process-mark.ts";
import { readHostPolicies } from "../../src/policy/host-kinds.ts";
import { writeServedSet } from "../../src/policy/policy-set.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { DOCUMENTS, POLICIES, RECORDS, TICKETS } from "./host-folder.ts";

/** The engines that all test files of one run share. */
const testEnginesSchema = z.object({
  /** The superuser's, of the database `bailiwick`; a test file makes a database of its own beside it. */
  databaseUrl: z.string(),
  openfga: z.object({ apiUrl: z.string(), presharedKey: z.string() }),
  cerbosTarget: z.string(),
  /** Cerbos that serve a host's folder beside the built-in policies, by the folder. */
  hostCerbos: z.record(z.string(), z.string()).default({}),
  masterSecret: z.string(),
});
export type TestEngines = z.infer<typeof testEnginesSchema>;

/** A database as a gateway's first start makes it; nobody is connected to it. */
export const MIGRATED = "bailiwick_migrated";
const ISSUER_FILE = "issuer.json";

const VARIABLE = "BAILIWICK_TEST_ENGINES";
const PREFIX = "bailiwick-test-";
const KEY = "BAILIWICK_TEST_ISSUER";
const ABANDONED_AFTER_MS = 60 * 60_000;

/** What the global setup has started; for test files, in whatever worker. */
export function testEngines(): TestEngines {
  return testEnginesSchema.parse(JSON.parse(process.env[VARIABLE] ?? "null"));
}

const COMPILED = "NODE_COMPILE_CACHE";

/** For the environment of Node's processes: what the first of a run has compiled, the others do not compile again. */
export function compiledOnce(): Readonly<Record<string, string>> {
  const folder = process.env[COMPILED];
  return folder === undefined ? {} : { [COMPILED]: folder };
}

const shared: { engines?: LocalEngines; stateDir?: string } = {};

export async function startSharedEngines(): Promise<void> {
  removeAbandoned();
  const stateDir = mkdtempSync(join(tmpdir(), PREFIX));
  shared.stateDir = stateDir;
  process.env[COMPILED] ??= join(stateDir, "compiled");
  shared.engines = await startLocalEngines({
    stateDir,
    policyDir: await policyDir(stateDir),
    need: { postgres: true, openfga: true, cerbos: true },
    durable: false,
    environment: process.env,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const [hostCerbos] = await Promise.all([hostTargets(stateDir, shared.engines), migratedOnce(shared.engines)]);
  await loadDevelopmentIssuer(stateDir);
  process.env[KEY] = readFileSync(join(stateDir, ISSUER_FILE), "utf8");
  process.env[VARIABLE] = JSON.stringify(testEnginesSchema.parse({ ...shared.engines, hostCerbos }));
}

/** Before a gateway's first start: its key is the one of this run, which need not be made. */
export function giveIssuer(stateDir: string): void {
  const key = process.env[KEY];
  if (key !== undefined) writeFileSync(join(stateDir, ISSUER_FILE), key, { mode: 0o600 });
}

async function hostTargets(stateDir: string, { judges }: LocalEngines): Promise<Record<string, string>> {
  const targets: Record<string, string> = {};
  for (const folder of [DOCUMENTS, RECORDS, TICKETS].filter((each) => existsSync(each))) {
    const bundle = mkdtempSync(join(stateDir, "bundle-"));
    const { files } = await readHostPolicies(POLICIES, [folder]);
    await writeServedSet(bundle, { policiesDir: POLICIES, files, unit: await policyUnit(POLICIES, [folder]) });
    targets[folder] = (await judges?.start(bundle)) ?? ""; // one after the other: a state directory has one configuration
  }
  return targets;
}

async function migratedOnce({ databaseUrl = "" }: LocalEngines): Promise<void> {
  await asSuperuser(databaseUrl, `create database ${MIGRATED}`);
  await migrate(new URL(`/${MIGRATED}`, databaseUrl).href, (line) => process.stderr.write(`${line}\n`));
}

export async function stopSharedEngines(): Promise<void> {
  await shared.engines?.stop();
  if (shared.stateDir !== undefined) rmSync(shared.stateDir, { recursive: true, force: true });
}

async function policyDir(stateDir: string): Promise<string> {
  const folder = join(stateDir, "policies");
  mkdirSync(folder);
  if (existsSync(POLICIES)) await writeBuiltIn(folder);
  return folder;
}

/** What a bundle of the built-in policies is, unchecked: a run of the tests begins with it, and checks them besides. */
export async function writeBuiltIn(folder: string): Promise<void> {
  await writeServedSet(folder, { policiesDir: POLICIES, files: [], unit: await policyUnit(POLICIES) });
}

export async function asSuperuser(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A run that was killed stops its engines, but nobody is left to remove their data. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    if (isAbandoned(path) && tryLock(join(path, "lock"), thisProcess()).taken)
      rmSync(path, { recursive: true, force: true });
  }
}

function isAbandoned(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  const isOurs = stats !== undefined && stats.uid === process.getuid?.();
  return isOurs && Date.now() - stats.mtimeMs > ABANDONED_AFTER_MS;
}
