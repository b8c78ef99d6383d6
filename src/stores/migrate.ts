import path from "node:path";
import { runner } from "node-pg-migrate";

const DIRECTORY = path.join(import.meta.dirname, "migrations");

/** Brings the ledger's schema up to date; does nothing when it is, and waits for who does the same. The URL's role owns what is made. */
export async function migrate(databaseUrl: string, report: (line: string) => void): Promise<void> {
  await runner({
    databaseUrl,
    dir: DIRECTORY,
    migrationsTable: "migrations",
    direction: "up",
    singleTransaction: true,
    advisoryLockMode: "wait", // gateways that are started at once
    log: () => undefined,
    logger: { info: () => undefined, warn: report, error: report },
  });
}
