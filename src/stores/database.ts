import pg from "pg";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

/** A named statement: Postgres plans it once for each connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface Queryable {
  /** Rows of one statement. Throws CANNOT_DECIDE when Postgres does not answer in time. */
  query<Row extends object>(statement: Statement): Promise<Row[]>;
}

/** A transaction that is open. Nothing but SQL happens while it is. */
export interface Transaction extends Queryable {
  readonly open: true;
}

export interface Database extends Queryable {
  /** Commits what `work` did, or rolls it back when it throws. Deadlocks and serialization failures are tried again. */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Every connection works as this role from its first statement on. */
  readonly role: "bailiwick_app" | "bailiwick_relay";
  readonly connections: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

export function openDatabase(options: DatabaseOptions): Database {
  // Inside a transaction a statement may wait for a lock; outside, nothing waits for anybody.
  const patienceMs = options.lockTimeoutMs + options.statementTimeoutMs;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    options: `-c role=${options.role} -c lock_timeout=${options.lockTimeoutMs} -c statement_timeout=${patienceMs}`,
    connectionTimeoutMillis: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs,
    allowExitOnIdle: true,
  });
  // An idle connection that Postgres closes is no event of ours: the next statement opens another or says so.
  pool.on("error", () => undefined);
  // Nor is one that is closed between two statements of a transaction: the next one fails, and says so.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    query: async <Row extends object>(statement: Statement) => await run<Row>(pool, statement),
    transaction: async (work) => await retried(async () => await inTransaction(pool, patienceMs, work)),
    close: async () => await pool.end(),
  };
}

/** @param timeoutMs of this statement; absent: the pool's */
async function run<Row extends object>(
  on: pg.Pool | pg.PoolClient,
  { name, text, values }: Statement,
  timeoutMs?: number,
): Promise<Row[]> {
  try {
    const timeout = timeoutMs === undefined ? {} : { query_timeout: timeoutMs };
    const result = await on.query<Row>({ name, text, values: [...values], ...timeout });
    return result.rows;
  } catch (error) {
    throw translated(error);
  }
}

async function inTransaction<Result>(
  pool: pg.Pool,
  patienceMs: number,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translated(error);
  });
  let broken: Error | undefined;
  try {
    await run(client, { name: "begin", text: "begin", values: [] });
    const result = await work({ open: true, query: async (statement) => await run(client, statement, patienceMs) });
    await run(client, { name: "commit", text: "commit", values: [] });
    return result;
  } catch (error) {
    // A connection that did not answer may still be inside the transaction: it is closed, never used again.
    broken = await client.query("rollback").then(
      () => undefined,
      (failure: unknown) => (failure instanceof Error ? failure : new Error(String(failure))),
    );
    if (error instanceof AppError && error.code === "CANNOT_DECIDE") broken = error;
    throw error;
  } finally {
    client.release(broken);
  }
}

async function retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= LIMITS.transactionRetries || !isConflict(error)) throw error;
    }
  }
}

/** Runs now the triggers that wait for the commit. */
export async function checkDeferred(tx: Transaction): Promise<void> {
  await tx.query({ name: "check_deferred", text: "set constraints all immediate", values: [] });
}

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";
const UNIQUE_VIOLATION = "23505";
const LOCK_NOT_AVAILABLE = "55P03";

function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
}

/** Did a statement run into this unique constraint? */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION && error.constraint === constraint;
}

const FOREIGN_KEY_VIOLATION = "23503";

/** Has what a row was to refer to gone meanwhile? */
export function lacksReferent(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === FOREIGN_KEY_VIOLATION;
}

/** Classes of SQLSTATE that say "the server cannot, now": connection, resources, operator intervention. */
const UNAVAILABLE = /^(08|53|57)/;

function translated(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return cannotDecide("postgres", error);
  if (error.code === LOCK_NOT_AVAILABLE) {
    return new AppError("CONTENTION", "Too many changes of the same thing at once. Try again.", { cause: error });
  }
  return UNAVAILABLE.test(error.code ?? "") ? cannotDecide("postgres", error) : error;
}
