/** Waits for engines of one's own that come up late: where machines start in no order, the gateway finds its place itself. */
import { rm } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "./config.ts";
import { reachCerbos, reachOpenfga } from "./engines/reach.ts";
import { NotReached } from "./entities/reach.ts";
import { startEngines, type StartedEngines } from "./local/chosen-engines.ts";
import { LocalEngineError } from "./local/error.ts";
import type { PolicySet } from "./policy/policy-set.ts";
import { snapshotsOf } from "./policy/snapshot.ts";
import { reachPostgres } from "./stores/reach.ts";

const ATTEMPT_MS = 5_000;
/** Also of the last attempt, which would otherwise only say that it had no time. */
const LEAST_ATTEMPT_MS = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

interface Awaited {
  readonly engine: "Postgres" | "OpenFGA" | "Cerbos";
  readonly setting: string;
  readonly reach: (timeoutMs: number) => Promise<void>;
}

type Report = (line: string) => void;

/**
 * The user's Postgres first: embedded engines may live in it. Throws LocalEngineError.
 * @param set what the embedded Cerbos is to serve; it is gone when they do not start
 */
export async function startAllEngines(config: Config, report: Report, set: PolicySet | null): Promise<StartedEngines> {
  const { databaseUrl, openfgaDatabaseUrl, stateDir } = config;
  const postgresUrls = { DATABASE_URL: databaseUrl, OPENFGA_DATABASE_URL: openfgaDatabaseUrl };
  try {
    for (const [setting, url] of Object.entries(postgresUrls)) {
      if (url !== null) await arrival(config, report, postgres(setting, url));
    }
    const engines = await startEngines(config, report, set?.folder ?? null);
    if (set !== null) {
      // STATE_DIR is ours now: whose these were was killed.
      await set.removeOthers();
      await rm(snapshotsOf(stateDir), { recursive: true, force: true });
    }
    return engines;
  } catch (error) {
    await set?.remove();
    throw error;
  }
}

function postgres(setting: string, url: string): Awaited {
  return { engine: "Postgres", setting, reach: async (timeoutMs) => await reachPostgres(url, timeoutMs) };
}

/** The user's OpenFGA, then the user's Cerbos. */
export async function otherArrivals(config: Config, report: Report): Promise<void> {
  const { openfga, cerbos } = config;
  if (openfga !== null) {
    const reach: Awaited["reach"] = async (timeoutMs) => await reachOpenfga(openfga.apiUrl, timeoutMs);
    await arrival(config, report, { engine: "OpenFGA", setting: "OPENFGA_API_URL", reach });
  }
  if (cerbos !== null) {
    const { target, tls } = cerbos;
    const reach: Awaited["reach"] = async (timeoutMs) => await reachCerbos(target, tls, timeoutMs);
    await arrival(config, report, { engine: "Cerbos", setting: "CERBOS_TARGET", reach });
  }
}

/** Tries until the engine is there. A refusal ends the wait at once: a wrong password does not become right. */
async function arrival({ startTimeoutMs }: Config, report: Report, awaited: Awaited): Promise<void> {
  const { engine, setting, reach } = awaited;
  const end = performance.now() + startTimeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS, isFirst = true; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const left = Math.ceil(end - performance.now());
    try {
      await reach(Math.min(ATTEMPT_MS, Math.max(LEAST_ATTEMPT_MS, left)));
      return;
    } catch (error) {
      if (!(error instanceof NotReached)) throw refusal(engine, setting, error);
      if (performance.now() >= end) throw absence(awaited, startTimeoutMs, error);
      if (isFirst) report(`Waiting for ${engine} (${setting}): ${error.message}`);
      isFirst = false;
      await pause(Math.min(pauseMs, Math.max(0, end - performance.now())));
    }
  }
}

function absence({ engine, setting }: Awaited, startTimeoutMs: number, cause: NotReached): LocalEngineError {
  const message =
    `${engine} cannot be reached for ${startTimeoutMs} ms (START_TIMEOUT_MS): ${cause.message}. ` +
    `${setting} says where it is.`;
  return new LocalEngineError("ENGINE_NOT_REACHED", message, { cause });
}

/** @param error what the engine said; it is there, and does not want us */
export function refusal(engine: Awaited["engine"], setting: string, error: unknown): LocalEngineError {
  const said = error instanceof Error ? error.message : String(error);
  return new LocalEngineError("ENGINE_REFUSES", `${engine} refuses: ${said}. See ${setting}.`, { cause: error });
}
