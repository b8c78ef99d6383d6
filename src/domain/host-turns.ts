import type { HostKind } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { relationTuple, roleTuple, type Tuple, tupleKey } from "../entities/tuples.ts";
import type { Candidate } from "../stores/candidates.ts";
import type { Asked } from "./host-questions.ts";

/** What is asked of the graph; pointless where one of `within` does not hold. */
interface Check {
  readonly tuple: Tuple;
  readonly within: readonly string[]; // keys
}

/** In the order that spares most checks: who is no viewer is not asked about as an editor. What one call takes is asked at once. */
export function turnsOf(asked: Asked): readonly (readonly Check[])[] {
  const { question, relations, organization, subjects, resources } = asked;
  const roles = subjects.flatMap(({ name, role }): Check[] => {
    return role === null ? [] : [{ tuple: roleTuple(organization.id, role, name), within: [] }];
  });
  const couples = subjects.flatMap((subject) => {
    return resources.map((resource) => new Map(relationsBetween(asked, subject, resource)));
  });
  const { inclusions } = question.kind;
  const checksOf = (relation: string): Check[] =>
    couples.flatMap((tuples) => {
      const tuple = tuples.get(relation);
      const wholes = (inclusions.get(relation) ?? []).flatMap((whole) => tuples.get(whole) ?? []);
      return tuple === undefined ? [] : [{ tuple, within: wholes.map(tupleKey) }];
    });
  const all = [...roles, ...relations.flatMap(checksOf)];
  if (all.length <= LIMITS.checksAtOnce) return [all.map(({ tuple }) => ({ tuple, within: [] }))];
  const [first = [], ...later] = inTurns(relations, inclusions).map((some) => some.flatMap(checksOf));
  return [[...roles, ...first], ...later];
}

/** Each relation behind those that it cannot hold without. */
function inTurns(relations: readonly string[], inclusions: HostKind["inclusions"]): string[][] {
  const turns: string[][] = [];
  let left = relations;
  while (left.length > 0) {
    const turn = left.filter((relation) => !(inclusions.get(relation) ?? []).some((whole) => left.includes(whole)));
    turns.push(turn);
    left = left.filter((relation) => !turn.includes(relation));
  }
  return turns;
}

type Related = readonly [relation: string, tuple: Tuple];

/** Those that are asked for. What nothing is known of is in no relation to anything, and a resource in none that no tuple leads to. */
export function relationsBetween({ question, relations }: Asked, subject: Candidate, resource: Candidate): Related[] {
  const { kind, subjects } = question;
  if (subject.name === "" || resource.name === "") return [];
  const object = { type: kind.type, name: resource.name };
  const user = { type: subjects.selector.type, name: subject.name, relation: "" };
  const open = relations.filter((relation) => resource.unled?.includes(relation) !== true);
  return open.map((relation) => [relation, relationTuple(object, relation, user)]);
}
