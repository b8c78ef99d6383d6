import path from "node:path";
import type { Settings } from "../settings.ts";
import { nonEmpty, text, wholeNumber } from "./kinds.ts";

const FACTS = /^(\*|[^\s,.*]+)\.[^\s,.*]+$/;

/** The log of every decision of a check, and of every page of a search. */
export const decisionLog = {
  DECISION_LOG: nonEmpty.optional().meta({
    otherwise: "`decisions` in `STATE_DIR`; `off` where `STATE_DIR` is not used",
    description:
      "The folder in which every decision of a check, and every page of a search, leaves a line, or `off`. Gateways can share it. Set it in a container, to a volume.",
  }),
  DECISION_LOG_MAX_BYTES: wholeNumber(4_096, 999_999_999).default(10_000_000).meta({
    description: "How large a file of it becomes before the next begins.",
  }),
  DECISION_LOG_FILES: wholeNumber(2, 10_000).default(10).meta({
    description: "So many full files' worth is kept, of all gateways of the folder together; the oldest go first.",
  }),
  DECISION_LOG_ON_FAILURE: text((value) => value === "continue" || value === "refuse", "continue or refuse")
    .transform((value) => (value === "refuse" ? "refuse" : "continue"))
    .default("continue")
    .meta({
      description:
        "While lines cannot be kept, as on a full disk: `continue` answers, and counts the lines that are lost; `refuse` answers checks and searches with 503 and is not ready.",
    }),
  DECISION_LOG_MASK: text(
    (value) => value.split(",").every((name) => FACTS.test(name.trim())),
    "names by commas: <kind>.<fact> or *.<fact>",
  )
    .optional()
    .meta({
      otherwise: "nothing; what looks like an e-mail address is always replaced",
      description: "Facts whose values the log replaces by `***`. Set it where facts of your kinds name people.",
    }),
};

export interface DecisionLogSettings {
  readonly folder: string;
  readonly maxBytes: number;
  /** So many full ones' worth is kept. */
  readonly files: number;
  readonly onFailure: "continue" | "refuse";
  /** `<kind>.<fact>` or `*.<fact>`. */
  readonly mask: readonly string[];
}

/** Whoever sets one of these counts on a log. */
export function decisionLogProblems(set: Readonly<Record<string, unknown>>, log: DecisionLogSettings | null): string[] {
  if (log !== null) return [];
  const needless = Object.keys(decisionLog).filter((name) => name !== "DECISION_LOG" && set[name] !== undefined);
  return needless.map((name) => `${name}: means nothing while the log is off; name a folder in DECISION_LOG`);
}

/** Where every engine and the secret are somebody else's, nothing is kept in STATE_DIR; a container's may be read-only. */
function keepsState(read: Settings): boolean {
  const { DATABASE_URL: ledger, OPENFGA_API_URL: graph, CERBOS_TARGET: judge, BAILIWICK_SECRET: secret } = read;
  return [ledger, graph, judge, secret].includes(undefined);
}

export interface State {
  readonly stateDir: string;
  /** The development issuer keeps its key there. */
  readonly isDevelopment: boolean;
}

/** null: off. */
export function decisionLogOf(read: Settings, { stateDir, isDevelopment }: State): DecisionLogSettings | null {
  const { DECISION_LOG: set } = read;
  if (set === "off" || (set === undefined && !isDevelopment && !keepsState(read))) return null;
  return {
    folder: set === undefined ? path.join(stateDir, "decisions") : path.resolve(set),
    maxBytes: read.DECISION_LOG_MAX_BYTES,
    files: read.DECISION_LOG_FILES,
    onFailure: read.DECISION_LOG_ON_FAILURE,
    mask: read.DECISION_LOG_MASK?.split(",").map((name) => name.trim()) ?? [],
  };
}
