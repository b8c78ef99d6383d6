/** What is served: one unit at a time, everything of it together. */
import type { Deps, Served } from "./domain/deps.ts";
import { withBreaker } from "./domain/graph-breaker.ts";
import type { Cerbos } from "./engines/cerbos.ts";
import type { Graph } from "./engines/openfga.ts";
import type { Metrics } from "./http/metrics.ts";
import { observed } from "./observed.ts";
import type { Policies } from "./policy/policies.ts";

/** One unit, ready to decide: policies as they were read, a Cerbos that serves them, and the graph under their model. */
export interface Unit extends Parts {
  /** What the domain has while it works with this one. */
  readonly deps: Deps;
}

export interface Parts {
  readonly policies: Policies;
  readonly cerbos: Cerbos;
  /** Where that is. */
  readonly target: string;
  readonly graph: Graph;
  /** OpenFGA's id of it. */
  readonly model: string;
  /** Ends what it alone uses; nobody may use it any more. */
  readonly retire: () => Promise<void>;
}

/** What all units share. */
export type Common = Omit<Deps, keyof Served>;

export function unitsOf(common: Common, metrics: Pick<Metrics, "took">): (parts: Parts) => Unit {
  return (parts) => {
    const { policies, cerbos, graph, model } = parts;
    const { unit, commit, plans, kinds, rulesFor, factDomains } = policies;
    const deciding = { unit, commit, model, plans, kinds, rulesFor, factDomains };
    const breaker = withBreaker(graph, () => performance.now());
    return { ...parts, deps: observed({ ...common, ...deciding, judge: cerbos.judge, graph: breaker }, metrics) };
  };
}
