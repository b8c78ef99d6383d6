/** What works behind the requests: tuples are carried to the graph, graph and ledger compared, proofs of domains looked for again. */
import type { Config } from "./config.ts";
import { openLedger } from "./connections.ts";
import type { Held } from "./domain/held.ts";
import type { LookUpTexts } from "./entities/adopted-domains.ts";
import { newId, systemRandom } from "./entities/ids.ts";
import type { Metrics } from "./http/metrics.ts";
import type { Engines } from "./local/chosen-engines.ts";
import { createDomainChecks, type DomainChecks } from "./relay/domain-checks.ts";
import { READ_TIMEOUT_MS } from "./relay/reconcile.ts";
import { createReconciler, type Reconciler } from "./relay/reconciler.ts";
import { createRelay, type Relay, type RelayLog } from "./relay/relay.ts";
import type { Unit } from "./served.ts";

export const systemClock = (): Date => new Date();

export interface Carriers {
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  readonly domainChecks: DomainChecks;
  close(): Promise<void>;
}

interface Ground {
  readonly config: Config;
  readonly engines: Engines;
  readonly served: Held<Unit>;
}

interface Beside {
  readonly metrics: Pick<Metrics, "lookedAtDomain">;
  readonly log: RelayLog;
  /** What domains go by; tuples go by the system's. */
  readonly clock: () => Date;
  readonly lookUpTexts: LookUpTexts;
}

/** Relay and reconciler tell each other where to look. */
export function openCarriers({ config, engines, served }: Ground, beside: Beside): Carriers {
  const { metrics, log, clock, lookUpTexts } = beside;
  const relayDatabase = openLedger(config, engines.databaseUrl, "relay");
  const database = openLedger(config, engines.databaseUrl, "reconciler");
  const apply = async (organization: string): Promise<void> => await relay.apply(organization);
  const reconciler = createReconciler({
    get graph() {
      return served.current.graph;
    },
    get kinds() {
      return served.current.policies.kinds;
    },
    ...{ database, relayDatabase, apply, clock: systemClock, log },
    beginsAt: () => newId(systemRandom, "e-"),
    readTimeoutMs: READ_TIMEOUT_MS,
  });
  const relay = createRelay({
    database: relayDatabase,
    get graph() {
      return served.current.graph;
    },
    owner: newId(systemRandom, "rel-"),
    clock: systemClock,
    jitter: Math.random,
    log,
    requestReconcile: (organization) => reconciler.request(organization),
  });
  const domainChecks = createDomainChecks({
    ...{ database, lookUpTexts, clock, random: systemRandom, log, ...config.domains },
    unit: () => served.current.policies.unit,
    checked: (outcome) => metrics.lookedAtDomain(outcome),
  });
  const close = async (): Promise<void> => {
    await Promise.all([reconciler.close(), relay.close(), domainChecks.close()]);
    await Promise.all([relayDatabase.close(), database.close()]);
  };
  return { relay, reconciler, domainChecks, close };
}
