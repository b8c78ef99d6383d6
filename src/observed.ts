import type { Config } from "./config.ts";
import { createDecisionLog, type DecisionLog, type LogOptions } from "./decisions/log.ts";
import type { Deps } from "./domain/deps.ts";
import { AppError } from "./entities/errors.ts";
import { systemRandom } from "./entities/ids.ts";
import type { Metrics, Step } from "./http/metrics.ts";

/** The same dependencies, which tell how long each step of the two flows takes. */
export function observed(deps: Deps, metrics: Pick<Metrics, "took">): Deps {
  const timed = async <Result>(step: Step, work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      metrics.took(step, (performance.now() - start) / 1000);
    }
  };
  const { database, graph, judge, applyTuples } = deps;
  return {
    ...deps,
    database: {
      ...database,
      query: async <Row extends object>(statement: Parameters<typeof database.query>[0]) =>
        statement.name === "gather_facts"
          ? await timed("facts", async () => await database.query<Row>(statement))
          : await database.query<Row>(statement),
      transaction: async (work) => await timed("transaction", async () => await database.transaction(work)),
    },
    graph: {
      ...graph,
      directRoles: async (...asked) => await timed("graph", async () => await graph.directRoles(...asked)),
      holds: async (...asked) => await timed("graph", async () => await graph.holds(...asked)),
    },
    judge: async (...asked) => await timed("policies", async () => await judge(...asked)),
    applyTuples: async (organization) => await timed("relay", async () => await applyTuples(organization)),
  };
}

export interface DecisionsOptions extends Pick<LogOptions, "clock" | "report"> {
  readonly settings: Config["decisionLog"];
  readonly metrics: Pick<Metrics, "lines">;
}

/** The log of decisions, which counts its lines; null: it is off. */
export function openDecisions({ settings, metrics, ...rest }: DecisionsOptions): DecisionLog | null {
  if (settings === null) return null;
  const count: LogOptions["count"] = (outcome, lines) => metrics.lines(outcome, lines);
  return createDecisionLog({ ...settings, ...rest, random: systemRandom, count });
}

/** Counts a decision of a check and logs it, or a page of a search. One that must be logged and cannot be is none. */
export function decidedBy(metrics: Pick<Metrics, "decided">, decisions: DecisionLog | null): Deps["decided"] {
  return (record) => {
    const isKept = decisions?.take(record) ?? true;
    if (!("search" in record)) {
      const isDecided = isKept && record.answer !== "undecided";
      metrics.decided(isKept ? record.answer : "undecided", isDecided ? record.reasons.map(({ code }) => code) : []);
    }
    if (isKept) return;
    throw new AppError("CANNOT_DECIDE", "Decisions must be logged, and cannot be at the moment. Try again.");
  };
}
