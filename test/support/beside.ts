import { openGraph } from "../../src/engines/openfga.ts";
import { READ_TIMEOUT_MS, type ReconcileDeps } from "../../src/relay/reconcile.ts";
import { openDatabase } from "../../src/stores/database.ts";
import type { TestGateway } from "./gateway.ts";

/** A graph and databases of its own, beside the gateway. */
export async function beside<Result>(at: TestGateway, work: (deps: ReconcileDeps) => Promise<Result>): Promise<Result> {
  const { databaseUrl } = at.config;
  const { openfga } = at.engines;
  const graph = openGraph({ ...openfga, storeId: at.storeId, modelId: at.gateway.deps.model, connections: 8 });
  const open = (role: "bailiwick_app" | "bailiwick_relay"): ReconcileDeps["database"] =>
    openDatabase({ url: databaseUrl ?? "", role, connections: 2, statementTimeoutMs: 10_000, lockTimeoutMs: 5_000 });
  const [database, relayDatabase] = [open("bailiwick_app"), open("bailiwick_relay")];
  const { kinds, applyTuples: apply } = at.gateway.deps;
  const common = { kinds, apply, readTimeoutMs: READ_TIMEOUT_MS, clock: () => new Date(), log: () => undefined };
  return await work({ ...common, graph, database, relayDatabase }).finally(async () => {
    await Promise.all([graph.close(), database.close(), relayDatabase.close()]);
  });
}
