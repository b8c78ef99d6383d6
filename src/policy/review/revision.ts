import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { buildModel, type Model, ModelError, type ModelModule, readModules } from "../../engines/openfga-model.ts";
import { POLICY_KINDS } from "../../entities/policy-kinds.ts";
import { type PlacedFault, readHostPolicies } from "../host-kinds.ts";
import { readPlans } from "../plans.ts";
import { isTest, policyFilesIn } from "../policy-files.ts";
import type { PolicyFile } from "../policy-set.ts";
import { ranksIn } from "../ranks.ts";
import { AuthorError } from "./author-error.ts";
import { type PolicyDocument, readPolicyDocument } from "./documents.ts";
import { type Fact, type FactSchema, readFactSchema } from "./facts.ts";
import { limitOf, type Plans } from "./space.ts";

/** Everything that decides about one kind. */
export interface KindPolicies {
  readonly kind: string;
  readonly isHosts: boolean;
  /** By policy version, `default` first. */
  readonly matrices: ReadonlyMap<string, PolicyDocument>;
  /** A host's kind can go without. */
  readonly floor: PolicyDocument | null;
  readonly schema: FactSchema;
  readonly schemaFile: string | null;
  /** What is stored of somebody who asks, by the schemas of the host's kinds; whichever of them it may be. */
  readonly subjectFacts: readonly Fact[];
  /** The same: it decides the same. */
  readonly fingerprint: string;
}

/** The policies as they stand in a folder, or stood at a commit. */
export interface Revision {
  readonly policiesDir: string;
  readonly hostFolders: readonly string[];
  readonly kinds: ReadonlyMap<string, KindPolicies>;
  readonly plans: Plans;
  /** The relationship model of all modules. */
  readonly model: Model;
  readonly modules: readonly ModelModule[];
  /** Which roles each rank includes. */
  readonly ranks: readonly Rank[];
  /** What the files say that are no kind's, and can decide about each: the ranks, the subject's schema. */
  readonly shared: readonly unknown[];
  /** Of the host's kinds that can be served. */
  readonly hostFiles: readonly PolicyFile[];
  /** What is wrong with the host's folders, each with file and line. */
  readonly problems: readonly string[];
  /** The same, for programs. */
  readonly faults: readonly PlacedFault[];
}

export interface Revisions {
  readonly base: Revision;
  readonly head: Revision;
}

export interface Rank {
  readonly name: string;
  readonly parentRoles: readonly string[];
  readonly file: string;
  readonly line: number;
}

/** Throws where the built-in policies cannot be read at all. */
export async function readRevision(policiesDir: string, hostFolders: readonly string[]): Promise<Revision> {
  const host = await readHostPolicies(policiesDir, hostFolders);
  const texts = await textsOf(policiesDir, host.files);
  const modules = [...(await readModules([path.join(policiesDir, "openfga")])), ...host.modules];
  const documents = readDocuments(texts);
  const plans = await readPlans(policiesDir);
  const schemaOf = (kind: string): string[] =>
    [...texts.keys()].filter((file) => path.basename(file) === `${kind}.json`);
  const known = [...POLICY_KINDS, ...host.kinds.served.keys()];
  const own = new Set([...documents.map(({ file }) => file), ...known.flatMap(schemaOf)]);
  const shared = [...texts].filter(([file]) => !own.has(file));
  const kinds = known.flatMap((kind): [string, KindPolicies][] => {
    const matrices = byVersion(documents.filter(({ resource }) => resource === kind));
    if (matrices.size === 0) return []; // things of it are stored, and nothing is asked about them
    const floor = documents.find(({ resource }) => resource === `${kind}_floor`) ?? null;
    const isHosts = host.kinds.served.has(kind);
    const deciding = [...matrices.values(), ...(floor === null ? [] : [floor])].map(({ file }) => file);
    const schema = schemaOf(kind);
    const [schemaFile = null] = schema;
    const facts = schemaIn(texts.get(schemaFile ?? ""));
    const subjectFacts = isHosts ? subjectFactsIn(texts, host.files) : [];
    const said = [...[...deciding, ...schema].map((file) => texts.get(file)), ...shared.map(([, text]) => text)];
    const fingerprint = hashOf(isHosts ? said : [...said, limitsFor(facts, plans)]);
    return [[kind, { kind, isHosts, floor, matrices, fingerprint, schema: facts, schemaFile, subjectFacts }]];
  });
  return {
    ...{ policiesDir, hostFolders, hostFiles: host.files, problems: host.problems, faults: host.faults },
    ...{ kinds: new Map(kinds), plans, ranks: readRanks(texts), modules, model: modelOf(policiesDir, modules) },
    shared: shared.map(([, text]) => parse(text) as unknown),
  };
}

