import { z } from "zod";
import { LIMITS } from "../entities/limits.ts";
import type { PathStep, RelationPaths } from "../entities/relation-paths.ts";
import type { Tuple } from "../entities/tuples.ts";
import { type HttpAnswer, parsed, unexpected } from "./openfga-http.ts";

/** A node of the tree that OpenFGA's Expand answers: how one relation of one object is made up, one level deep. */
export interface ExpandNode {
  readonly leaf?:
    | {
        readonly users?: { readonly users?: readonly string[] | undefined } | null | undefined;
        readonly computed?: Userset | null | undefined;
        readonly tupleToUserset?:
          { readonly tupleset: string; readonly computed?: readonly Userset[] | undefined } | null | undefined;
      }
    | null
    | undefined;
  readonly union?: Nodes | null | undefined;
  readonly intersection?: Nodes | null | undefined;
  readonly difference?: { readonly base: ExpandNode; readonly subtract: ExpandNode } | null | undefined;
  /** There was too much of it to be read: only the user asked about, if it is there. */
  readonly isCut?: true;
}
interface Userset {
  readonly userset: string; // `document:1#viewer`
}
interface Nodes {
  readonly nodes: readonly ExpandNode[];
}

const UsersetSchema = z.object({ userset: z.string() });
const NodesSchema = z.object({ nodes: z.array(z.lazy(() => NodeSchema)) });
const NodeSchema: z.ZodType<ExpandNode> = z.object({
  leaf: z
    .object({
      users: z.object({ users: z.array(z.string()).optional() }).nullish(),
      computed: UsersetSchema.nullish(),
      tupleToUserset: z.object({ tupleset: z.string(), computed: z.array(UsersetSchema).optional() }).nullish(),
    })
    .nullish(),
  union: NodesSchema.nullish(),
  intersection: NodesSchema.nullish(),
  difference: z.object({ base: z.lazy(() => NodeSchema), subtract: z.lazy(() => NodeSchema) }).nullish(),
});
const ExpandSchema = z.object({ tree: z.object({ root: NodeSchema }) });

export function expandBody(object: string, relation: string, modelId: string): string {
  return JSON.stringify({
    tuple_key: { object, relation },
    authorization_model_id: modelId,
    consistency: "HIGHER_CONSISTENCY", // never a cache's, never a replica's
  });
}

/** Throws CANNOT_DECIDE for an answer that is none. */
export function expanded(answer: HttpAnswer): ExpandNode {
  const tree = answer.status === 200 ? ExpandSchema.safeParse(parsed(answer)) : undefined;
  if (tree?.success !== true) throw unexpected(answer);
  return tree.data.tree.root;
}

/** How a relation of an object is made up. */
export type Expand = (object: string, relation: string) => Promise<ExpandNode>;

type Path = readonly PathStep[];

interface Search {
  readonly expand: Expand;
  readonly user: string;
  /** What Expand has answered, by `object#relation`. */
  readonly answers: Map<string, ExpandNode>;
  isComplete: boolean;
}

/**
 * The ways from an object to a user, by OpenFGA's Expand, which goes one level at a time. Bounded in depth, in calls, in what one level
 * may branch into and in how many are told: `isComplete` says whether a bound was met. Never asks about the same thing twice.
 */
export async function findPaths(expand: Expand, { object, relation, user }: Tuple): Promise<RelationPaths> {
  const search: Search = { expand, user, answers: new Map(), isComplete: true };
  const paths = await from(search, { object, relation }, []);
  return { paths, isComplete: search.isComplete };
}

const keyOf = ({ object, relation }: PathStep): string => `${object}#${relation}`;

async function from(search: Search, step: PathStep, trail: Path): Promise<Path[]> {
  const key = keyOf(step);
  if (trail.some((before) => keyOf(before) === key)) return []; // round in a circle
  if (trail.length >= LIMITS.pathSteps) return cut(search);
  let node = search.answers.get(key);
  if (node === undefined) {
    if (search.answers.size >= LIMITS.pathExpands) return cut(search);
    node = await search.expand(step.object, step.relation);
    search.answers.set(key, node);
  }
  if (node.isCut === true) cut(search);
  return await within(search, node, [...trail, step]);
}

async function within(search: Search, node: ExpandNode, trail: Path): Promise<Path[]> {
  const { leaf, union, intersection, difference } = node;
  if (union) return await eachOf(search, union.nodes, async (operand) => await within(search, operand, trail));
  if (intersection) {
    const operands: Path[][] = [];
    for (const operand of intersection.nodes) operands.push(await within(search, operand, trail));
    return operands.some((paths) => paths.length === 0) ? [] : operands.flat();
  }
  if (difference) {
    const excluding = await within(search, difference.subtract, trail);
    return excluding.length > 0 ? [] : await within(search, difference.base, trail);
  }
  return leaf ? await withinLeaf(search, leaf, trail) : [];
}

async function withinLeaf(search: Search, leaf: NonNullable<ExpandNode["leaf"]>, trail: Path): Promise<Path[]> {
  const { computed, tupleToUserset, users } = leaf;
  if (computed) return await from(search, stepTo(computed.userset), trail);
  if (tupleToUserset) {
    const through = tupleToUserset.tupleset.split("#")[1] ?? "";
    const onwards = async ({ userset }: Userset): Promise<Path[]> =>
      await from(search, { ...stepTo(userset), through }, trail);
    return await eachOf(search, tupleToUserset.computed ?? [], onwards);
  }
  const all = users?.users ?? [];
  const sets = all.filter((each) => each.includes("#"));
  const further = await eachOf(search, sets, async (userset) => await from(search, stepTo(userset), trail));
  return all.includes(search.user) ? [trail, ...further] : further;
}

function stepTo(userset: string): PathStep {
  const [object = "", relation = ""] = userset.split("#");
  return { object, relation };
}

async function eachOf<Item>(
  search: Search,
  items: readonly Item[],
  find: (item: Item) => Promise<Path[]>,
): Promise<Path[]> {
  const found: Path[] = [];
  for (const item of items.slice(0, LIMITS.pathBranches)) {
    found.push(...(await find(item)));
    if (found.length > LIMITS.paths) return [...cut(search), ...found.slice(0, LIMITS.paths)];
  }
  return items.length > LIMITS.pathBranches ? [...cut(search), ...found] : found;
}

function cut(search: Search): Path[] {
  search.isComplete = false;
  return [];
}
