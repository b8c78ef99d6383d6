import { expect } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import type { Relay } from "../../src/relay/relay.ts";
import type { Database } from "../../src/stores/database.ts";
import type { RelayWorld } from "./relay-world.ts";

export const PAST_BACKOFF_MS = LIMITS.backoffMostMs + 1;
export const CANNOT_DECIDE: unknown = expect.objectContaining({ code: "CANNOT_DECIDE" });

/** The Write is held on its way, its sender gives up, and its back-off is over. */
export async function giveUpAWrite(world: RelayWorld, relay: Relay, id: string): Promise<void> {
  const caught = world.proxy.hold("requests", "/write");
  await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
  await caught;
  world.proxy.pass();
  world.advance(PAST_BACKOFF_MS);
}

/** Fails once, at the n-th time that this statement is sent: as if the process had ended there. */
export function failingAt(database: Database, name: string, time: number): Database {
  let times = 0;
  return {
    ...database,
    query: async (statement) => {
      if (statement.name === name && ++times === time) throw new Error("killed");
      return await database.query(statement);
    },
  };
}

/** Everybody gets every lease. */
export function withoutLeases(database: Database): Database {
  return {
    ...database,
    query: async (statement) => {
      if (statement.name !== "claim_rows") return await database.query(statement);
      const text = statement.text.replace("g.lease_owner is null or", "true or");
      return await database.query({ ...statement, name: "claim_rows_always", text });
    },
  };
}

/** Polls until it is so; the test's own time limit bounds it. */
export async function until(claim: () => Promise<boolean>): Promise<void> {
  while (!(await claim())) await new Promise((resolve) => setImmediate(resolve));
}
