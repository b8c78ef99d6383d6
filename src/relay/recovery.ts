import { setTimeout as wait } from "node:timers/promises";
import { fenceHolds, guardNumber } from "../entities/fence.ts";
import { LIMITS } from "../entities/limits.ts";
import { endRest, readRelayPosition } from "../stores/positions.ts";
import type { RelayOptions } from "./relay.ts";

type Looking = Required<Pick<RelayOptions, "database" | "graph" | "readTimeoutMs">> & { readonly closing: AbortSignal };

/**
 * Ends the rest after a failure when its cause is over: OpenFGA answers, and with a fence that the next row can go on from. Each look takes
 * as long as the shortest rest, so that who asks again and again asks an OpenFGA that is away, or goes on failing, no more often than that.
 */
export async function recovered(
  { database, graph, readTimeoutMs, closing }: Looking,
  organization: string,
): Promise<boolean> {
  await wait(LIMITS.backoffFirstMs, undefined, { signal: closing }).catch(() => undefined); // woken by close
  if (closing.aborted) return false;
  const guards = await graph.guards(organization, readTimeoutMs).catch(() => undefined); // which is what was to be found out
  const position = await readRelayPosition(database, organization);
  if (guards === undefined || position === undefined) return false;
  const fences = guards.fences.map(guardNumber);
  const { applied } = position;
  if (!fenceHolds(fences, applied) && !fenceHolds(fences, applied + 1)) return false; // it waits for its rebuild
  await endRest(database, organization);
  return true;
}
