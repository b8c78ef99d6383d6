import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { type DomainCheck, DOMAIN_CHECKS } from "../entities/adopted-domains.ts";
import type { Deciding } from "../entities/deciding.ts";

/** The steps of the two flows whose time is measured. */
export type Step = "facts" | "graph" | "policies" | "transaction" | "relay";

/** How things stand now, asked when somebody looks. */
export interface Standing {
  readonly pendingOrganizations: number;
  readonly stoppedOrganizations: number;
  readonly oldestPendingSeconds: number;
  readonly missingTuples: number;
  readonly injectedTuples: number;
  readonly rebuiltOrganizations: number;
}

export interface Answered {
  readonly method: string;
  /** The route's pattern. */
  readonly route: string;
  readonly status: number;
}

/** What the service tells of itself to Prometheus: no id, no name, no alias is ever a label. */
export interface Metrics {
  /** From now on: the policies were replaced. */
  decidesBy(deciding: Deciding): void;
  took(step: Step, seconds: number): void;
  /** A question by its decision; a denial by each of its reasons. */
  decided(decision: "allow" | "deny" | "undecided", reasons: readonly string[]): void;
  answered(answer: Answered, seconds: number): void;
  /** Lines of the decision log. */
  lines(outcome: "written" | "lost", count: number): void;
  /** A later look at the proof of a verified domain. */
  lookedAtDomain(outcome: DomainCheck): void;
  /** In the text format; without the standing when the ledger does not tell it. */
  expose(standing: () => Promise<Standing>): Promise<string>;
}

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Seconds. A question takes a millisecond or two, a change some more; deadlines are at 0.4 and 5. */
const BUCKETS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 10];

export function createMetrics(version: string, deciding: Deciding): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const decidesBy = versionsGauge(registers, version);
  decidesBy(deciding);
  const decisions = new Counter({
    name: "bailiwick_decisions_total",
    help: "Questions of other services and people, by decision, and denials by each reason",
    labelNames: ["decision", "reason"],
    registers,
  });
  const steps = new Histogram({
    name: "bailiwick_step_duration_seconds",
    help: "What the steps of questions and changes take",
    labelNames: ["step"],
    buckets: BUCKETS,
    registers,
  });
  const answers = new Histogram({
    name: "bailiwick_http_request_duration_seconds",
    help: "Answers, by route and status",
    labelNames: ["method", "route", "status"],
    buckets: BUCKETS,
    registers,
  });
  const lines = new Counter({
    name: "bailiwick_decision_log_lines_total",
    help: "Lines of the decision log, by whether it could keep them",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["written", "lost"]) lines.inc({ outcome }, 0);
  const lookedAtDomain = domainLooks(registers);
  const showStanding = standingGauges(registers);
  return {
    decidesBy,
    took: (step, seconds) => steps.observe({ step }, seconds),
    decided: (decision, reasons) => {
      for (const reason of reasons.length === 0 ? [""] : reasons) decisions.inc({ decision, reason });
    },
    answered: ({ method, route, status }, seconds) => answers.observe({ method, route, status }, seconds),
    lines: (outcome, count) => lines.inc({ outcome }, count),
    lookedAtDomain,
    expose: async (standing) => {
      await showStanding(standing);
      return await registry.metrics();
    },
  };
}

/** Of one unit at a time: what was served before has no series any more. */
function versionsGauge(registers: Registry[], version: string): Metrics["decidesBy"] {
  const labelNames = ["version", "unit", "commit", "model", "node"];
  const gauge = new Gauge({ name: "bailiwick_info", help: "Versions, as labels", labelNames, registers });
  return ({ unit, commit, model }) => {
    gauge.reset();
    gauge.set({ version, unit, commit: commit ?? "", model, node: process.versions.node }, 1);
  };
}

function domainLooks(registers: Registry[]): Metrics["lookedAtDomain"] {
  const looks = new Counter({
    name: "bailiwick_domain_checks_total",
    help: "Later looks at the proofs of verified domains, by what was found",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of DOMAIN_CHECKS) looks.inc({ outcome }, 0);
  return (outcome) => looks.inc({ outcome });
}

function standingGauges(registers: Registry[]): (standing: () => Promise<Standing>) => Promise<void> {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `bailiwick_${name}`, help, registers });
  const gauges: Readonly<Record<keyof Standing, Gauge>> = {
    pendingOrganizations: gauge("outbox_pending_organizations", "Organizations with tuples that OpenFGA does not have"),
    stoppedOrganizations: gauge("outbox_stopped_organizations", "Organizations with a row that cannot be applied"),
    oldestPendingSeconds: gauge("outbox_lag_seconds", "Age of the oldest row that OpenFGA does not have; 0: none"),
    missingTuples: gauge("drift_missing_tuples", "Tuples that were missing from OpenFGA, found since the start"),
    injectedTuples: gauge("drift_injected_tuples", "Tuples that somebody else wrote to OpenFGA, found since the start"),
    rebuiltOrganizations: gauge("drift_rebuilt_organizations", "Organizations whose graph was lost, since the start"),
  };
  return async (standing) => {
    try {
      const now = await standing();
      for (const [name, of] of Object.entries(gauges)) of.set(now[name as keyof Standing]);
    } catch {
      for (const of of Object.values(gauges)) of.set(Number.NaN); // Nobody knows; the other figures still count.
    }
  };
}
