import { readFile } from "node:fs/promises";
import path from "node:path";
import type { HostKind } from "../entities/host-kinds.ts";
import { type HostFolder, type KindLine, KINDS_FILE, type Refusal } from "./host-folder.ts";
import type { ModelType } from "./host-model.ts";
import { type HostRules, readRules } from "./host-rules.ts";
import { readSchema } from "./host-schema.ts";
import type { Fault } from "./positioned.ts";

export interface DeclaredKind {
  readonly type: string;
  readonly line: KindLine;
  /** Undefined: no module of the folder defines it. */
  readonly model: ModelType | undefined;
}

interface Refused {
  readonly refused: readonly Refusal[];
}

/** One kind of a folder, from its schema, its policies and its type in the model; or all that is wrong with them. */
export async function readKind(
  folder: HostFolder,
  named: DeclaredKind,
): Promise<{ readonly kind: HostKind } | Refused> {
  const { type, line, model } = named;
  const because = (file: string, faults: readonly Fault[]): Refusal[] => faults.map((fault) => ({ type, file, fault }));
  const lacks = (file: string, problem: string, at: number | null = null): Refused => {
    return { refused: because(file, [{ line: at, problem }]) };
  };
  const { at, ...keepings } = line;
  if (model === undefined) return lacks(KINDS_FILE, `no module in openfga/ defines the type ${type}`, at);
  const schemaFile = `cerbos/_schemas/${type}.json`;
  if (!folder.files.includes(schemaFile)) return lacks(schemaFile, `is missing: it says what is stored of ${type}`);
  const schema = readSchema(await contentsOf(folder, schemaFile), model.relations);
  const policies = await readPolicies(folder, type);
  const refused = [
    ...("misfits" in schema ? [] : because(schemaFile, schema)),
    ...policies.flatMap(({ file, read }) => ("version" in read ? [] : because(file, read))),
    ...policies.flatMap(({ file }) => missingTest(folder, file)).map((file) => ({ type, file, fault: NO_TEST })),
  ];
  const [matrix, ...others] = policies.flatMap(({ file, isFloor, read }) =>
    "version" in read ? [{ file, isFloor, ...read }] : [],
  );
  if (!("misfits" in schema) || refused.length > 0) return { refused };
  refused.push(...others.flatMap((other) => because(other.file, differences(matrix, other))));
  if (matrix?.file !== undefined && matrix.file !== `cerbos/${type}.yaml`) {
    return lacks(`cerbos/${type}.yaml`, `is missing: ${matrix.file} cannot stand without it`);
  }
  if (refused.length > 0) return { refused };
  const { written: relations, hangsUnderOrganization } = model;
  const kind: HostKind = {
    type,
    ...keepings,
    ...schema,
    relations,
    hangsUnderOrganization,
    ...decided(model, schema.askedRelations, [...(matrix === undefined ? [] : [matrix]), ...others]),
  };
  return { kind };
}

const NO_TEST: Fault = { line: null, problem: "is missing: a policy has a test beside it" };

async function contentsOf({ directory }: HostFolder, file: string): Promise<string> {
  return await readFile(path.join(directory, file), "utf8");
}

interface ReadPolicy {
  readonly file: string;
  readonly isFloor: boolean;
  readonly read: HostRules | readonly Fault[];
}

/** The default matrix, the floor, then the matrices of other versions, as far as they are there. */
async function readPolicies(folder: HostFolder, kind: string): Promise<ReadPolicy[]> {
  const versions = folder.files.flatMap((file) => {
    const [, version, name] = /^cerbos\/matrices\/([^/]+)\/([^/]+)\.yaml$/.exec(file) ?? [];
    return version !== undefined && name === kind ? [{ file, resource: kind, version }] : [];
  });
  const places = [
    { file: `cerbos/${kind}.yaml`, resource: kind, version: "default" },
    { file: `cerbos/${kind}_floor.yaml`, resource: `${kind}_floor`, version: "default" },
    ...versions,
  ].filter(({ file }) => folder.files.includes(file));
  return await Promise.all(
    places.map(async ({ file, resource, version }) => {
      const read = readRules(await contentsOf(folder, file), { kind, resource, version });
      return { file, isFloor: resource !== kind, read };
    }),
  );
}

