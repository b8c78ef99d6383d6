import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Dirent } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { inParallel } from "../entities/parallel.ts";
import type { CopiedFile } from "./backup-manifest.ts";
import { LocalEngineError } from "./error.ts";

const FILES_AT_ONCE = 8;

/** Paths relative to a folder, with `/`; folders before what is in them. */
export interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** Everything below these entries of a folder but what `skips` names; entries that are missing are left out. */
export async function list(root: string, entries: readonly string[], skips: readonly string[]): Promise<Listing> {
  const folders: string[] = [];
  const files: string[] = [];
  const visit = async (path: string, entry: Dirent): Promise<void> => {
    if (skips.includes(path)) return;
    if (entry.isFile()) return void files.push(path);
    if (!entry.isDirectory()) {
      const message = `${join(root, path)} is neither a file nor a folder: only those are copied`;
      throw new LocalEngineError("BACKUP_REFUSED", message);
    }
    folders.push(path);
    for (const child of await sortedEntries(join(root, path))) await visit(`${path}/${child.name}`, child);
  };
  for (const entry of await sortedEntries(root)) if (entries.includes(entry.name)) await visit(entry.name, entry);
  return { folders, files };
}

async function sortedEntries(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface Copy {
  readonly from: string;
  /** Must be there, without what is copied. */
  readonly to: string;
  readonly signal?: AbortSignal | undefined;
}

/** Copies what is listed, for its owner's eyes alone, and waits until the disk has it. Gives what each file held. */
export async function copyListed({ from, to, signal }: Copy, listing: Listing): Promise<CopiedFile[]> {
  for (const folder of listing.folders) await mkdir(join(to, folder), { mode: 0o700 });
  const files = await inParallel(listing.files, FILES_AT_ONCE, async (path) => {
    signal?.throwIfAborted();
    return { path, ...(await copyFile(join(from, path), join(to, path))) };
  });
  for (const folder of ["", ...listing.folders]) await syncFolder(join(to, folder));
  return files;
}

async function copyFile(from: string, to: string): Promise<Omit<CopiedFile, "path">> {
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  const target = createWriteStream(to, { mode: 0o600, flags: "wx", flush: true });
  await pipeline(createReadStream(from), measured, target);
  return { bytes, sha256: hash.digest("hex") };
}

/** What the system refuses (no space, no permission) is a sentence for a person, not a bug. */
export async function withPlainErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    throw new LocalEngineError("BACKUP_REFUSED", `given up, and nothing was changed: ${cause.message}`, { cause });
  }
}

/** Only then do the names in it outlast a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().finally(async () => await folder.close());
}
