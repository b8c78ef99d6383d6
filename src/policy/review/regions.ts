import { type Box, boxesOf, clausesOf, type Column, type Row } from "./boxes.ts";
import { fits } from "./cells.ts";
import type { Difference } from "./differences.ts";
import { code, listed, plain } from "./words.ts";
import { limitsInWords, pointsInWords, valuesInWords } from "./point-words.ts";
import { relationOf, ROLE, WAY } from "./reads.ts";
import type { Revisions } from "./revision.ts";
import { type Dimension, NOWHERE, type Point } from "./space.ts";

/** What is so of one fact, by itself or beside another one. */
export type Clause = { readonly fact: string; /** As a sentence has it. */ readonly words: string } & (
  { readonly values: readonly string[] } | { readonly stands: readonly Standing[]; readonly to: string }
);

/** All of its clauses hold; a fact that is left out may have any value, but is there. None: everywhere. */
export type Region = readonly Clause[];

const STANDINGS = ["below", "equal", "above", "unequal"] as const;
export type Standing = (typeof STANDINGS)[number];

/** Two facts that are compared in a condition: the second is what the plan allows, where one is. */
interface Pair {
  readonly dimensions: readonly [Dimension, Dimension];
  /** Among the facts without the role. */
  readonly places: readonly [number, number];
  readonly standing: (one: Point, other: Point) => Standing | null;
}

/** The regions that hold these cells, all of one role or of several that are alike, and none of the others of that role. */
export function regionsOf(difference: Difference, at: readonly number[], revisions: Revisions): Region[] {
  const { dimensions, cells } = difference.cells;
  const rolePlace = dimensions.findIndex(({ fact }) => fact === ROLE);
  const role = cells[at[0] ?? 0]?.[rolePlace];
  const held = new Set(at);
  const within = [...cells.keys()].filter((index) => cells[index]?.[rolePlace] === role);
  const facts = dimensions.filter(({ fact }) => fact !== ROLE);
  const solve = (pairs: readonly Pair[]): { pairs: readonly Pair[]; boxes: Box[] } => {
    const columns = [...facts.map((each) => factColumn(each, pairs)), ...pairs.map(() => PAIR_COLUMN)];
    const rowAt = (index: number): Row => {
      const points = (cells[index] ?? []).filter((_point, place) => place !== rolePlace);
      const codes = facts.map((each, place) => each.points.indexOf(points[place] ?? NOWHERE));
      return [
        ...codes,
        ...pairs.map((pair) =>
          codeOf(
            pair,
            pair.places.map((place) => points[place]),
          ),
        ),
      ];
    };
    const [rows, others] = [within.filter((each) => held.has(each)), within.filter((each) => !held.has(each))];
    return { pairs, boxes: boxesOf(columns, rows.map(rowAt), others.map(rowAt)) };
  };
  const [best] = [solve(pairsOf(difference, facts, revisions)), solve([])].sort(
    (one, other) => sizeOf(one.boxes) - sizeOf(other.boxes),
  );
  return (best?.boxes ?? []).map((box) =>
    regionOf(box, facts, best?.pairs ?? [], { kind: difference.kind, revisions }),
  );
}

/** What a reader has to take in. */
function sizeOf(boxes: readonly Box[]): number {
  return boxes.reduce((size, box) => size + 1 + clausesOf(box), 0);
}

function factColumn(dimension: Dimension, pairs: readonly Pair[]): Column {
  const { fact, points } = dimension;
  const isPaired = pairs.some(({ dimensions }) => dimensions.includes(dimension));
  const free = [...points.keys()].filter((code) => fits(points[code] ?? NOWHERE));
  return { size: points.length, free, isKept: fact === WAY, unsaid: [], rank: isPaired ? 0 : 1 };
}

const UNCOMPARED = STANDINGS.length;
const PAIR_COLUMN: Column = {
  ...{ size: UNCOMPARED + 1, unsaid: [UNCOMPARED], isKept: false, rank: 2 },
  free: [...STANDINGS.keys(), UNCOMPARED],
};

