import { buildModel, type Model, ModelError, type ModelModule, type ModelProblem } from "../engines/openfga-model.ts";
import type { Reach, RelationTarget } from "../entities/host-kinds.ts";
import { inclusionsOf } from "./host-inclusions.ts";
import { reachOf } from "./host-reach.ts";
import { type Definition, type Target, targetsOf, type Userset } from "./model-types.ts";

/** A type of a host's model. */
export interface ModelType {
  /** Written or derived. */
  readonly relations: ReadonlySet<string>;
  readonly written: ReadonlyMap<string, readonly RelationTarget[]>;
  readonly hangsUnderOrganization: boolean;
  /** Of these relations, those that each of them cannot hold without. */
  readonly inclusions: (relations: readonly string[]) => ReadonlyMap<string, readonly string[]>;
  readonly reach: (relations: readonly string[], subjectType: string) => Reach;
}

/** OpenFGA's own limit, as we start it. */
const MOST_TYPES = 100;
/** Entities are related to accounts and to one another. */
const BUILT_IN: readonly string[] = ["organization", "sector", "application", "fence", "epoch"];
const PARENT = "organization";
const NAME = /^[a-z][a-z0-9_]{0,49}$/;

/**
 * The types that modules add to a model that stands without them. Throws ModelError, all its problems at once.
 * @param modules of one folder
 */
export function readTypes(
  standing: readonly ModelModule[],
  modules: readonly ModelModule[],
): ReadonlyMap<string, ModelType> {
  const before = new Set(buildModel(standing).type_definitions.map(({ type }) => type));
  const model = buildModel([...standing, ...modules]);
  const added = model.type_definitions.filter(({ type }) => !before.has(type));
  const problems = [...conditions(model, modules), ...added.flatMap((definition) => typeProblems(definition, modules))];
  if (model.type_definitions.length > MOST_TYPES) {
    const problem = `with it there are ${model.type_definitions.length} types; OpenFGA takes ${MOST_TYPES}`;
    problems.push({ file: modules[0]?.name ?? null, line: null, problem });
  }
  if (problems.length > 0) throw new ModelError(problems);
  return new Map(added.map((definition) => [definition.type, typeOf(model, definition)]));
}

type Place = Omit<ModelProblem, "problem">;

function typeOf(model: Model, definition: Definition): ModelType {
  const names = Object.keys(definition.relations ?? {});
  const written = names
    .filter((name) => name !== PARENT)
    .map((name) => [name, targetsOf(definition, name).map(asTarget)] as const)
    .filter(([, targets]) => targets.length > 0);
  return {
    relations: new Set(names),
    written: new Map(written),
    hangsUnderOrganization: names.includes(PARENT),
    inclusions: (relations) => inclusionsOf(model, definition.type, relations),
    reach: (relations, subjectType) => reachOf(model, definition.type, relations, subjectType),
  };
}

function asTarget({ type, relation }: Target): RelationTarget {
  return { type, relation: relation ?? null };
}

function typeProblems(definition: Definition, modules: readonly ModelModule[]): ModelProblem[] {
  const { type } = definition;
  return Object.entries(definition.relations ?? {}).flatMap(([relation, rewrite]) => {
    const targets = targetsOf(definition, relation);
    const problems = targets.flatMap((target) => targetProblems(relation, target));
    const isParent = targets.length === 1 && targets[0]?.type === PARENT && targets[0].relation === undefined;
    if (relation === PARENT && (!isParent || !("this" in rewrite))) {
      problems.push("the relation organization is the gateway's to write: define organization: [organization]");
    }
    if (!NAME.test(relation)) problems.push("a relation is named in a-z, 0-9 and _, a letter first, 50 at most");
    if (isOwnSource(definition, relation)) problems.push(`${relation} is derived from itself`);
    return problems.map((problem) => ({ ...placeOf(modules, type, relation), problem }));
  });
}

/** OpenFGA refuses it, and with it the whole model; the transformer does not, when something else gives the relation too. */
function isOwnSource({ relations = {} }: Definition, relation: string): boolean {
  const seen = new Set<string>();
  const ahead = [...sourcesOf(relations[relation])];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next === relation) return true;
    if (!seen.has(next)) ahead.push(...sourcesOf(relations[next]));
    seen.add(next);
  }
  return false;
}

/** The relations of the same object that a relation is made of. */
function sourcesOf(rewrite: Userset | undefined): string[] {
  if (rewrite === undefined) return [];
  const { computedUserset, union, intersection, difference } = rewrite;
  const parts = [...(union?.child ?? []), ...(intersection?.child ?? []), difference?.base, difference?.subtract];
  const own = computedUserset?.relation;
  return [...(own === undefined ? [] : [own]), ...parts.flatMap(sourcesOf)];
}

function targetProblems(relation: string, { type, relation: of, wildcard, condition }: Target): string[] {
  const problems: string[] = [];
  if (wildcard !== undefined) {
    problems.push(`${type}:* would relate everybody of every organization; name them, or ask for a role in the policy`);
  }
  if (condition !== undefined) {
    problems.push(`with ${condition}: conditions read what is not in the ledger; ask for it in the policy`);
  }
  if (relation !== PARENT && BUILT_IN.includes(type)) {
    const instead = `derive, such as: define ${relation}: ${of ?? "admin"} from organization`;
    problems.push(`only the gateway relates things to a built-in ${type}; ${instead}`);
  }
  return problems;
}

/** Conditions that nothing uses are no better: the model would have to be written again without them. */
function conditions(model: Model, modules: readonly ModelModule[]): ModelProblem[] {
  return Object.keys(model.conditions ?? {}).flatMap((name) => {
    const place = found(modules, new RegExp(`^\\s*condition\\s+${name}\\b`));
    const problem = `the condition ${name}: conditions read what is not in the ledger; ask for it in the policy`;
    return place.file === null ? [] : [{ ...place, problem }];
  });
}

export function placeOf(modules: readonly ModelModule[], type: string, relation: string): Place {
  const { file, line } = found(modules, new RegExp(`^\\s*(extend\\s+)?type\\s+${type}\\s*(#.*)?$`));
  const rest =
    modules
      .find(({ name }) => name === file)
      ?.contents.split("\n")
      .slice(line ?? 0) ?? [];
  const below = rest.findIndex((text) => new RegExp(`^\\s*define\\s+${relation}\\s*:`).test(text));
  return { file, line: line === null || below === -1 ? line : line + below + 1 };
}

function found(modules: readonly ModelModule[], isSo: RegExp): Place {
  for (const { name, contents } of modules) {
    const index = contents.split("\n").findIndex((line) => isSo.test(line));
    if (index !== -1) return { file: name, line: index + 1 };
  }
  return { file: null, line: null };
}
