import type { Deps } from "./domain/deps.ts";
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