function codeOf({ standing }: Pair, [one, other]: readonly (Point | undefined)[]): number {
  const found = one === undefined || other === undefined ? null : standing(one, other);
  return found === null ? UNCOMPARED : STANDINGS.indexOf(found);
}

/** A limit that is not the same on both sides is no one thing to stand to. */
function pairsOf({ parts }: Difference, facts: readonly Dimension[], { base, head }: Revisions): Pair[] {
  const compared = [...parts.base, ...parts.head].flatMap(({ comparisons }) => comparisons.map((each) => each.facts));
  const isLimit = ({ points }: Dimension): boolean => points.some(({ is }) => is === "limit");
  const valueOf = (point: Point): unknown => {
    if (point.is !== "limit") return point.is === "value" ? point.value : undefined;
    const [was, is] = [base, head].map(({ plans }) => plans.get(point.plan)?.[point.limit]);
    return was === is ? is : undefined;
  };
  const standing = (one: Point, other: Point): Standing | null => {
    const [left, right] = [valueOf(one), valueOf(other)];
    if (typeof left === "number" && typeof right === "number") {
      return left < right ? "below" : left > right ? "above" : "equal";
    }
    if (typeof left !== "string" || typeof right !== "string") return null;
    return left === right ? "equal" : "unequal";
  };
  return facts.flatMap((one, place) =>
    facts.slice(place + 1).flatMap((other, after): Pair[] => {
      if (!compared.some((each) => each.includes(one.fact) && each.includes(other.fact))) return [];
      const isSettled = [...one.points, ...other.points].every((point) => !fits(point) || valueOf(point) !== undefined);
      const next = place + 1 + after;
      const pair: Omit<Pair, "standing"> = isLimit(one)
        ? { dimensions: [other, one], places: [next, place] }
        : { dimensions: [one, other], places: [place, next] };
      return isSettled ? [{ ...pair, standing }] : [];
    }),
  );
}

function regionOf(box: Box, facts: readonly Dimension[], pairs: readonly Pair[], named: Named): Region {
  return box.flatMap((codes, at): Clause[] => {
    if (codes === null) return [];
    const [dimension, pair] = [facts[at], pairs[at - facts.length]];
    if (dimension !== undefined) {
      const { fact, points } = dimension;
      const found = points.filter((_point, code) => codes.includes(code));
      const values = valuesInWords(points, found, named.revisions);
      return [{ fact, values, words: pointsInWords(dimension, found, wordsFor(fact, named), named.revisions) }];
    }
    if (pair === undefined) return [];
    const [{ fact }, other] = pair.dimensions;
    const stands = codes.flatMap((code) => STANDINGS[code] ?? []);
    const words = `${wordsFor(fact, named)} is ${STANDS[stands.toSorted().join()] ?? listed(stands, "or")} ${wordsFor(other.fact, named)}`;
    return [{ fact, stands, to: other.fact, words: `${words}${limitsInWords(other, named.revisions)}` }];
  });
}

/** By the standings in the order of the alphabet. */
const STANDS: Readonly<Record<string, string>> = {
  below: "below",
  equal: "equal to",
  above: "above",
  "below,equal": "at or below",
  "above,equal": "at or above",
  "above,below": "not equal to",
  unequal: "other than",
};

interface Named {
  readonly kind: string;
  readonly revisions: Revisions;
}

/** What the schema calls a fact, or its name. */
export function wordsFor(fact: string, { kind, revisions: { base, head } }: Named): string {
  const declared = [head, base].flatMap(({ kinds }) => kinds.get(kind)?.schema.facts.get(fact) ?? []);
  const words = declared.find((each) => each.words !== null)?.words;
  const relation = relationOf(fact);
  if (words === null || words === undefined) return plain(fact.replace(/^[RP]\.attr\./, ""));
  return relation === null ? plain(words) : `${plain(words)} (relation ${code(relation)})`;
}
