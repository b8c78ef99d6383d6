import type { Reason } from "../../entities/errors.ts";
import { AuthorError } from "./author-error.ts";
import { ask, type Asking, type Cell, fits, type Part, partsOf, type Said } from "./cells.ts";
import type { Expression } from "./documents.ts";
import { spaceOfKind } from "./evaluated.ts";
import { type GivenFact, givenFacts } from "./given.ts";
import { inWords, valuesInWords } from "./point-words.ts";
import { conditionsOf, fails, holds, type Probes, writeProbes } from "./probe.ts";
import type { KindPolicies, Revision } from "./revision.ts";
import { readSound, soundCerbosOf } from "./sound.ts";
import { type Folders, workingTree } from "./sources.ts";
import type { Point } from "./space.ts";
import { listed, short } from "./words.ts";

export interface Explained {
  readonly kind: string;
  readonly action: string;
  readonly matrix: string;
  /** What decides, and what was given beside it. */
  readonly facts: readonly ExplainedFact[];
  readonly isAllowed: boolean;
  /** Matrix before floor. */
  readonly reasons: readonly Reason[];
  readonly rules: readonly ExplainedRule[];
  /** Each by itself turns the answer. */
  readonly turns: readonly {
    readonly fact: string;
    readonly words: string | null;
    readonly values: readonly string[];
  }[];
}

export interface ExplainedFact {
  readonly fact: string;
  readonly words: string | null;
  readonly value: string;
  /** Nobody has given it. */
  readonly isAssumed: boolean;
}

export interface ExplainedRule {
  readonly from: Part["from"];
  readonly name: string | null;
  /** `policies/cerbos/sector.yaml:54`. */
  readonly place: string;
  readonly isAllowed: boolean;
  readonly reasons: readonly Reason[];
  readonly conditions: readonly ExplainedCondition[];
}

export interface ExplainedCondition {
  /** The name of a word, or an expression. */
  readonly told: string;
  readonly words: string | null;
  readonly place: string;
  /** null: it cannot be evaluated on these facts. */
  readonly holds: boolean | null;
}

/** Which cell is asked about. */
export interface Cellular {
  readonly kind: string;
  readonly action: string;
  readonly matrix: string;
  readonly role: string | undefined;
  /** `name=value`. */
  readonly facts: readonly string[];
}

/** Why a cell is what it is. Throws AuthorError, with all that there is, where it is none. */
export async function explain(
  folders: Folders,
  cellular: Cellular,
  onProgress: (words: string) => void,
): Promise<Explained> {
  const revision = await readSound(folders);
  const kind = oneOf(revision.kinds, cellular.kind, "kind");
  const parts = partsFor(kind, cellular);
  const at = { kind, plans: revision.plans };
  const given = givenFacts({ kind, parts, space: spaceOfKind([at]), role: cellular.role, facts: cellular.facts });
  onProgress("starts a Cerbos");
  await using probes = await writeProbes(parts);
  await using cerbos = await soundCerbosOf({ ...revision, hostFiles: [...revision.hostFiles, ...probes.files] });
  const asking = { ...at, judge: cerbos.judge };
  const found = await turnsOf(asking, parts, given, cellular.action);
  const conditions = await Promise.all(parts.map(async (part) => await heldIn(asking, part, probes, given)));
  const revisions = { base: revision, head: revision };
  return {
    ...{ kind: kind.kind, action: cellular.action, matrix: cellular.matrix },
    facts: given.map(({ fact, words, point, isAssumed }) => {
      return { fact: short(fact), words, value: inWords(point, revisions), isAssumed };
    }),
    isAllowed: found.reasons.flat().length === 0,
    reasons: found.reasons.flat(),
    rules: parts.flatMap((part, index) => {
      return rulesOf(part, revision, found.reasons[index] ?? [], conditions[index] ?? []);
    }),
    turns: given.flatMap(({ fact, words, points }, place) => {
      const turning = found.turning[place] ?? [];
      return turning.length === 0
        ? []
        : [{ fact: short(fact), words, values: valuesInWords(points, turning, revisions) }];
    }),
  };
}

