import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { LIMITS } from "../entities/limits.ts";

/** The folder of the log: files of lines, each written by one gateway alone, so that two of them never tear each other's. */

const NAME = /^decisions-\d{8}T\d{9}Z-[0-9a-z]+\.jsonl$/;

export interface LogFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedAt: number; // milliseconds since 1970
}

/** Names sort by the time at which the file was begun. */
export function fileName(begun: Date, unique: string): string {
  return `decisions-${begun.toISOString().replaceAll(/[-:.]/g, "")}-${unique}.jsonl`;
}

/** The oldest first. Throws when there is no such folder. */
export async function logFiles(folder: string): Promise<LogFile[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const files: LogFile[] = [];
  for (const name of names) {
    const found = await sizeOf(path.join(folder, name));
    if (found !== undefined) files.push(found);
  }
  return files;
}

async function sizeOf(file: string): Promise<LogFile | undefined> {
  try {
    const { size, mtimeMs } = await stat(file);
    return { path: file, bytes: size, changedAt: mtimeMs };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined; // another gateway has made room meanwhile
    throw error;
  }
}

export interface Room {
  /** What may stay. */
  readonly bytes: number;
  readonly now: number;
  /** Is it a file that this gateway has written, and has closed? */
  readonly isOurs: (path: string) => boolean;
}

/**
 * Removes the oldest files until what stays fits. Another gateway's stays while it may still be open: each touches its own at least once
 * a minute. Gives those that could not be removed.
 */
export async function makeRoom(folder: string, { bytes, now, isOurs }: Room): Promise<string[]> {
  const files = await logFiles(folder);
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  let count = files.length;
  const stuck: string[] = [];
  for (const file of files) {
    if (total <= bytes && count < LIMITS.decisionFiles) break;
    if (!isOurs(file.path) && now - file.changedAt < LIMITS.decisionOrphanMs) continue;
    const isGone = await rm(file.path, { force: true }).then(
      () => true,
      () => false, // somebody else's: the caller reports it
    );
    if (!isGone) stuck.push(file.path);
    total -= isGone ? file.bytes : 0;
    count -= isGone ? 1 : 0;
  }
  return stuck;
}

export function isCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

/** What the file system calls it. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
