import type { LogRecord } from "../entities/decisions.ts";
import { LIMITS } from "../entities/limits.ts";
import { createLogFiles, type FilesOptions } from "./files.ts";
import { createMask } from "./masking.ts";
import { createOutage, type Report } from "./outage.ts";
import { createLineQueue } from "./queue.ts";
import { createWriter } from "./writer.ts";

/** Where every decision leaves its line. A decision never waits for the disk. */
export interface DecisionLog {
  /** False when the line could not be kept and configuration says to refuse then: nothing is noted of it. */
  readonly take: (record: LogRecord) => boolean;
  readonly status: () => LogStatus;
  readonly start: () => void;
  /** Writes what waits, for so long as a stopping gateway may take. */
  readonly close: () => Promise<void>;
}

export interface LogStatus {
  /** Can lines not be kept at the moment? */
  readonly isFailing: boolean;
  /** Are checks refused then? */
  readonly refuses: boolean;
}

export interface LogOptions extends Omit<FilesOptions, "onStuck"> {
  readonly onFailure: "continue" | "refuse";
  readonly mask: readonly string[];
  readonly report: Report;
  /** Told what became of lines. */
  readonly count: (outcome: "written" | "lost", lines: number) => void;
}

export function createDecisionLog(options: LogOptions): DecisionLog {
  const { report, count } = options;
  const refuses = options.onFailure === "refuse";
  const onStuck = (files: readonly string[]): void => report("warn", "decisions.stuck", { files });
  const files = createLogFiles({ ...options, onStuck });
  const mask = createMask(options.mask);
  const queue = createLineQueue();
  const outage = createOutage(report);
  const writer = createWriter({ queue, files, outage, onWritten: (lines) => count("written", lines) });
  return {
    take: (record) => {
      if (refuses && outage.isOn) return false;
      const isTaken = queue.add(`${JSON.stringify(mask(record))}\n`);
      if (!isTaken) {
        outage.begin(new Error(`more than ${LIMITS.decisionQueueBytes} bytes of lines would wait for the disk`));
        if (!refuses) {
          outage.lose(1);
          count("lost", 1);
        }
      }
      writer.soon();
      return isTaken || !refuses;
    },
    status: () => ({ isFailing: outage.isOn, refuses }),
    start: () => void writer.now(),
    close: async () => {
      await writer.close();
      const lost = queue.lines.length;
      if (lost === 0) return;
      count("lost", lost);
      report("error", "decisions.lost", { lost });
    },
  };
}
