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
import { embedded, type Judging, openStandby, requireServing, unitOf } from "./judging.ts";
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
        if (!isCheckOnly) tellNotReplaced(replacing.reporting, error);
        throw error;
      }
    },
    close: async () => {
      await Promise.all(retiring);
    },
  };
}

function tellNotReplaced({ log }: Reporting, error: unknown): void {
  const code = error instanceof AppError ? error.code : null;
  const problem = error instanceof Error ? error.message : String(error);
  log.error({ event: "policies.not_replaced", code, problem }, "policies.not_replaced");
}

/** Copied first: what is hashed, checked and served is the copy, whoever writes into the folders meanwhile. */
async function prepare(replacing: Replacing, isCheckOnly: boolean, retiring: Set<Promise<void>>): Promise<Prepared> {
  const { config, engines, reporting, served } = replacing;
  const current = served().current;
  const previous = { unit: current.policies.unit, commit: current.policies.commit, model: current.model };
  const nothing = { previous, serve: () => undefined, end: async () => await Promise.resolve() };
  const within = engines.judges === null ? undefined : snapshotsOf(config.stateDir);
  await using snapshot = await takeSnapshot(config.policiesDir, config.hostPolicies, within).catch(refused(String));
  if (snapshot.unit === previous.unit && (await unitOf(current)) === previous.unit) {
    return { next: previous, refused: [...current.policies.kinds.refused.keys()], ...nothing }; // nothing is to be found in it
  }
  const named = (text: string): string => snapshot.named(text).replaceAll(config.stateDir, "STATE_DIR");
  const policies = await readChecked(snapshot, current.policies).catch(refused(named));
  const { unit, commit } = policies;
  const refusedKinds = [...policies.kinds.refused.keys()];
  requireOwnModel(config, policies, current);
  if (isCheckOnly) {
    if (engines.judges === null) await requireStandby(replacing, unit);
    return { next: { unit, commit, model: null }, refused: refusedKinds, ...nothing };
  }
  const judging = await openJudging(replacing, policies, snapshot, named);
  try {
    await requireServing(judging, unit);
    const failed = await failedVectors(judging.cerbos.judge, snapshot);
    if (failed.length > 0) throw refusal(named(failed.join("\n")));
    const { modelId: model } = await prepareModel(config, engines, policies.model);
    await requireServing(judging, unit); // last of all: it may have ended meanwhile
    const next = replacing.unitOf({ policies, model, graph: current.graph.under(model), ...judging });
    const switching = switchingTo(replacing, next, retiring);
    return { next: { unit, commit, model }, previous, refused: refusedKinds, ...switching };
  } catch (error) {
    await retire(reporting, judging);
    throw error;
  }
}

function switchingTo(replacing: Replacing, next: Unit, retiring: Set<Promise<void>>): Pick<Prepared, "serve" | "end"> {
  const { reporting } = replacing;
  let isServed = false;
  return {
    serve: () => {
      isServed = true;
      const retired = replace(replacing, next)
        // It decides already: nobody is told that it does not, and nothing ends for it.
        .catch((error: unknown) => warn(reporting, "policies.not_told", error))
        .finally(() => retiring.delete(retired));
      retiring.add(retired);
    },
    end: async () => {
      if (!isServed) await retire(reporting, next);
    },
  };
}

/** From the assignment within `held.replace` on every request gets the new one. Resolves when the old one has ended. */
async function replace({ engines, metrics, reporting, served }: Replacing, next: Unit): Promise<void> {
  const held = served();
  const before = held.current;
  const { unit, commit, problems } = next.policies;
  const unused = held.replace(next);
  engines.judges?.uses(next.target);
  metrics.decidesBy({ unit, commit, model: next.model });
  reporting.report(`The policies were replaced: unit ${unit} decides, and no longer ${before.policies.unit}`);
  for (const problem of problems) reporting.report(`Not served: ${problem}`);
  if (!next.policies.isCompiled) reporting.log.warn({ event: "policies.not_compiled", unit }, "policies.not_compiled");
  const told = { event: "policies.served", unit, commit, model: next.model, previous: before.policies.unit };
  reporting.log.info(told, "policies.served");
  await unused;
  await retire(reporting, before);
}

/** Never throws: why it is given up is what is to be told. */
async function retire(reporting: Reporting, judging: Judging): Promise<void> {
  await judging.retire().catch((error: unknown) => warn(reporting, "policies.not_retired", error));
}

function warn({ log }: Reporting, event: string, error: unknown): void {
  log.warn({ event, ...describeError(error) }, event);
}

/** With OPENFGA_MODEL_ID the model is somebody else's to write, and what decides must be of one piece. */
function requireOwnModel({ openfga }: Config, next: Policies, { policies }: Unit): void {
  const differences = modelDifferences(next.model, policies.model);
  if ((openfga?.modelId ?? null) === null || differences.length === 0) return;
  const what = `the relationship model changes, and OPENFGA_MODEL_ID names one of which ${differences.join(", ")}`;
  throw refusal(`${what}: write it, set its id, and restart`);
}

/** What the switch would find, were it to come now. */
async function requireStandby({ config, reporting, served }: Replacing, unit: string): Promise<void> {
  const standby = openStandby(config, served().current.target);
  await requireServing(standby, unit).finally(async () => await retire(reporting, standby));
}

/** The second Cerbos, of which nothing is known yet. */
async function openJudging(
  { engines, config, served }: Replacing,
  policies: Policies,
  snapshot: Snapshot,
  named: (text: string) => string,
): Promise<Judging> {
  const { judges } = engines;
  const { unit, files } = policies;
  if (judges === null) return openStandby(config, served().current.target);
  const set = await openPolicySet(config.stateDir, { policiesDir: snapshot.policiesDir, files, unit });
  const target = await judges.start(set.folder).catch(async (error: unknown) => {
    await set.remove();
    return refused((text) => named(text.replaceAll(set.folder, "policies")))(error);
  });
  return embedded(judges, target, set.remove);
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
