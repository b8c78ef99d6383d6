import pg from "pg";
import { NotReached, passingFault } from "../entities/reach.ts";

/** 57P03: "the database system is starting up"; 57P01 and 57P02: it is going down. */
const COMES_AND_GOES = ["57P01", "57P02", "57P03"];
/** pg gives these no code. */
const CUT_OFF = ["Connection terminated unexpectedly", "timeout expired"];

/** Connects once. Throws NotReached where waiting may help, and what Postgres said where it refuses. */
export async function reachPostgres(url: string, timeoutMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on("error", () => undefined); // what comes after the attempt is no event of ours
  try {
    await client.connect();
  } catch (error) {
    const fault = faultOf(error);
    throw fault === undefined ? error : new NotReached(fault, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function faultOf(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return COMES_AND_GOES.includes(error.code ?? "") ? error.message : undefined;
  const said = error instanceof Error && CUT_OFF.includes(error.message) ? error.message : undefined;
  return said ?? passingFault(error);
}
