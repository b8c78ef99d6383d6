import { LIMITS } from "../entities/limits.ts";
import type { Answer } from "./answer.ts";

/** One question to each engine; resolves when it answers, throws when it does not. */
export type ReadinessChecks = Readonly<
  Record<"postgres" | "cerbos" | "openfga", (signal: AbortSignal) => Promise<unknown>>
>;

/**
 * Asks every engine at once, each within a deadline; who comes meanwhile shares the answer, since anybody may ask. Without OpenFGA the
 * gateway is degraded but ready: the ledger goes on deciding for the built-in kinds.
 */
export function createReadiness(checks: ReadinessChecks): () => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return async () => {
    underWay ??= askAll(checks).finally(() => {
      underWay = undefined;
    });
    return await underWay;
  };
}

async function askAll(checks: ReadinessChecks): Promise<Answer> {
  const [postgres, cerbos, openfga] = await Promise.all([
    isUp(checks.postgres),
    isUp(checks.cerbos),
    isUp(checks.openfga),
  ]);
  const isReady = postgres && cerbos;
  const status = isReady ? (openfga ? "ready" : "degraded") : "unavailable";
  const engines = { postgres: upOrDown(postgres), cerbos: upOrDown(cerbos), openfga: upOrDown(openfga) };
  return { status: isReady ? 200 : 503, body: { status, engines } };
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
