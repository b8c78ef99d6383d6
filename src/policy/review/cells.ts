import type { Judge } from "../../entities/judge.ts";
import type { Reason } from "../../entities/errors.ts";
import type { PrincipalRole } from "../../entities/kinds.ts";
import { ANCHOR, type PolicyDocument, type RuleDocument } from "./documents.ts";
import { type Comparison, readsOf, ROLE } from "./reads.ts";
import { resourceOf, subjectOf } from "./resource-of.ts";
import type { KindPolicies } from "./revision.ts";
import type { Dimension, Plans, Point, Space } from "./space.ts";

/** What a matrix, or a floor, says of some actions that the same rules are about. */
export interface Part {
  readonly from: "matrix" | "floor";
  /** Of the matrix; the floor has one. */
  readonly version: string;
  readonly document: PolicyDocument;
  readonly actions: readonly string[];
  readonly rules: readonly RuleDocument[];
  /** The facts that decide, and no others. */
  readonly reads: ReadonlySet<string>;
  /** Facts that some condition sets against each other. */
  readonly comparisons: readonly Comparison[];
}

/** One part for all the actions that have the same rules. */
export function partsOf(from: Part["from"], document: PolicyDocument): Part[] {
  const actions = [...new Set(document.rules.flatMap((rule) => rule.actions))].filter((action) => action !== ANCHOR);
  const parts = new Map<string, Part>();
  for (const action of actions) {
    const rules = document.rules.filter((rule) => rule.actions.includes(action));
    const key = rules.map((rule) => document.rules.indexOf(rule)).join();
    const known = parts.get(key);
    const { facts: reads, comparisons } = readsOf(expressionsOf(rules), document.variables);
    parts.set(key, {
      from,
      version: document.version,
      document,
      ...{ rules, reads, comparisons },
      actions: [...(known?.actions ?? []), action],
    });
  }
  return [...parts.values()];
}

function expressionsOf(rules: readonly RuleDocument[]): RuleDocument["conditions"] {
  return rules.flatMap(({ conditions, output }) => [...conditions, ...(output === null ? [] : [output])]);
}

/** A point for each of its facts, in the order of the dimensions. */
export type Cell = readonly Point[];

export interface Cells {
  readonly dimensions: readonly Dimension[];
  readonly cells: readonly Cell[];
  /** Every combination, or, where that would be too many, every pair of values. */
  readonly isWhole: boolean;
}

/** Combinations of one part. */
export const MOST_CELLS = 60_000;

/**
 * All cells of these facts: every combination of values that fit, and each of those with one fact missing or of the wrong type. That
 * a second one is missing too can only take away.
 * @param most combinations; past it pairs are covered
 */
export function cellsOf(facts: ReadonlySet<string>, space: Space, most = MOST_CELLS): Cells {
  const dimensions = [...facts].sort().flatMap((fact) => space.get(fact) ?? []);
  const fitting = dimensions.map(({ fact, points }) => ({ fact, points: points.filter(fits) }));
  const size = fitting.reduce((product, { points }) => product * points.length, 1);
  const isWhole = size <= most || dimensions.length < 2;
  const unfit = dimensions.flatMap(({ fact, points }, index) => {
    const others = fitting.with(index, { fact, points: points.filter((point) => !fits(point)) });
    return isWhole ? productOf(others) : pairsOf(others, index);
  });
  const cells = [...(isWhole ? productOf(fitting) : pairsOf(fitting)), ...unfit];
  return { dimensions, isWhole, cells };
}

/** Can the gateway supply it? */
export function fits(point: Point): boolean {
  return point.is === "missing" ? point.fits : point.is !== "wrong";
}

function productOf(dimensions: readonly Dimension[]): Cell[] {
  return dimensions.reduce<Cell[]>(
    (cells, { points }) => cells.flatMap((cell) => points.map((point) => [...cell, point])),
    [[]],
  );
}

/**
 * Every two facts at every two of their values, the others at each of theirs in turn, so that none is left at one value alone.
 * @param about the one fact that every pair is to have; undefined: any
 */
function pairsOf(dimensions: readonly Dimension[], about?: number): Cell[] {
  const cells = new Map<string, Cell>();
  const places = [...dimensions.keys()];
  const pairs = places.flatMap((one) => places.slice(one + 1).map((other) => [one, other] as const));
  let turn = 0;
  for (const [one, other] of pairs.filter((pair) => about === undefined || pair.includes(about))) {
    for (const [a, b] of productOf([one, other].flatMap((place) => dimensions[place] ?? []))) {
      turn += 1;
      const cell = dimensions.flatMap(({ points }, place) => {
        const filler = points[Math.floor(turn / (place + 1)) % points.length];
        return (place === one ? a : place === other ? b : filler) ?? [];
      });
      cells.set(JSON.stringify(cell), cell);
    }
  }
  return [...cells.values()];
}

/** Of one cell, why the part denies each of its actions; none: it allows. */
export type Said = ReadonlyMap<string, readonly Reason[]>;

export interface Asking {
  readonly judge: Judge;
  readonly kind: KindPolicies;
  readonly plans: Plans;
}

const TIMEOUT_MS = 20_000;
/** Questions on their way at a time. */
const AT_ONCE = 400;

/** Asks Cerbos about every cell, in batches. */
export async function ask(asking: Asking, part: Part, { dimensions, cells }: Cells): Promise<Said[]> {
  const facts = dimensions.map(({ fact }) => fact);
  const said: Said[] = [];
  for (let from = 0; from < cells.length; from += AT_ONCE) {
    const some = cells
      .slice(from, from + AT_ONCE)
      .map(
        async (cell) => await askOne(asking, part, new Map(cell.map((point, index) => [facts[index] ?? "", point]))),
      );
    said.push(...(await Promise.all(some)));
  }
  return said;
}

async function askOne({ judge, kind, plans }: Asking, part: Part, points: ReadonlyMap<string, Point>): Promise<Said> {
  const role = points.get(ROLE);
  const question = {
    // Each part by itself: what both say together is both their reasons.
    ...{ kind: part.document.resource, matrix: part.version, hasFloor: false },
    role: (role?.is === "value" ? role.value : "none") as PrincipalRole, // a point of the dimension of roles
    actions: part.actions,
    attributes: resourceOf(kind, points, plans),
    subject: subjectOf(points, plans),
  };
  const verdicts = await judge(question, TIMEOUT_MS);
  return new Map([...verdicts].map(([action, verdict]) => [action, verdict.reasons]));
}
