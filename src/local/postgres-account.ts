import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { LocalEngineError } from "./error.ts";
import { draftOf, readIfThere } from "./files.ts";
import { isSystemError } from "./process-mark.ts";
import { findOnPath, runTool, type Account, type Environment } from "./tool.ts";

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/** How to run a program of Postgres, which refuses to run as root. */
export interface PostgresRunner {
  readonly programs: PostgresPrograms;
  /** Whose the data is; undefined when our own account will do. */
  readonly account: Account | undefined;
  /** Words to put before the command. */
  readonly prefix: readonly string[];
  /** What `spawn` is to change to; nothing when the prefix does that. */
  readonly spawnAs: Account | undefined;
}

export interface RunnerOptions {
  readonly programs: PostgresPrograms;
  readonly stateDir: string;
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

const ACCOUNT_NAME = "postgres";
const TOOL_TIMEOUT_MS = 10_000;
const COPIES_IN = "/var/cache/bailiwick";

/**
 * As root, Postgres gets the account `postgres`, made when missing. A checkout under /root, as containers have it, is closed to
 * that account: then it runs copies of its programs, and keeps the one capability of root that lets it through to its data.
 * Opening the folder to everybody would be the worse way.
 */
export async function postgresRunner(options: RunnerOptions): Promise<PostgresRunner> {
  const { programs, stateDir } = options;
  const account = await postgresAccount(options);
  if (account === undefined) return { programs, account, prefix: [], spawnAs: undefined };
  const reachable = (await canReach(programs.postgres, account, options)) ? programs : copyOf(programs);
  if (await canReach(stateDir, account, options)) return { programs: reachable, account, prefix: [], spawnAs: account };
  return { programs: reachable, account, prefix: reachAnyway(account, options), spawnAs: undefined };
}

type ToolNeeds = Pick<RunnerOptions, "environment" | "signal">;

/** Whose Postgres' data is; undefined: our own. */
export async function postgresAccount(options: ToolNeeds): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return accountInPasswd() ?? (await createAccount(options));
}

function accountInPasswd(): Account | undefined {
  const line = (readIfThere("/etc/passwd") ?? "").split("\n").find((entry) => entry.startsWith(`${ACCOUNT_NAME}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

async function createAccount(options: ToolNeeds): Promise<Account> {
  const args = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", ACCOUNT_NAME];
  const result = await runTool("useradd", args, { ...options, timeoutMs: TOOL_TIMEOUT_MS });
  const account = accountInPasswd();
  if (account !== undefined) return account;
  throw unusable(`there is no account "${ACCOUNT_NAME}" and it could not be made (${result.output})`);
}

async function canReach(path: string, account: Account, options: RunnerOptions): Promise<boolean> {
  const { environment, signal } = options;
  const args = ["-c", 'test -x "$0"', path];
  return (await runTool("/bin/sh", args, { environment, signal, account, timeoutMs: TOOL_TIMEOUT_MS })).succeeded;
}

/** The capability would not do for programs: initdb looks for them with access(2), which ignores capabilities. */
function copyOf({ postgres, initdb }: PostgresPrograms): PostgresPrograms {
  const original = dirname(dirname(postgres));
  const { size, mtimeMs } = statSync(postgres);
  const version = createHash("sha256").update(`${postgres} ${size} ${mtimeMs}`).digest("hex").slice(0, 12);
  const copy = join(COPIES_IN, `postgres-${version}`);
  if (!existsSync(copy)) copyFolder(original, copy);
  return { postgres: postgres.replace(original, copy), initdb: initdb.replace(original, copy) };
}

function copyFolder(original: string, copy: string): void {
  const draft = draftOf(copy);
  mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
  cpSync(original, draft, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!isSystemError(error, "ENOTEMPTY", "EEXIST")) throw error; // Another start was faster.
  }
}

function reachAnyway({ uid, gid }: Account, { environment, stateDir }: RunnerOptions): string[] {
  const setpriv = findOnPath("setpriv", environment);
  if (setpriv === undefined) throw unusable(`the account "${ACCOUNT_NAME}" cannot reach ${stateDir}`);
  const capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return [setpriv, `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...capability, "--"];
}

function unusable(why: string): LocalEngineError {
  return new LocalEngineError(
    "ACCOUNT_UNUSABLE",
    `Postgres does not run as root, and ${why}. Start Bailiwick as another user, move it to where that account ` +
      `can read it, or set DATABASE_URL to a server of your own.`,
  );
}