/** What the plans say about the facts called `max…`. */
function limitsFor({ facts }: FactSchema, plans: Plans): unknown {
  const limits = [...facts.keys()].flatMap((fact) => limitOf(fact, [plans]) ?? []);
  return [...plans].map(([name, plan]) => [name, limits.map((limit) => plan[limit])]);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

type Texts = ReadonlyMap<string, string>;

/** Of all policies and schemas. */
async function textsOf(policiesDir: string, hostFiles: readonly PolicyFile[]): Promise<Texts> {
  const { policies, schemas } = await policyFilesIn(policiesDir);
  if (policies.length === 0) throw new AuthorError(`${policiesDir}: there are no policies (cerbos/*.yaml)`);
  const builtIn = [...policies, ...schemas].sort().map((name) => path.join(policiesDir, "cerbos", name));
  const files = [...builtIn, ...hostFiles.flatMap(({ from, to }) => (isTest(to) ? [] : [from]))];
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const)));
}

function byVersion(matrices: readonly PolicyDocument[]): KindPolicies["matrices"] {
  const isDefault = ({ version }: PolicyDocument): number => Number(version === "default");
  const sorted = matrices.toSorted((one, other) => isDefault(other) - isDefault(one));
  return new Map(sorted.map((matrix) => [matrix.version, matrix]));
}

function readDocuments(texts: Texts): PolicyDocument[] {
  return [...texts].flatMap(([file, text]) => {
    const read = file.endsWith(".yaml") ? readPolicyDocument(file, text) : null;
    if (read === null || "resource" in read) return read ?? [];
    throw new AuthorError(read.map(({ line, problem }) => `${file}:${line ?? 1}: ${problem}`).join("\n"));
  });
}

function subjectFactsIn(texts: Texts, hostFiles: readonly PolicyFile[]): Fact[] {
  const schemas = hostFiles.filter(({ from }) => from.endsWith(".json")).map(({ from }) => schemaIn(texts.get(from)));
  const stored = schemas.flatMap(({ facts }) => [...facts.values()]).filter(({ path: fact }) => !GIVEN.test(fact));
  return stored.map((fact) => ({ ...fact, path: fact.path.replace("R.", "P."), isRequired: false }));
}

/** What the gateway knows of a thing, and not of who asks. */
const GIVEN = /^R\.attr\.(organizationState|relations|sent)\b/;

function schemaIn(text: string | undefined): FactSchema {
  return readFactSchema(text === undefined ? undefined : JSON.parse(text));
}

function modelOf(policiesDir: string, modules: readonly ModelModule[]): Model {
  try {
    return buildModel(modules);
  } catch (error) {
    if (error instanceof ModelError) throw new AuthorError(`${policiesDir}: ${error.message}`, { cause: error });
    throw error;
  }
}

function readRanks(texts: Texts): Rank[] {
  const files = [...texts].filter(([file]) => file.endsWith(".yaml"));
  return files.flatMap(([file, text]) => ranksIn(text).map((rank) => ({ ...rank, file })));
}
