import { rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { STOP_STEPS } from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { readIfThere, replaceFile } from "./files.ts";
import { tryLock, type LockHolder } from "./lock.ts";
import { endProcess, isRunning, waitUntil, type ProcessMark } from "./process-mark.ts";
import { engineRecord, type EngineRecord } from "./protocol.ts";

/** A gateway that was killed leaves its supervisor to stop the engines; whoever starts the next one at once waits for that. */
const PREDECESSOR_ENDS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

const records = z.array(engineRecord);

/** The state directory, held by one gateway at a time. */
export interface HeldStateDir {
  /** Notes the engine processes that run on it. */
  note(running: readonly EngineRecord[]): void;
  release(): void;
}

export interface HoldOptions {
  readonly stateDir: string;
  readonly gateway: ProcessMark;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Takes the directory and ends engines that nobody was left to end. Throws STATE_DIRECTORY_IN_USE when another gateway has it. */
export async function holdStateDir(options: HoldOptions): Promise<HeldStateDir> {
  const releaseLock = await takeLock(options);
  const path = join(options.stateDir, "running.json");
  try {
    await endLeftovers(path, options);
  } catch (error) {
    releaseLock();
    throw error;
  }
  return {
    note: (running) => replaceFile(path, JSON.stringify(running), 0o600),
    release: () => {
      rmSync(path, { force: true });
      releaseLock();
    },
  };
}

async function takeLock({ stateDir, gateway, signal }: HoldOptions): Promise<() => void> {
  const seen: { release?: () => void; by?: LockHolder } = {};
  const attempt = (): boolean => {
    const lock = tryLock(join(stateDir, "lock"), gateway);
    if (lock.taken) seen.release = lock.release;
    else seen.by = lock.by;
    return lock.taken || isRunning(lock.by.gateway);
  };
  await waitUntil(attempt, { timeoutMs: PREDECESSOR_ENDS_WITHIN_MS, everyMs: LOOK_EVERY_MS, signal });
  if (seen.release !== undefined) return seen.release;
  throw new LocalEngineError(
    "STATE_DIRECTORY_IN_USE",
    `${stateDir} is in use by another Bailiwick (process ${seen.by?.gateway.pid ?? "unknown"}, its engines under process ` +
      `${seen.by?.holder.pid ?? "unknown"}). Stop that one, or choose another state directory.`,
  );
}

async function endLeftovers(path: string, { report }: HoldOptions): Promise<void> {
  const content = readIfThere(path);
  if (content === undefined) return;
  for (const { name, mark } of records.parse(JSON.parse(content)).filter((record) => isRunning(record.mark))) {
    report(`Ending the ${name} that an unclean end has left running (pid ${mark.pid})`);
    await endProcess(mark, STOP_STEPS[name]);
  }
}
