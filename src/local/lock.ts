import { randomBytes } from "node:crypto";
import { linkSync, renameSync, rmSync } from "node:fs";
import * as z from "zod";
import { createOnce, draftOf, readIfThere } from "./files.ts";
import { isRunning, isSystemError, processMark, thisProcess, type ProcessMark } from "./process-mark.ts";

/** `nonce` tells two locks of one process apart. */
const lockFile = z.strictObject({ holder: processMark, gateway: processMark, nonce: z.string() });
export type LockHolder = z.infer<typeof lockFile>;

export type LockAttempt =
  { readonly taken: true; readonly release: () => void } | { readonly taken: false; readonly by: LockHolder };

const MAX_ATTEMPTS = 20;

/**
 * Takes a lock file for this process, on behalf of `gateway`. A lock whose holder runs no more is swept aside. (A kernel lock
 * would end with its process by itself, but Node has no flock.)
 */
export function tryLock(path: string, gateway: ProcessMark): LockAttempt {
  const content = JSON.stringify({ holder: thisProcess(), gateway, nonce: randomBytes(6).toString("hex") });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (createOnce(path, content, 0o600)) return { taken: true, release: () => release(path, content) };
    const existing = readIfThere(path);
    if (existing === undefined) continue;
    const by = lockFile.safeParse(parseJson(existing)).data;
    if (by !== undefined && isRunning(by.holder)) return { taken: false, by };
    sweepAside(path, existing);
  }
  throw new Error(`${path} changes hands too often`);
}

/** Two may find the same stale lock, and the slower one must not sweep away the lock that the faster one has just taken. */
function sweepAside(path: string, stale: string): void {
  const aside = draftOf(path);
  try {
    renameSync(path, aside);
    if (readIfThere(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "EEXIST")) throw error; // Somebody else was faster; the caller looks again.
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(path: string, content: string): void {
  if (readIfThere(path) === content) rmSync(path, { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // Not a lock of ours: treated as stale.
    throw error;
  }
}
