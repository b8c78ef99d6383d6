import { codeOf } from "./folder.ts";

export type Report = (level: "warn" | "error", event: string, detail: Record<string, unknown>) => void;

/** A time in which lines cannot be kept. */
export interface Outage {
  readonly isOn: boolean;
  begin(cause: unknown): void;
  lose(count: number): void;
  end(): void;
}

/** Reported once when it begins, and once when it is over. */
export function createOutage(report: Report): Outage {
  let isOn = false;
  let lost = 0;
  return {
    get isOn() {
      return isOn;
    },
    begin: (cause) => {
      if (isOn) return;
      isOn = true;
      lost = 0;
      report("error", "decisions.failing", { code: codeOf(cause), reason: String(cause) });
    },
    lose: (count) => {
      lost += count;
    },
    end: () => {
      if (isOn) report("warn", "decisions.kept", { lost });
      isOn = false;
    },
  };
}
