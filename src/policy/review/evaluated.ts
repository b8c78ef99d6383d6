import type { Judge } from "../../entities/judge.ts";
import { ask, type Cells, cellsOf, partsOf, type Part, type Said } from "./cells.ts";
import type { PolicyDocument } from "./documents.ts";
import { changedFacts } from "./facts.ts";
import { type Reads, readsOf } from "./reads.ts";
import type { KindPolicies, Revision } from "./revision.ts";
import { type Space, spaceOf } from "./space.ts";

/** What a matrix or a floor says of some actions in every cell. */
export interface EvaluatedPart extends Part, Cells {
  /** In the order of the cells. */
  readonly said: readonly Said[];
}

export interface EvaluatedKind {
  readonly kind: KindPolicies;
  /** By version, `default` first. */
  readonly matrices: ReadonlyMap<string, readonly EvaluatedPart[]>;
  readonly floor: readonly EvaluatedPart[];
}

/** The policies of one kind, at one revision or at several. */
export interface KindAt {
  readonly kind: KindPolicies;
  readonly plans: Revision["plans"];
}

/** Every value that a fact of the kind is tried with, at all of these revisions. */
export function spaceOfKind(revisions: readonly KindAt[]): Space {
  const reads = revisions.flatMap(({ kind }) => documentsOf(kind).map(readsOfDocument));
  const schemas = revisions.map(({ kind }) => kind.schema);
  const isObject = (fact: string): boolean => schemas.some(({ objects }) => objects.includes(fact));
  return spaceOf({
    facts: revisions.flatMap(({ kind }) => [...kind.schema.facts.values(), ...kind.subjectFacts]),
    comparisons: reads.flatMap(({ comparisons }) => comparisons),
    // An object that is always there is no fact by itself.
    read: new Set(
      [...reads.flatMap(({ facts }) => [...facts]), ...changedFacts(schemas)].filter((fact) => !isObject(fact)),
    ),
    plans: revisions.flatMap(({ kind, plans }) => (kind.isHosts ? [] : [plans])),
  });
}

export function documentsOf({ matrices, floor }: KindPolicies): PolicyDocument[] {
  return [...matrices.values(), ...(floor === null ? [] : [floor])];
}

export function readsOfDocument({ rules, variables }: PolicyDocument): Reads {
  const expressions = rules.flatMap(({ conditions, output }) => [...conditions, ...(output === null ? [] : [output])]);
  return readsOf(expressions, variables);
}

/** Asks Cerbos about the whole space of a kind. */
export async function evaluateKind(judge: Judge, { kind, plans }: KindAt, space: Space): Promise<EvaluatedKind> {
  const evaluate = async (from: Part["from"], document: PolicyDocument): Promise<EvaluatedPart[]> => {
    const evaluated: EvaluatedPart[] = [];
    for (const part of partsOf(from, document)) {
      const cells = cellsOf(part.reads, space);
      evaluated.push({ ...part, ...cells, said: await ask({ judge, kind, plans }, part, cells) });
    }
    return evaluated;
  };
  const matrices = new Map<string, readonly EvaluatedPart[]>();
  for (const [version, document] of kind.matrices) matrices.set(version, await evaluate("matrix", document));
  return { kind, matrices, floor: kind.floor === null ? [] : await evaluate("floor", kind.floor) };
}

/** The same of every kind. @param onProgress told of each */
export async function evaluateAll(
  judge: Judge,
  { kinds, plans }: Revision,
  onProgress: (words: string) => void,
): Promise<EvaluatedKind[]> {
  const evaluated: EvaluatedKind[] = [];
  for (const kind of kinds.values()) {
    onProgress(`${kind.kind} (${evaluated.length + 1} of ${kinds.size})`);
    const at = { kind, plans };
    evaluated.push(await evaluateKind(judge, at, spaceOfKind([at])));
  }
  return evaluated;
}
