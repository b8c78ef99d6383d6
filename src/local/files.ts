import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "./process-mark.ts";

/** The private folder of one Bailiwick, made when missing; gives its absolute path, free of symbolic links. */
export function prepareStateDir(stateDir: string): string {
  mkdirSync(join(stateDir, "logs"), { recursive: true });
  const path = realpathSync(stateDir);
  // Postgres refuses to run as root: the account that it gets instead must be able to pass through, and no more.
  chmodSync(path, process.getuid?.() === 0 ? 0o711 : 0o700);
  chmodSync(join(path, "logs"), 0o700);
  return path;
}

/** Makes a file with its whole content in one step; false when it exists already. No reader ever sees half of it. */
export function createOnce(path: string, content: string, mode: number): boolean {
  const draft = draftOf(path);
  writeFileSync(draft, content, { mode, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

/** Replaces a file in one step. */
export function replaceFile(path: string, content: string, mode: number): void {
  const draft = draftOf(path);
  writeFileSync(draft, content, { mode, flag: "wx" });
  renameSync(draft, path);
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A name beside `path` that nobody else uses. */
export function draftOf(path: string): string {
  return `${path}.${process.pid}-${randomBytes(6).toString("hex")}.draft`;
}
