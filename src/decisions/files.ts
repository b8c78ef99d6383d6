import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { type RandomBytes, randomText } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import { fileName, makeRoom } from "./folder.ts";

/** Whole lines, each with its newline. */
export interface Lines {
  readonly text: string;
  /** The bytes of each line, in order. */
  readonly sizes: readonly number[];
}

export interface Appended {
  /** Lines that are in the file, whole. */
  readonly lines: number;
  /** Why the others are not. */
  readonly error?: unknown;
}

/** The files of one gateway: one is open, and is closed when it is full. Used by one call at a time. */
export interface LogFiles {
  /** Makes the folder. Throws what the file system says. */
  prepare(): Promise<void>;
  /** How much fits into the open file; the next begins when a line does not. */
  left(): number;
  /** Never leaves half a line. Throws when no file can be opened. */
  append(lines: Lines): Promise<Appended>;
  /** Tells other gateways that the open file is in use. */
  touch(): Promise<void>;
  close(): Promise<void>;
}

export interface FilesOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** So many full files' worth is kept, of all gateways together. */
  readonly files: number;
  readonly clock: () => Date;
  readonly random: RandomBytes;
  /** Told of old files that cannot be removed. */
  readonly onStuck: (paths: readonly string[]) => void;
}

interface Open {
  readonly handle: FileHandle;
  readonly path: string;
  size: number;
}

const UNIQUE = 12;

export function createLogFiles(options: FilesOptions): LogFiles {
  const { folder, maxBytes, files, clock, random, onStuck } = options;
  const closed = new Set<string>();
  let current: Open | undefined;

  const close = async (): Promise<void> => {
    const file = current;
    current = undefined;
    if (file === undefined) return;
    closed.add(file.path);
    await file.handle.close();
  };
  /** Half a line stands at its end; nothing may follow that. */
  const abandon = async (): Promise<void> => {
    await close().catch(() => undefined); // what is wrong with it is reported already
  };
  const begin = async (): Promise<Open> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const now = clock();
    const room = { bytes: maxBytes * (files - 1), now: now.getTime(), isOurs: (at: string) => closed.has(at) };
    const stuck = await makeRoom(folder, room); // first, since the disk may be full of them
    if (stuck.length > 0) onStuck(stuck);
    const file = path.join(folder, fileName(now, randomText(random, UNIQUE)));
    return { handle: await open(file, "ax", 0o600), path: file, size: 0 };
  };
  /** The open one, unless it is full or somebody has removed it. */
  const ready = async (next: number): Promise<Open> => {
    if (current !== undefined) {
      const isFull = current.size > 0 && current.size + next > maxBytes;
      if (isFull || (await current.handle.stat()).nlink === 0) await close();
    }
    current ??= await begin();
    return current;
  };
  return {
    prepare: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    },
    left: () => (current === undefined || current.size >= maxBytes ? maxBytes : maxBytes - current.size),
    append: async (lines) => {
      const file = await ready(lines.sizes[0] ?? 0);
      const { whole, isTorn, error } = await addTo(file, lines);
      if (isTorn) await file.handle.truncate(file.size).catch(abandon);
      return { lines: whole, ...(error !== undefined && { error }) };
    },
    touch: async () => {
      const now = clock();
      await current?.handle.utimes(now, now);
    },
    close,
  };
}

/** Half a line may stand behind the whole ones. */
async function addTo(file: Open, lines: Lines): Promise<{ whole: number; isTorn: boolean; error?: unknown }> {
  const { bytes, error } = await writeAll(file.handle, Buffer.from(lines.text));
  const whole = wholeLines(lines.sizes, bytes);
  file.size += whole.bytes;
  return { whole: whole.lines, isTorn: bytes > whole.bytes, error };
}

async function writeAll(handle: FileHandle, data: Buffer): Promise<{ bytes: number; error?: unknown }> {
  let bytes = 0;
  try {
    while (bytes < data.length) {
      const { bytesWritten } = await handle.write(data, bytes);
      if (bytesWritten === 0) throw new Error("the file takes nothing");
      bytes += bytesWritten;
    }
    return { bytes };
  } catch (error) {
    return { bytes, error };
  }
}

function wholeLines(sizes: readonly number[], bytes: number): { lines: number; bytes: number } {
  let whole = 0;
  let lines = 0;
  for (const size of sizes) {
    if (whole + size > bytes) break;
    whole += size;
    lines += 1;
  }
  return { lines, bytes: whole };
}

/** How many lines from the first on go into one write. */
export function batchOf(sizes: readonly number[], left: number): number {
  const most = Math.min(left, LIMITS.decisionBatchBytes);
  let bytes = sizes[0] ?? 0; // one at least, however long
  let count = 1;
  while (count < sizes.length && bytes + (sizes[count] ?? 0) <= most) {
    bytes += sizes[count] ?? 0;
    count += 1;
  }
  return count;
}
