/** What the gateway speaks to Postgres and OpenFGA over: pools of the ledger by who uses them, and the graph's store with its model. */
import { refusal } from "./arrivals.ts";
import { type Config, ConfigError } from "./config.ts";
import { ModelError, type PreparedStore, prepareStore } from "./engines/openfga-model.ts";
import { type Graph, type GraphOptions, openGraph } from "./engines/openfga.ts";
import { AppError } from "./entities/errors.ts";
import type { Engines } from "./local/chosen-engines.ts";
import type { Policies } from "./policy/policies.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./stores/database.ts";

const STORE_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 2_000;
const GRAPH_CONNECTIONS = 64;
/** Whose statements wait for whom: nobody's question waits behind a comparison of a large organization. */
const POOLS: Readonly<Record<"gateway" | "relay" | "reconciler", Pool>> = {
  gateway: { role: "bailiwick_app", connections: 16 },
  relay: { role: "bailiwick_relay", connections: 4 },
  reconciler: { role: "bailiwick_app", connections: 2, statementTimeoutMs: 10_000 },
};

type Pool = Pick<DatabaseOptions, "role" | "connections"> & { readonly statementTimeoutMs?: number };

export function openLedger(config: Config, url: string, user: keyof typeof POOLS): Database {
  const { statementTimeoutMs = config.timeouts.decisionMs, ...pool } = POOLS[user];
  return openDatabase({ url, ...pool, statementTimeoutMs, lockTimeoutMs: LOCK_TIMEOUT_MS });
}

const WRITE_IT =
  "Write the model of POLICIES_DIR and HOST_POLICIES into the store and name its id, or leave the setting out: then the gateway writes it";

/** Throws ENGINE_REFUSES, and ConfigError where OPENFGA_MODEL_ID names a model that the policies do not mean. */
export async function connectGraph(
  config: Config,
  engines: Engines,
  model: Policies["model"],
): Promise<{ graph: Graph; model: string }> {
  const prepared = await prepareModel(config, engines, model).catch((error: unknown) => {
    if (error instanceof ModelError) throw new ConfigError([`OPENFGA_MODEL_ID: ${error.message}. ${WRITE_IT}`]);
    const cause = error instanceof AppError ? error.cause : error;
    throw refusal("OpenFGA", "OPENFGA_API_URL, OPENFGA_PRESHARED_KEY and OPENFGA_STORE_ID", cause);
  });
  const graph = openGraph({ ...addressOf(engines), ...prepared, connections: GRAPH_CONNECTIONS });
  return { graph, model: prepared.modelId };
}

function addressOf({
  openfga: { apiUrl, presharedKey = null },
}: Engines): Pick<GraphOptions, "apiUrl" | "presharedKey"> {
  return { apiUrl, presharedKey };
}

/** Writes the model unless it is the latest already. Throws CANNOT_DECIDE. */
export async function prepareModel(config: Config, engines: Engines, model: Policies["model"]): Promise<PreparedStore> {
  return await prepareStore({
    ...addressOf(engines),
    storeId: config.openfga?.storeId ?? null,
    modelId: config.openfga?.modelId ?? null,
    storeName: "bailiwick",
    model,
    timeoutMs: STORE_TIMEOUT_MS,
  });
}
