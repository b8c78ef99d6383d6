import { LIMITS } from "../entities/limits.ts";
import { batchOf, type LogFiles } from "./files.ts";
import type { Outage } from "./outage.ts";
import type { LineQueue } from "./queue.ts";

/** Carries lines from the queue to the disk, beside everything else. */
export interface Writer {
  /** Writes soon; where the disk takes nothing, when it is tried again. */
  soon(): void;
  now(): Promise<void>;
  /** Writes what waits, for so long as a stopping gateway may take, and nothing after that. */
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly queue: LineQueue;
  readonly files: LogFiles;
  readonly outage: Outage;
  readonly onWritten: (lines: number) => void;
}

export function createWriter({ queue, files, outage, onWritten }: WriterOptions): Writer {
  let underWay: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const writeAll = async (): Promise<void> => {
    try {
      await files.prepare();
      while (queue.lines.length > 0) {
        const { lines, error } = await files.append(queue.first(batchOf(queue.sizes, files.left())));
        queue.drop(lines);
        if (lines > 0) onWritten(lines);
        if (error !== undefined) {
          outage.begin(error);
          return;
        }
      }
      outage.end();
    } catch (error) {
      outage.begin(error);
    }
  };
  const now = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    underWay ??= writeAll().finally(() => {
      underWay = undefined;
      if (outage.isOn || queue.lines.length > 0) soon();
    });
    await underWay;
  };
  const soon = (): void => {
    if (isClosed || underWay !== undefined) return;
    timer ??= setTimeout(() => void now(), outage.isOn ? LIMITS.decisionRetryMs : LIMITS.decisionFlushMs);
  };
  // The next write tells what may be wrong.
  const touch = setInterval(() => void files.touch().catch(() => undefined), LIMITS.decisionTouchMs).unref();
  return {
    soon,
    now,
    close: async () => {
      isClosed = true;
      clearInterval(touch);
      clearTimeout(timer);
      // What is under way may have begun before the last lines came.
      if (underWay !== undefined || queue.lines.length > 0) await Promise.race([now().then(now), patience()]);
      await Promise.race([files.close().catch(() => undefined), patience()]);
    },
  };
}

async function patience(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, LIMITS.decisionDrainMs).unref();
  });
}
