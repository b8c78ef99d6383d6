import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { startLocalEngines, type LocalEngines } from "../../src/local/engines.ts";
import { tryLock } from "../../src/local/lock.ts";
import { thisProcess } from "../../src/local/process-mark.ts";
import { writeBundle } from "../../src/policy/bundle.ts";

/** The engines that all test files of one run share. */
const testEnginesSchema = z.object({
  /** The superuser's, of the database `bailiwick`; a test file makes a database of its own beside it. */
  databaseUrl: z.string(),
  openfga: z.object({ apiUrl: z.string(), presharedKey: z.string() }),
  cerbosTarget: z.string(),
  masterSecret: z.string(),
});
export type TestEngines = z.infer<typeof testEnginesSchema>;

const VARIABLE = "BAILIWICK_TEST_ENGINES";
const PREFIX = "bailiwick-test-";
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
  process.env[VARIABLE] = JSON.stringify(testEnginesSchema.parse(shared.engines));
}

export async function stopSharedEngines(): Promise<void> {
  await shared.engines?.stop();
  if (shared.stateDir !== undefined) rmSync(shared.stateDir, { recursive: true, force: true });
}

async function policyDir(stateDir: string): Promise<string> {
  const policies = resolve(import.meta.dirname, "../../policies");
  const folder = join(stateDir, "policies");
  if (existsSync(policies)) await writeBundle(folder, policies, []);
  else mkdirSync(folder);
  return folder;
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
