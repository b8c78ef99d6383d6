import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { PARTS, writeManifest, type Manifest } from "./backup-manifest.ts";
import { copyListed, list, syncFolder, withPlainErrors } from "./copy.ts";
import { LocalEngineError } from "./error.ts";
import { draftOf, prepareStateDir, readIfThere } from "./files.ts";
import { startPostgres } from "./postgres.ts";
import { thisProcess } from "./process-mark.ts";
import { secretsOf } from "./secrets.ts";
import { holdStateDir, type HeldStateDir } from "./state-dir.ts";
import type { Environment } from "./tool.ts";

export interface CopyOptions {
  readonly stateDir: string;
  /** The folder of the copy. */
  readonly folder: string;
  readonly environment: Environment;
  readonly report: (line: string) => void;
  /** Gives it up; what was begun is removed. */
  readonly signal: AbortSignal;
}

/** A stopped server's own notes of its process. */
const OF_A_PROCESS = ["postgres/postmaster.pid", "postgres/postmaster.opts"];

/**
 * Copies the embedded ledger, while nobody uses it, into a new folder, which appears whole or not at all. OpenFGA's tables live in
 * the same Postgres and come along. Throws BACKUP_REFUSED, STATE_DIRECTORY_IN_USE.
 */
export async function backUp(options: CopyOptions): Promise<Manifest> {
  const folder = resolve(options.folder);
  if (!existsSync(join(options.stateDir, "postgres", "PG_VERSION"))) {
    throw refused(`there is no ledger in ${options.stateDir}: nothing to copy`);
  }
  const stateDir = prepareStateDir(options.stateDir);
  refuseFolder(folder, stateDir);
  const held = await holdStateDir({ ...options, stateDir, gateway: thisProcess() });
  const draft = draftOf(folder);
  try {
    await closeCleanly({ ...options, stateDir }, held);
    return await withPlainErrors(async () => {
      mkdirSync(draft, { recursive: true, mode: 0o700 });
      const manifest = await copy(stateDir, draft, options.signal);
      renameSync(draft, folder); // takes the place of an empty one
      await syncFolder(dirname(folder));
      return manifest;
    });
  } finally {
    rmSync(draft, { recursive: true, force: true, maxRetries: 5 });
    held.release();
  }
}

async function copy(stateDir: string, draft: string, signal: AbortSignal): Promise<Manifest> {
  const listing = await list(stateDir, PARTS, OF_A_PROCESS);
  const files = await copyListed({ from: stateDir, to: draft, signal }, listing);
  const postgres = Number(readIfThere(join(draft, "postgres", "PG_VERSION")));
  const manifest = { postgres, madeAt: new Date().toISOString(), folders: [...listing.folders], files };
  writeManifest(draft, manifest);
  await syncFolder(draft);
  return manifest;
}

function refuseFolder(folder: string, stateDir: string): void {
  if (!relative(stateDir, folder).startsWith("..")) {
    throw refused(`${folder} is inside of what is to be copied, and would be lost with it: name a folder elsewhere`);
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw refused(`${folder} is there already and not empty: name a new folder`);
  }
}

/** After an unclean end Postgres still has its log to replay: it does so now, not in a year on another machine. */
async function closeCleanly(options: CopyOptions, held: HeldStateDir): Promise<void> {
  const { stateDir, report } = options;
  if (!existsSync(join(stateDir, "postgres", "postmaster.pid"))) return;
  report("Postgres was not stopped cleanly: it is started and stopped once");
  const engine = await startPostgres({
    ...options,
    password: secretsOf(stateDir).postgresPassword,
    onLaunch: ({ name, mark }) => held.note([{ name, mark }]),
  });
  await engine.stop();
}

function refused(message: string): LocalEngineError {
  return new LocalEngineError("BACKUP_REFUSED", message);
}
