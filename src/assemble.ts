/** Assembles engines, domain, relay and HTTP: the one file that constructs things. */
import type { Server } from "node:http";
import { otherArrivals, startAllEngines } from "./arrivals.ts";
import { openCarriers, systemClock } from "./carriers.ts";
import type { Config } from "./config.ts";
import { connectGraph, openLedger } from "./connections.ts";
import { registerPlatformClient } from "./domain/clients.ts";
import type { DecisionLog } from "./decisions/log.ts";
import { recordStart } from "./domain/deploy.ts";
import type { Deps } from "./domain/deps.ts";
import { createFingerprints } from "./domain/fingerprints.ts";
import { hold, type Held } from "./domain/held.ts";
import { ownIssuers } from "./domain/own-issuers.ts";
import { createQueue } from "./domain/queue.ts";
import { tellUnopenable } from "./domain/resealing.ts";
import { createSealing, masterKeyOf } from "./domain/sealing.ts";
import { createTombstones } from "./domain/tombstones.ts";
import { createTextLookup } from "./engines/dns.ts";
import { systemRandom } from "./entities/ids.ts";
import { LIMITS } from "./entities/limits.ts";
import { type Budgets, createBudgets } from "./http/budgets.ts";
import { type Log, naming } from "./http/log.ts";
import { createMetrics, type Metrics } from "./http/metrics.ts";
import { closeServer, createDrain } from "./http/server.ts";
import { type Fittings, listen, urlOf } from "./listen.ts";
import type { Engines } from "./local/chosen-engines.ts";
import { decidedBy, openDecisions } from "./observed.ts";
import { type Opened, openPolicies } from "./policy/opened.ts";
import type { Policies } from "./policy/policies.ts";
import type { DomainChecks } from "./relay/domain-checks.ts";
import type { Reconciler } from "./relay/reconciler.ts";
import type { Relay, RelayLog } from "./relay/relay.ts";
import { openFirst } from "./judging.ts";
import { createDeploys } from "./reload.ts";
import { type Common, type Unit, unitsOf } from "./served.ts";
import { migrate } from "./stores/migrate.ts";
import { readVersion } from "./version.ts";
import { watchPolicies } from "./watched.ts";

const DRAIN_MS = 10_000;

export interface Gateway {
  readonly url: string;
  /** Of the unit that is served at the moment. */
  readonly deps: Deps;
  readonly served: Held<Unit>;
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  readonly domainChecks: DomainChecks;
  /** Its own: each line names the unit that is served then. */
  readonly log: Log;
  /** Resolves with the name of an embedded engine that ended by itself. */
  readonly engineLost: Promise<string>;
  /**
   * Says that it is not ready, finishes what is under way, then closes everything, the embedded engines last.
   * @param seen resolves when everybody has seen that it is not ready; until then it goes on taking requests
   */
  close(seen?: Promise<unknown>): Promise<void>;
}

/** What talks to the engines, assembled: everything but HTTP. */
export interface Core {
  readonly served: Held<Unit>;
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  readonly domainChecks: DomainChecks;
  readonly budgets: Budgets;
  readonly metrics: Metrics;
  /** null: it is off. */
  readonly decisions: DecisionLog | null;
  close(): Promise<void>;
}

export interface Reporting {
  /** Takes lines for a person. */
  readonly report: (line: string) => void;
  readonly log: Log;
}

/**
 * Starts what is needed, waits for engines of one's own, and listens when it can answer. Throws LocalEngineError.
 * @param clock what expires goes by it; tokens, leases and deadlines do not
 */
