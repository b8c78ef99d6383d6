import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { KINDS } from "../../entities/kinds.ts";
import { readHostPolicies } from "../host-kinds.ts";
import { readPlans } from "../plans.ts";
import { isTest, type PolicyFile } from "../policy-set.ts";
import type { Fault } from "../positioned.ts";
import { type PolicyDocument, readPolicyDocument } from "./documents.ts";
import { type FactSchema, readFactSchema } from "./facts.ts";
import type { Plans } from "./space.ts";

/** Everything that decides about one kind. */
export interface KindPolicies {
  readonly kind: string;
  readonly isHosts: boolean;
  /** By policy version, `default` first. */
  readonly matrices: ReadonlyMap<string, PolicyDocument>;
  /** A host's kind can go without. */
  readonly floor: PolicyDocument | null;
  readonly schema: FactSchema;
}

/** The policies as they stand in a folder, or stood at a commit. */
export interface Revision {
  readonly policiesDir: string;
  readonly hostFolders: readonly string[];
  readonly kinds: ReadonlyMap<string, KindPolicies>;
  readonly plans: Plans;
  /** Of the host's kinds that can be served. */
  readonly hostFiles: readonly PolicyFile[];
  /** What is wrong with the host's folders, each with file and line. */
  readonly problems: readonly string[];
}

/** Throws where the built-in policies cannot be read at all. */
export async function readRevision(policiesDir: string, hostFolders: readonly string[]): Promise<Revision> {
  const host = await readHostPolicies(policiesDir, hostFolders);
  const builtIn: string[] = [];
  for await (const file of glob("cerbos/**/*.{yaml,json}", { cwd: policiesDir }))
    builtIn.push(path.join(policiesDir, file));
  if (builtIn.length === 0) throw new Error(`${policiesDir}: there are no policies (cerbos/*.yaml)`);
  const files = [...builtIn.sort(), ...host.files.map(({ from }) => from)].filter((file) => !isTest(file));
  const documents = await readDocuments(files);
  const schemas = await readSchemas(files);
  const kinds = [...KINDS, ...host.kinds.served.keys()].flatMap((kind): [string, KindPolicies][] => {
    const matrices = documents.filter(({ resource }) => resource === kind);
    const floor = documents.find(({ resource }) => resource === `${kind}_floor`) ?? null;
    if (matrices.length === 0) return []; // things of it are stored, and nothing is asked about them
    const isHosts = host.kinds.served.has(kind);
    const schema = schemas.get(kind) ?? { facts: new Map(), objects: [] };
    return [[kind, { kind, isHosts, floor, schema, matrices: byVersion(matrices) }]];
  });
  return {
    ...{ policiesDir, hostFolders, hostFiles: host.files, problems: host.problems },
    kinds: new Map(kinds),
    plans: await readPlans(policiesDir),
  };
}

function byVersion(matrices: readonly PolicyDocument[]): KindPolicies["matrices"] {
  const sorted = matrices.toSorted(
    (one, other) => Number(other.version === "default") - Number(one.version === "default"),
  );
  return new Map(sorted.map((matrix) => [matrix.version, matrix]));
}

async function readDocuments(files: readonly string[]): Promise<PolicyDocument[]> {
  const found: PolicyDocument[] = [];
  for (const file of files.filter((each) => each.endsWith(".yaml"))) {
    const read = readPolicyDocument(file, await readFile(file, "utf8"));
    if (read === null) continue;
    if ("resource" in read) found.push(read);
    else throw new Error(read.map((fault: Fault) => `${file}:${fault.line ?? 1}: ${fault.problem}`).join("\n"));
  }
  return found;
}

async function readSchemas(files: readonly string[]): Promise<ReadonlyMap<string, FactSchema>> {
  const found = new Map<string, FactSchema>();
  for (const file of files.filter((each) => each.endsWith(".json"))) {
    const schema: unknown = JSON.parse(await readFile(file, "utf8"));
    found.set(path.basename(file, ".json"), readFactSchema(schema));
  }
  return found;
}
