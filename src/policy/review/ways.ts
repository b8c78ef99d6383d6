import type { Graph } from "../../engines/openfga.ts";
import type { Model } from "../../engines/openfga-model.ts";
import { LIMITS } from "../../entities/limits.ts";
import type { Tuple } from "../../entities/tuples.ts";
import type { WayBetween } from "./space.ts";

/** How somebody can be related to a thing: one chain of tuples, as short as it can be. */
export interface Way {
  /** "editor of the project of the folder": the relation that the subject has, then what leads from there to the thing. */
  readonly words: string;
  /** The role that it has in the organization, where the chain begins there. */
  readonly role: string | null;
  readonly tuples: readonly Tuple[];
  readonly subject: string;
  readonly object: string;
}

/** Things that a chain goes through; a folder in a folder in a folder is as good as one in a folder. */
const LONGEST = 5;
/** Of one type; the shortest are kept. */
const MOST_WAYS = 400;

interface Step {
  readonly words: string;
  readonly role: string | null;
  readonly tuples: readonly Tuple[];
}

/** Every way from an account to a thing of this type that the model allows, the shortest first. */
export function waysTo(models: readonly Model[], type: string): Way[] {
  const found = new Map<string, Step>();
  for (const model of models)
    for (const step of stepsTo(model, type, "0", [])) found.set(JSON.stringify(step.tuples), step);
  const sorted = [...found.values()].sort((one, other) => one.tuples.length - other.tuples.length).slice(0, MOST_WAYS);
  return sorted.map((step, index) => {
    const own = (name: string): string => name.replace(/:/, `:w${index}-`);
    const tuples = step.tuples.map(({ user, relation, object }) => ({
      user: own(user),
      relation,
      object: own(object),
    }));
    return { words: step.words, role: step.role, tuples, subject: own(SUBJECT), object: own(`${type}:0`) };
  });
}

const SUBJECT = "account:subject";

function stepsTo(model: Model, type: string, name: string, through: readonly string[]): Step[] {
  const object = `${type}:${name}`;
  const definition = model.type_definitions.find((each) => each.type === type);
  // The bookkeeping of the relay is no way to anything.
  return Object.entries(definition?.metadata?.relations ?? {}).flatMap(
    ([relation, { directly_related_user_types: types = [] }]) =>
      types.flatMap((target): Step[] => {
        if (target.type === "account") {
          const role = type === "organization" ? relation : null;
          return [{ words: `\`${relation}\` of the ${type}`, role, tuples: [{ user: SUBJECT, relation, object }] }];
        }
        const next = `${target.type}:${relation}`;
        if (through.length >= LONGEST - 1 || through.filter((each) => each === next).length > 1) return [];
        const inner = `${name}-${relation}`;
        const isUserset = target.relation !== undefined && target.relation !== "";
        const user = `${target.type}:${inner}${isUserset ? `#${String(target.relation)}` : ""}`;
        const behind = stepsTo(model, target.type, inner, [...through, next]);
        const leading = isUserset ? behind.filter(({ tuples }) => tuples.at(-1)?.relation === target.relation) : behind;
        const here = isUserset
          ? `, which is \`${relation}\` of the ${type}`
          : relation === target.type
            ? ` of the ${type}`
            : ` that is \`${relation}\` of the ${type}`;
        return leading.map((step) => ({
          ...step,
          words: `${step.words}${here}`,
          tuples: [...step.tuples, { user, relation, object }],
        }));
      }),
  );
}

/** Which of these relations each way gives. A model that does not know a tuple of it gives none. */
export async function relationsBy(
  graph: Graph,
  ways: readonly Way[],
  relations: readonly string[],
): Promise<ReadonlySet<string>[]> {
  const isWritten = await Promise.all(
    ways.map(
      async ({ tuples }) => (await graph.write({ writes: tuples, deletes: [] }, TIMEOUT_MS)).outcome === "applied",
    ),
  );
  const asked = ways.flatMap(({ subject, object }, index) =>
    isWritten[index] === true
      ? relations.map((relation) => ({ index, relation, tuple: { user: subject, relation, object } }))
      : [],
  );
  const found = ways.map(() => new Set<string>());
  for (let from = 0; from < asked.length; from += LIMITS.checksAtOnce) {
    const lot = asked.slice(from, from + LIMITS.checksAtOnce);
    const holding = await graph.holds(
      lot.map(({ tuple }) => tuple),
      TIMEOUT_MS,
    );
    for (const [at, { index, relation }] of lot.entries()) if (holding[at] === true) found[index]?.add(relation);
  }
  return found;
}

const TIMEOUT_MS = 10_000;

/** The ways to things of this kind of which two models make different relations. */
export async function waysBetween(
  kind: string,
  relations: readonly string[],
  base: { readonly model: Model; readonly graph: Graph },
  head: { readonly model: Model; readonly graph: Graph },
): Promise<WayBetween[]> {
  const ways = waysTo([base.model, head.model], kind);
  const [was, is] = await Promise.all([base, head].map(async ({ graph }) => await relationsBy(graph, ways, relations)));
  return ways.flatMap(({ words, role }, index) => {
    const [one, other] = [was, is].map((sides) => [...(sides?.[index] ?? [])].sort());
    if (one === undefined || other === undefined || one.join() === other.join()) return [];
    return [{ words, role, base: one, head: other }];
  });
}