export async function startGateway(
  config: Config,
  { report, log: unnamed }: Reporting,
  clock = systemClock,
): Promise<Gateway> {
  let unit = (): string | undefined => undefined;
  const log = naming(unnamed, () => unit());
  const reporting = { report, log };
  const { policies, set } = await loadPolicies(config, reporting);
  const engines = await startAllEngines(config, report, set);
  try {
    const core = await assemble({ config, policies, engines }, reporting, clock);
    const { served, relay, reconciler, domainChecks } = core;
    unit = () => served.current.policies.unit;
    const drain = createDrain();
    const server = await open(config, engines, core, { log, drain });
    const { commit, model } = served.current.deps;
    log.info({ event: "policies.served", commit, model }, "policies.served");
    core.decisions?.start();
    relay.start();
    reconciler.start(config.reconcileIntervalMs);
    domainChecks.start();
    const folders =
      config.watchesPolicies && engines.judges !== null ? [config.policiesDir, ...config.hostPolicies] : [];
    const watch = watchPolicies(folders, served.current.deps.deploys, reporting);
    const close = async (seen: Promise<unknown> = Promise.resolve()): Promise<void> => {
      drain.begin();
      await watch.close();
      await seen;
      await closeServer(server, DRAIN_MS);
      await core.close();
      await engines.stop();
    };
    return {
      url: urlOf(server),
      get deps() {
        return served.current.deps;
      },
      ...{ served, relay, reconciler, domainChecks, log, engineLost: engines.lost, close },
    };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}

/** The last steps of a start: the platform's log is told by what is decided, then anybody may ask. */
async function open(config: Config, engines: Engines, core: Core, fittings: Fittings): Promise<Server> {
  const database = openLedger(config, engines.databaseUrl, "reconciler"); // nobody waits for an answer: no question's deadline
  const deps = { ...core.served.current.deps, database };
  try {
    await Promise.all([recordStart(deps), tellUnopenable(deps)]).finally(async () => await database.close());
    return await listen(config, engines, core, fittings);
  } catch (error) {
    await core.close();
    throw error;
  }
}

/** What is there before anything is assembled. */
export interface Ground {
  readonly config: Config;
  readonly policies: Policies;
  readonly engines: Engines;
}

/** Reads what decides, and tells what of a host's is refused. Throws what openPolicies throws. */
export async function loadPolicies(config: Config, { report, log }: Reporting): Promise<Opened> {
  const opened = await openPolicies(config);
  const { policies } = opened;
  for (const problem of policies.problems) {
    report(`Not served: ${problem}`);
    log.error({ event: "policies.refused", problem }, "policies.refused");
  }
  if (!policies.isCompiled) {
    report("The policies were read and not compiled: there is no Cerbos on this machine to do it");
    log.warn({ event: "policies.not_compiled" }, "policies.not_compiled");
  }
  return opened;
}

/** What cannot be read, or guessed at, without the keys that are the operator's. */
function keyed(config: Config, { secret }: Engines): Pick<Common, "tombstones" | "sealing" | "fingerprints"> {
  const masterKeys = [...config.masterKeys, masterKeyOf(secret)];
  return {
    tombstones: createTombstones(secret),
    sealing: createSealing(masterKeys),
    fingerprints: createFingerprints(masterKeys),
  };
}

export async function assemble(
  { config, policies, engines }: Ground,
  { report, log }: Reporting,
  clock = systemClock,
): Promise<Core> {
  await migrate(engines.databaseUrl, report);
  await otherArrivals(config, report);
  const { graph, model } = await connectGraph(config, engines, policies.model);
  const judging = await openFirst(config, engines, policies.unit, { report, log });
  const database = openLedger(config, engines.databaseUrl, "gateway");
  const writeLog: RelayLog = (level, event, detail) => log[level]({ ...detail, event }, event);
  const metrics = createMetrics(await readVersion(), { ...policies, model });
  const budgets = createBudgets(config.rates);
  const decisions = openDecisions({ settings: config.decisionLog, clock: systemClock, report: writeLog, metrics });
  const deploys = createDeploys({
    ...{ config, engines, metrics, reporting: { report, log } },
    served: () => served,
    unitOf: (parts) => unitOf(parts),
  });
  const lookUpTexts = createTextLookup(config.dnsServers);
  const common: Common = {
    database,
    deploys,
    clock,
    random: systemRandom,
    ...keyed(config, engines),
    isOwnIssuer: ownIssuers(config.oidc === null ? [] : [config.oidc.issuer], config.publicUrl),
    tokenMaxHours: config.tokenMaxHours,
    timeouts: config.timeouts,
    lookUpTexts,
    domainRecheckMs: config.domains.recheckMs,
    queue: createQueue(),
    applyTuples: async (organization) => await carriers.relay.apply(organization),
    requestReconcile: (organization) => carriers.reconciler.request(organization),
    admit: async (organization, work) => await budgets.ofOrganization(organization, work),
    decided: decidedBy(metrics, decisions),
    warn: (event, detail) => writeLog("warn", event, detail),
  };
  const unitOf = unitsOf(common, metrics);
  const served = hold(unitOf({ policies, graph, model, ...judging }), LIMITS.unitPatienceMs);
  const carriers = openCarriers({ config, engines, served }, { metrics, log: writeLog, clock, lookUpTexts });
  if (config.platformClient !== null) await registerPlatformClient(served.current.deps, config.platformClient);
  const close = async (): Promise<void> => {
    await Promise.all([carriers.close(), decisions?.close(), deploys.close()]);
    await Promise.all([graph.close(), database.close()]);
    served.current.cerbos.close();
  };
  const { relay, reconciler, domainChecks } = carriers;
  return { served, relay, reconciler, domainChecks, budgets, metrics, decisions, close };
}
