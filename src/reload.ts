/** Replaces what is served by what the folders of policies hold now: docs/decisions/0010-served-unit.md. */
import type { Reporting } from "./assemble.ts";
import type { Config } from "./config.ts";
import { prepareModel } from "./connections.ts";
import type { Deploys, Prepared } from "./domain/deps.ts";
import type { Held } from "./domain/held.ts";
import { modelDifferences } from "./engines/openfga-differences.ts";
import { AppError } from "./entities/errors.ts";
import { LIMITS } from "./entities/limits.ts";
import type { Metrics } from "./http/metrics.ts";
import { describeError } from "./http/log.ts";
import type { Engines } from "./local/chosen-engines.ts";
import { embedded, type Judging, openStandby, serving } from "./judging.ts";
import type { Policies } from "./policy/policies.ts";
import { readChecked } from "./policy/deployed.ts";
import { openPolicySet } from "./policy/policy-set.ts";
import { type Snapshot, snapshotsOf, takeSnapshot } from "./policy/snapshot.ts";
import { failedVectors } from "./policy/vectors.ts";
import type { Parts, Unit } from "./served.ts";

export interface Replacing {
  readonly config: Config;
  readonly engines: Engines;
  readonly reporting: Reporting;
  readonly metrics: Pick<Metrics, "decidesBy">;
  readonly served: () => Held<Unit>;
  readonly unitOf: (parts: Parts) => Unit;
}

export interface ClosableDeploys extends Deploys {
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** One at a time; whatever goes wrong, what is served goes on. */
export function createDeploys(replacing: Replacing): ClosableDeploys {
  let isBusy = false;
  const retiring = new Set<Promise<void>>();
  return {
    prepare: async ({ isCheckOnly }) => {
      if (isBusy) throw new AppError("RELOAD_UNDER_WAY", "Another reload is under way. Wait until it has ended.");
      isBusy = true;
      try {
        const prepared = await prepare(replacing, isCheckOnly, retiring);
        const end = async (): Promise<void> => {
          await prepared.end().finally(() => (isBusy = false));
        };
        return { ...prepared, end };
      } catch (error) {
        isBusy = false;
        throw error;
      }
    },
    close: async () => {
      await Promise.all(retiring);
    },
  };
}

/** Copied first: what is hashed, checked and served is the copy, whoever writes into the folders meanwhile. */
async function prepare(replacing: Replacing, isCheckOnly: boolean, retiring: Set<Promise<void>>): Promise<Prepared> {
  const { config, served } = replacing;
  const current = served().current;
  const { unit: unitNow, commit: commitNow } = current.policies;
  const within = replacing.engines.judges === null ? undefined : snapshotsOf(config.stateDir);
  await using snapshot = await takeSnapshot(config.policiesDir, config.hostPolicies, within).catch(refused(String));
  const nothing = { serve: () => undefined, end: async () => await Promise.resolve() };
  if (snapshot.unit === unitNow) {
    const refusedNow = [...current.policies.kinds.refused.keys()];
    return { unit: unitNow, commit: commitNow, refused: refusedNow, ...nothing }; // it is served: nothing is to be found in it
  }
  const named = (text: string): string => snapshot.named(text).replaceAll(config.stateDir, "STATE_DIR");
  const policies = await readChecked(snapshot, current.policies).catch(refused(named));
  const { unit, commit } = policies;
  requireOwnModel(config, policies, current);
  if (isCheckOnly) return { unit, commit, refused: [...policies.kinds.refused.keys()], ...nothing };
  const judging = await openJudging(replacing, policies, snapshot, named);
  try {
    const failed = await failedVectors(judging.cerbos.judge, snapshot);
    if (failed.length > 0) throw refusal(named(failed.join("\n")));
    const { modelId } = await prepareModel(config, replacing.engines, policies.model);
    return preparedFor(
      replacing,
      { policies, model: modelId, graph: current.graph.under(modelId), ...judging },
      retiring,
    );
  } catch (error) {
    await judging.retire();
    throw error;
  }
}

function preparedFor(replacing: Replacing, parts: Parts, retiring: Set<Promise<void>>): Prepared {
  const { unit, commit, kinds } = parts.policies;
  let isServed = false;
  return {
    unit,
    commit,
    refused: [...kinds.refused.keys()],
    serve: () => {
      isServed = true;
      const retired = serve(replacing, parts).finally(() => retiring.delete(retired));
      retiring.add(retired);
    },
    end: async () => {
      if (!isServed) await parts.retire();
    },
  };
}

/** From the assignment within `replace` on every request gets the new one. Resolves when the old one has ended. */
async function serve(replacing: Replacing, parts: Parts): Promise<void> {
  const { engines, metrics, reporting, served } = replacing;
  const held = served();
  const before = held.current;
  const { unit, commit, problems } = parts.policies;
  const unused = held.replace(replacing.unitOf(parts));
  engines.judges?.uses(parts.target);
  metrics.decidesBy({ unit, commit, model: parts.model });
  reporting.report(`The policies were replaced: unit ${unit} decides, and no longer ${before.policies.unit}`);
  for (const problem of problems) reporting.report(`Not served: ${problem}`);
  if (!parts.policies.isCompiled) reporting.log.warn({ event: "policies.not_compiled", unit }, "policies.not_compiled");
  const told = { event: "policies.served", unit, commit, model: parts.model, previous: before.policies.unit };
  reporting.log.info(told, "policies.served");
  await unused;
  await before.retire().catch((error: unknown) => {
    reporting.log.warn({ event: "policies.not_retired", ...describeError(error) }, "policies.not_retired");
  });
}

/** With OPENFGA_MODEL_ID the model is somebody else's to write, and what decides must be of one piece. */
function requireOwnModel({ openfga }: Config, next: Policies, { policies }: Unit): void {
  const differences = modelDifferences(next.model, policies.model);
  if ((openfga?.modelId ?? null) === null || differences.length === 0) return;
  const what = `the relationship model changes, and OPENFGA_MODEL_ID names one of which ${differences.join(", ")}`;
  throw refusal(`${what}: write it, set its id, and restart`);
}

async function openJudging(
  { engines, config, served }: Replacing,
  policies: Policies,
  snapshot: Snapshot,
  named: (text: string) => string,
): Promise<Judging> {
  const { judges } = engines;
  const { unit, files } = policies;
  if (judges === null) return await openStandby(config, served().current.target, unit);
  const set = await openPolicySet(config.stateDir, { policiesDir: snapshot.policiesDir, files, unit });
  const target = await judges.start(set.folder).catch(async (error: unknown) => {
    await set.remove();
    return refused((text) => named(text.replaceAll(set.folder, "policies")))(error);
  });
  return await serving(embedded(judges, target, set.remove), unit);
}

/** @param said what is told of an error's message */
function refused(said: (text: string) => string): (error: unknown) => never {
  return (error) => {
    if (error instanceof AppError) throw error;
    throw refusal(said(error instanceof Error ? error.message : String(error)), error);
  };
}

function refusal(problem: string, cause?: unknown): AppError {
  return new AppError("POLICIES_REFUSED", problem.slice(0, LIMITS.policyProblem), { cause });
}
