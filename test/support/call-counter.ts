import type { Statement, Transaction } from "../../src/stores/database.ts";
import type { TestGateway } from "./gateway.ts";

/** How often a request has asked whom. */
export interface Calls {
  /** SQL statements, those that begin and end transactions with them. */
  readonly statements: number;
  /** By name, for the reader of a failure. */
  readonly named: Readonly<Record<string, number>>;
  readonly graph: number;
  readonly policies: number;
  /** Writes to OpenFGA that a change has filed. */
  readonly writes: number;
}

export interface Counter {
  /** Resolves when everything that was filed is in OpenFGA. */
  settled(): Promise<void>;
  counted<Answer>(ask: () => Promise<Answer>): Promise<{ readonly answer: Answer; readonly calls: Calls }>;
}

/** Counts what the two flows ask from now on; one request at a time, or nobody knows whose it was. */
export function countCalls(test: TestGateway): Counter {
  const { deps } = test.gateway;
  const { database, graph, judge } = deps;
  const names: string[] = [];
  const asked = { graph: 0, policies: 0 };
  const note = (statement: Statement): void => void names.push(statement.name);
  const counting = (tx: Transaction): Transaction => ({
    open: true,
    query: async (statement) => {
      note(statement);
      return await tx.query(statement);
    },
  });
  Object.assign(deps, {
    database: {
      ...database,
      query: async (statement: Statement) => {
        note(statement);
        return await database.query(statement);
      },
      transaction: async <Result>(work: (tx: Transaction) => Promise<Result>) => {
        names.push("begin", "commit");
        return await database.transaction(async (tx) => await work(counting(tx)));
      },
    },
    graph: {
      ...graph,
      directRoles: async (...question: Parameters<typeof graph.directRoles>) => {
        asked.graph += 1;
        return await graph.directRoles(...question);
      },
      fence: async (...question: Parameters<typeof graph.fence>) => {
        asked.graph += 1;
        return await graph.fence(...question);
      },
      holds: async (...question: Parameters<typeof graph.holds>) => {
        asked.graph += 1;
        return await graph.holds(...question);
      },
      paths: async (...question: Parameters<typeof graph.paths>) => {
        asked.graph += 1;
        return await graph.paths(...question);
      },
    },
    judge: async (...question: Parameters<typeof judge>) => {
      asked.policies += 1;
      return await judge(...question);
    },
  });
  const filed = async (): Promise<number> => {
    const [row] = await test.sql<{ filed: number }>("select sum(tuples_filed)::int as filed from organizations");
    return row?.filed ?? 0;
  };
  return {
    settled: async () => {
      const waiting = await test.sql<{ id: string }>("select distinct organization_id as id from outbox");
      for (const { id } of waiting) await deps.applyTuples(id);
    },
    counted: async (ask) => {
      const before = await filed();
      names.length = 0;
      Object.assign(asked, { graph: 0, policies: 0 });
      const answer = await ask();
      const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]).sort();
      const named = Object.fromEntries(counts) as Record<string, number>; // names and how often
      const calls = { statements: names.length, named, ...asked, writes: (await filed()) - before };
      return { answer, calls };
    },
  };
}
