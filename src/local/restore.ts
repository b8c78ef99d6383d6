import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { damaged, PARTS, readManifest, type Manifest } from "./backup-manifest.ts";
import type { CopyOptions } from "./backup.ts";
import { copyListed, list, syncFolder, withPlainErrors } from "./copy.ts";
import { LocalEngineError } from "./error.ts";
import { prepareStateDir } from "./files.ts";
import { postgresAccount } from "./postgres-account.ts";
import { postgresPrograms } from "./postgres-cluster.ts";
import { isSystemError, thisProcess } from "./process-mark.ts";
import { RESTORING } from "./secrets.ts";
import { holdStateDir } from "./state-dir.ts";
import { runTool } from "./tool.ts";

export interface RestoreOptions extends CopyOptions {
  /** Also where a ledger is already, which is then kept aside. */
  readonly isForced: boolean;
}

export interface Restored {
  readonly madeAt: string;
  /** Where the ledger is that was there before; undefined when there was none. */
  readonly aside: string | undefined;
}

const VERSION_TIMEOUT_MS = 10_000;

/**
 * Puts a copy that `backUp` has made in place. It is copied and checked, file by file, before anything that is there is touched.
 * Throws BACKUP_REFUSED, BACKUP_DAMAGED, BACKUP_OF_OTHER_VERSION, STATE_DIRECTORY_IN_USE.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const folder = resolve(options.folder);
  const manifest = readManifest(folder);
  await refuseOtherPostgres(folder, manifest, options);
  const stateDir = prepareStateDir(options.stateDir);
  const held = await holdStateDir({ ...options, stateDir, gateway: thisProcess() });
  const staging = join(stateDir, RESTORING);
  try {
    const found = PARTS.filter((part) => existsSync(join(stateDir, part)));
    if (!options.isForced && found.some((part) => part !== "issuer.json")) throw occupied(stateDir);
    rmSync(staging, { recursive: true, force: true }); // an interrupted one's
    const work = async (): Promise<void> => await stage({ ...options, folder }, manifest, staging);
    await withPlainErrors(work).catch((error: unknown) => {
      rmSync(staging, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    });
    return { madeAt: manifest.madeAt, aside: await swap(stateDir, staging) };
  } finally {
    held.release();
  }
}

function occupied(stateDir: string): LocalEngineError {
  const message =
    `${stateDir} holds a ledger already. Choose another state directory (STATE_DIR), or add --force: ` +
    `what is there is then kept aside, not deleted.`;
  return new LocalEngineError("BACKUP_REFUSED", message);
}

async function refuseOtherPostgres(folder: string, manifest: Manifest, options: CopyOptions): Promise<void> {
  const { postgres } = await postgresPrograms();
  const { output } = await runTool(postgres, ["--version"], { ...options, timeoutMs: VERSION_TIMEOUT_MS });
  const major = Number(/PostgreSQL\) (\d+)/.exec(output)?.[1]); // "postgres (PostgreSQL) 18.4"
  if (major === manifest.postgres) return;
  const message =
    `${folder} is of Postgres ${manifest.postgres}, and the embedded one is ${major}, which cannot read it. Restore it with the ` +
    `Bailiwick that made it.`;
  throw new LocalEngineError("BACKUP_OF_OTHER_VERSION", message);
}

async function stage(options: CopyOptions, manifest: Manifest, staging: string): Promise<void> {
  const { folder, signal } = options;
  const { folders, files } = manifest;
  await refuseDifference(folder, manifest);
  mkdirSync(staging, { mode: 0o700 });
  const copied = await copyListed(
    { from: folder, to: staging, signal },
    { folders, files: files.map(({ path }) => path) },
  );
  for (const [index, { path, bytes, sha256 }] of files.entries()) {
    const copy = copied[index];
    if (copy?.bytes !== bytes || copy.sha256 !== sha256) throw damaged(folder, `${path} is not what was copied`);
  }
  const account = await postgresAccount(options);
  if (account === undefined) return;
  const ofPostgres = [...folders, ...files.map(({ path }) => path)].filter((path) => path.split("/")[0] === "postgres");
  for (const path of ofPostgres) chownSync(join(staging, path), account.uid, account.gid);
}

/** Too much counts as well: a file that Postgres would read and nobody has copied. */
async function refuseDifference(folder: string, { folders, files }: Manifest): Promise<void> {
  const listing = await list(folder, PARTS, []);
  const there = [...listing.folders, ...listing.files];
  const wanted = [...folders, ...files.map(({ path }) => path)];
  const missing = wanted.find((path) => !there.includes(path));
  if (missing !== undefined) throw damaged(folder, `${missing} is missing`);
  const extra = there.find((path) => !wanted.includes(path));
  if (extra !== undefined) throw damaged(folder, `${extra} is not of the backup`);
}

/**
 * What was there goes aside, the copy takes its place; gives where. secrets.json goes first and comes last: without it nothing
 * starts, so that an end in the middle cannot be taken for a new, empty directory (secrets.ts).
 */
async function swap(stateDir: string, staging: string): Promise<string | undefined> {
  const aside = join(stateDir, `replaced-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`);
  mkdirSync(aside, { mode: 0o700 });
  const secretsFirst = ["secrets.json", "postgres", "issuer.json"];
  for (const part of secretsFirst) move(join(stateDir, part), join(aside, part));
  for (const part of secretsFirst.toReversed()) move(join(staging, part), join(stateDir, part));
  await syncFolder(stateDir);
  rmSync(staging, { recursive: true });
  if (readdirSync(aside).length > 0) return aside;
  rmSync(aside, { recursive: true });
  return undefined;
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error; // not every directory has every part
  }
}