function oneOf<Value>(all: ReadonlyMap<string, Value>, name: string, what: string): Value {
  const found = all.get(name);
  if (found === undefined) throw new AuthorError(`there is no ${what} ${name}; there is ${listed([...all.keys()])}`);
  return found;
}

function partsFor(kind: KindPolicies, { action, matrix }: Cellular): Part[] {
  const inMatrix = partsOf("matrix", oneOf(kind.matrices, matrix, `matrix of ${kind.kind} called`));
  const actions = new Map(inMatrix.flatMap((part) => part.actions.map((each) => [each, part] as const)));
  const inFloor = kind.floor === null ? [] : partsOf("floor", kind.floor);
  return [
    oneOf(actions, action, `action on ${/^[aeiou]/.test(kind.kind) ? "an" : "a"} ${kind.kind} called`),
    ...inFloor.filter((part) => part.actions.includes(action)),
  ];
}

interface Found {
  /** By part: why it denies. */
  readonly reasons: readonly (readonly Reason[])[];
  /** By fact: the points that turn the answer. */
  readonly turning: readonly (readonly Point[])[];
}

/** Asks about the cell and about every one that differs from it in one fact that decides. */
async function turnsOf(
  asking: Asking,
  parts: readonly Part[],
  given: readonly GivenFact[],
  action: string,
): Promise<Found> {
  const cell = given.map(({ point }) => point);
  const neighbours = given.flatMap(({ points, point: own }, place) =>
    points
      .filter((point) => fits(point) && JSON.stringify(point) !== JSON.stringify(own))
      .map((point) => ({ place, point, cell: cell.with(place, point) })),
  );
  const said = await Promise.all(
    parts.map(async (part) => await askIn(asking, part, given, [cell, ...neighbours.map((each) => each.cell)])),
  );
  const reasonsAt = (index: number): (readonly Reason[])[] => said.map((cells) => cells[index]?.get(action) ?? []);
  const isAllowed = (index: number): boolean => reasonsAt(index).flat().length === 0;
  const turning = neighbours.filter((_neighbour, index) => isAllowed(index + 1) !== isAllowed(0));
  return {
    reasons: reasonsAt(0),
    turning: given.map((_fact, place) => turning.filter((each) => each.place === place).map(({ point }) => point)),
  };
}

async function askIn(
  asking: Asking,
  part: Part,
  dimensions: readonly GivenFact[],
  cells: readonly Cell[],
): Promise<Said[]> {
  return await ask(asking, part, { dimensions, cells, isWhole: true });
}

/** Whether each condition of a part holds; null: neither it nor its opposite does. */
async function heldIn(
  asking: Asking,
  part: Part,
  probes: Probes,
  given: readonly GivenFact[],
): Promise<(boolean | null)[]> {
  const probe = probes.partFor(part);
  const [said] = await askIn(asking, probe, given, [given.map(({ point }) => point)]);
  const isAllowed = (action: string): boolean => said?.get(action)?.length === 0;
  return conditionsOf(part).map((_condition, index) => {
    if (isAllowed(holds(index))) return true;
    return isAllowed(fails(index)) ? false : null;
  });
}

function rulesOf(
  { from, rules, document }: Part,
  revision: Revision,
  reasons: readonly Reason[],
  held: readonly (boolean | null)[],
): ExplainedRule[] {
  const file = workingTree(revision).inRepository(document.file);
  let asked = 0;
  return rules.map(({ name, place, conditions }) => {
    const own = held.slice(asked, asked + conditions.length);
    asked += conditions.length;
    const toldOf = (condition: Expression, index: number): ExplainedCondition => {
      const variable = document.variables.get(/^V\.(\w+)$/.exec(condition.text)?.[1] ?? "");
      return {
        told: variable?.name ?? condition.text,
        words: variable?.words ?? null,
        place: `${file}:${(variable ?? condition).place.line}`,
        holds: own[index] ?? null,
      };
    };
    const isAllowed = reasons.length === 0;
    return { from, name, place: `${file}:${place.line}`, isAllowed, reasons, conditions: conditions.map(toldOf) };
  });
}
