import type { Deciding } from "../entities/deciding.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Answer } from "./answer.ts";
import type { Drain } from "./server.ts";

/** One question to each engine; resolves when it answers, throws when it does not. */
export type ReadinessChecks = Readonly<
  Record<"postgres" | "openfga", (signal: AbortSignal) => Promise<unknown>> & {
    /** The unit that Cerbos says it serves; null: it does not know. */
    cerbos: (signal: AbortSignal) => Promise<string | null>;
  }
>;

/** What is asked about what decides at one moment. */
export interface Current {
  readonly deciding: Deciding;
  /** Those of a host's, by name; why one is refused is the log's to tell. */
  readonly kinds: { readonly served: readonly string[]; readonly refused: readonly string[] };
  readonly checks: ReadinessChecks;
}

/** How the graph stands to the ledger: organizations on their way or stopped, and the drift that was found since the start. */
export interface GraphStatus {
  readonly pendingOrganizations: number;
  readonly oldestPendingSeconds: number; // how long the oldest of them has waited; 0: none
  readonly stoppedOrganizations: number; // a row of theirs cannot be applied: the log names it
  readonly missingTuples: number;
  readonly injectedTuples: number;
  readonly rebuiltOrganizations: number;
}

export interface Readiness {
  /** Asks about what decides now, which is kept until it has answered. */
  readonly now: (ask: (current: Current) => Promise<Answer>) => Promise<Answer>;
  readonly graphStatus: () => Promise<GraphStatus>;
  /** Gives null when it is off. */
  readonly decisionLog: () => DecisionLogStatus | null;
}

/** Are lines kept at the moment? If not, and checks are refused then, the gateway is not ready. */
export interface DecisionLogStatus {
  readonly isFailing: boolean;
  readonly refuses: boolean;
}

/**
 * Asks every engine at once, each within a deadline; who comes meanwhile shares the answer, since anybody may ask. Without OpenFGA the
 * gateway is degraded but ready: the ledger goes on deciding for the built-in kinds.
 */
export function createReadiness(readiness: Readiness, drain: Drain): () => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return async () => {
    if (drain.isDraining) return { status: 503, body: { status: "draining" } };
    underWay ??= readiness
      .now(async (current) => await askAll(readiness, current))
      .finally(() => {
        underWay = undefined;
      });
    return await underWay;
  };
}

async function askAll({ graphStatus, decisionLog }: Readiness, current: Current): Promise<Answer> {
  const { deciding, kinds, checks } = current;
  const found: { graph?: GraphStatus; kinds?: Current["kinds"] } = {};
  const policies: Deciding & { served?: string | null } = { ...deciding };
  if (kinds.served.length + kinds.refused.length > 0) found.kinds = kinds;
  const [postgres, cerbos, openfga] = await Promise.all([
    isUp(async (signal) => {
      await checks.postgres(signal);
      found.graph = await graphStatus(); // the ledger tells
    }),
    isUp(async (signal) => {
      policies.served = await checks.cerbos(signal);
    }),
    isUp(checks.openfga),
  ]);
  const log = decisionLog();
  const isServed = policies.served === policies.unit;
  const isReady = postgres && cerbos && isServed && !(log?.isFailing === true && log.refuses);
  const status = isReady ? (openfga ? "ready" : "degraded") : "unavailable";
  const engines = { postgres: upOrDown(postgres), cerbos: upOrDown(cerbos), openfga: upOrDown(openfga) };
  const lines = log !== null && { decisionLog: log.isFailing ? "failing" : "kept" };
  return { status: isReady ? 200 : 503, body: { status, engines, policies, ...lines, ...found } };
}

async function isUp(check: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
  const signal = AbortSignal.timeout(LIMITS.readinessMs);
  const silence = new Promise<boolean>((resolve) => {
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
  const answer = check(signal).then(
    () => true,
    () => false, // Down is what readiness tells; why, the engine's own calls log.
  );
  return await Promise.race([answer, silence]);
}

function upOrDown(isEngineUp: boolean): "up" | "down" {
  return isEngineUp ? "up" : "down";
}