function missingTest({ files }: HostFolder, file: string): string[] {
  const test = file.replace(/\.yaml$/, "_test.yaml");
  return files.includes(test) ? [] : [test];
}

type Standing = Pick<ReadPolicy, "isFloor"> & HostRules;

/** What the policies make of a kind. */
function decided(
  model: ModelType,
  asked: readonly string[],
  policies: readonly Standing[],
): Pick<HostKind, "actions" | "matrices" | "hasFloor" | "decidingRelations" | "inclusions" | "reachFor"> {
  const matrices = policies.filter(({ isFloor }) => !isFloor);
  const neededFor = neededOf(asked, policies);
  const inclusions = model.inclusions(asked);
  return {
    actions: policies[0]?.actions ?? [],
    matrices: new Set(matrices.map(({ version }) => version)),
    hasFloor: matrices.length < policies.length,
    decidingRelations: decidingOf(asked, policies),
    inclusions,
    reachFor: (action, subjectType) => {
      const needed = neededFor(action);
      return needed === null
        ? null
        : model.reach(withParts(needed, readIn(asked, policies, action), inclusions), subjectType);
    },
  };
}

/** In the rules of any of them. */
function readIn(asked: readonly string[], policies: readonly Standing[], action: string): readonly string[] {
  const read = policies.map(({ relationsRead }) => relationsRead.get(action) ?? null);
  return asked.filter((relation) => read.some((relations) => relations?.includes(relation) ?? true));
}

/** And those of the relations that lie within them: they hold for no other objects. */
function withParts(
  needed: readonly string[],
  relations: readonly string[],
  inclusions: HostKind["inclusions"],
): readonly string[] {
  const all = new Set(needed);
  for (const whole of all) {
    for (const relation of relations) if (inclusions.get(relation)?.includes(whole) === true) all.add(relation);
  }
  return [...all];
}

/** Of the floor, and of the matrix of that version. */
function decidingOf(asked: readonly string[], policies: readonly Standing[]): HostKind["decidingRelations"] {
  return (matrix, action) => {
    const some = policies.filter(({ isFloor, version }) => isFloor || version === matrix);
    return readIn(asked, some, action);
  };
}

/** By the matrix whatever its version, or else by the floor; null: there is an organization in which the action may be allowed without any. */
function neededOf(
  asked: readonly string[],
  policies: readonly Standing[],
): (action: string) => readonly string[] | null {
  const neededBy = (some: readonly Standing[], action: string): readonly string[] | null => {
    const needs = some.map(({ relationsNeeded }) => relationsNeeded.get(action) ?? null);
    const known = needs.filter((relations) => relations?.every((relation) => asked.includes(relation)) === true);
    return needs.length === 0 || known.length < needs.length ? null : [...new Set(known.flatMap((each) => each ?? []))];
  };
  const floor = policies.filter(({ isFloor }) => isFloor);
  const matrices = policies.filter(({ isFloor }) => !isFloor);
  return (action) => neededBy(matrices, action) ?? neededBy(floor, action);
}

/** Both must allow, so an action that one of them does not know would be a denial without a reason. */
function differences(matrix: HostRules | undefined, other: HostRules): Fault[] {
  const known = matrix?.actions ?? [];
  const lacking = known.filter((action) => !other.actions.includes(action));
  const more = other.actions.filter((action) => !known.includes(action));
  return [
    ...lacking.map((action) => ({ line: null, problem: `has no rule for the action ${action}, which the matrix has` })),
    ...more.map((action) => ({ line: null, problem: `has a rule for the action ${action}, which the matrix has not` })),
  ];
}
