import { readFile } from "node:fs/promises";
import path from "node:path";
import { ModelError, type ModelModule, readModules } from "../engines/openfga-model.ts";
import type { HostKind, HostKinds } from "../entities/host-kinds.ts";
import { type HostFolder, inWords, isBuiltIn, readFolder, type Refusal, typeOf } from "./host-folder.ts";
import { canCompile, compileSet } from "./host-compile.ts";
import { readKind } from "./host-kind.ts";
import { type ModelType, readTypes } from "./host-model.ts";
import { placeOf, type PolicyFile } from "./policy-set.ts";
import type { Fault } from "./positioned.ts";

/** What the folders of HOST_POLICIES bring. */
export interface HostPolicies {
  readonly kinds: HostKinds;
  /** Everything that is wrong, each with its file and line, for whoever operates this: it tells paths. */
  readonly problems: readonly string[];
  /** The same, for programs. */
  readonly faults: readonly PlacedFault[];
  /** False where there is no Cerbos at hand: then the policies were read, and neither compiled nor tested. */
  readonly isCompiled: boolean;
  /** Beside the core. */
  readonly modules: readonly ModelModule[];
  /** Of the kinds that are served, tests among them. */
  readonly files: readonly PolicyFile[];
}

/** What is wrong with a file of a host's folder. */
export interface PlacedFault {
  readonly file: string;
  readonly fault: Fault;
}

/** A folder on its way through the checks; what is refused falls out of `kinds`. */
interface Candidate {
  readonly folder: HostFolder;
  readonly index: number;
  readonly modules: readonly ModelModule[];
  readonly kinds: Map<string, HostKind>;
  readonly refused: Refusal[];
}

/**
 * Reads the folders one by one: a folder stands on the built-in policies, the core of the model, and itself. Of two folders that
 * bring the same type the first has it. Throws where a folder is not there; whatever is wrong in it is told in what is given.
 */
export async function readHostPolicies(policiesDir: string, folders: readonly string[]): Promise<HostPolicies> {
  const core = await readModules([path.join(policiesDir, "openfga")]);
  const candidates: Candidate[] = [];
  const standing = [...core];
  const isCompiled = canCompile();
  for (const [index, directory] of folders.entries()) {
    const candidate = await readCandidate(index, await readFolder(directory), core, standing);
    standing.push(...candidate.modules);
    if (isCompiled) await compileCandidate(policiesDir, candidate);
    candidates.push(candidate);
  }
  const served = new Map(candidates.flatMap(({ kinds }) => [...kinds]));
  return {
    kinds: { served, refused: refusedOf(candidates, served) },
    problems: candidates.flatMap(({ folder, refused }) => refused.map((each) => inWords(folder.directory, each))),
    faults: candidates.flatMap(({ folder, refused }) =>
      refused.map(({ file, fault }) => ({ file: path.join(folder.directory, file), fault })),
    ),
    isCompiled,
    modules: standing.slice(core.length),
    files: candidates.flatMap(filesOf),
  };
}

async function readCandidate(
  index: number,
  folder: HostFolder,
  core: readonly ModelModule[],
  standing: readonly ModelModule[],
): Promise<Candidate> {
  const kinds = new Map<string, HostKind>();
  const refused = [...folder.refused];
  const model = await readModel(index, folder, core, standing);
  if ("refused" in model) return { folder, index, modules: [], kinds, refused: [...refused, ...model.refused] };
  for (const type of model.types.keys()) {
    if (folder.lines.has(type) || refused.some((each) => each.type === type)) continue;
    const problem = `the model defines ${type}, and kinds.yaml has no line for it`;
    refused.push({ type, file: "kinds.yaml", fault: { line: null, problem } });
  }
  for (const [type, line] of folder.lines) {
    const read = await readKind(folder, { type, line, model: model.types.get(type) });
    if ("kind" in read) kinds.set(type, read.kind);
    else refused.push(...read.refused);
  }
  return { folder, index, modules: model.modules, kinds, refused };
}

type FolderModel =
  | { readonly modules: readonly ModelModule[]; readonly types: ReadonlyMap<string, ModelType> }
  | { readonly refused: readonly Refusal[] };

/** Alone first, so that a fault is this folder's own; then with the folders before it, whose types may be the same. */
async function readModel(
  index: number,
  { directory, files, lines }: HostFolder,
  core: readonly ModelModule[],
  standing: readonly ModelModule[],
): Promise<FolderModel> {
  const prefix = `host-${index}/`;
  const modules: ModelModule[] = [];
  for (const file of files.filter((name) => /^openfga\/[^/]+\.fga$/.test(name))) {
    modules.push({ name: `${prefix}${file}`, contents: await readFile(path.join(directory, file), "utf8") });
  }
  try {
    const types = readTypes(core, modules);
    readTypes(standing, modules);
    return { modules, types };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const types: readonly (string | null)[] = lines.size === 0 ? [null] : [...lines.keys()];
    const refused = error.problems.flatMap(({ file, line, problem }) =>
      types.map((type) => ({ type, file: file?.replace(prefix, "") ?? "openfga", fault: { line, problem } })),
    );
    return { refused };
  }
}

/** Again without the kinds that Cerbos has something against, until it has nothing. */
async function compileCandidate(policiesDir: string, candidate: Candidate): Promise<void> {
  const { kinds, refused } = candidate;
  while (kinds.size > 0) {
    const files = filesOf(candidate);
    const faults = await compileSet(policiesDir, files);
    if (faults.length === 0) return;
    const dropped = faults.map(({ to, fault }) => {
      const from = to === null ? null : fileAt(candidate, to);
      const type = from === null ? null : typeOf(from);
      return { type: type !== null && kinds.has(type) ? type : null, file: from ?? "cerbos", fault };
    });
    const named = dropped.filter(({ type }) => type !== null);
    // Against what is no kind's, such as test data: nobody knows which of them stand without it.
    const all = dropped.flatMap((each) => [...kinds.keys()].map((type) => ({ ...each, type })));
    for (const each of named.length > 0 ? named : all) {
      refused.push(each);
      kinds.delete(each.type ?? "");
    }
  }
}

function fileAt({ folder, index }: Candidate, to: string): string | null {
  return folder.files.find((file) => file.startsWith("cerbos/") && placeOf(index, file) === to) ?? null;
}

/** The policies of the kinds that are left, and the test data of all. */
function filesOf({ folder, index, kinds }: Candidate): PolicyFile[] {
  return folder.files
    .filter((file) => file.startsWith("cerbos/"))
    .filter((file) => /(^|\/)testdata\//.test(file) || kinds.has(typeOf(file) ?? ""))
    .map((file) => ({ from: path.join(folder.directory, file), to: placeOf(index, file) }));
}

function refusedOf(candidates: readonly Candidate[], served: ReadonlyMap<string, HostKind>): Map<string, string> {
  const why = new Map<string, string>();
  for (const { folder, refused } of candidates) {
    for (const each of refused) {
      if (each.type === null || served.has(each.type) || isBuiltIn(each.type)) continue;
      why.set(each.type, [why.get(each.type), inWords(folder.directory, each)].filter(Boolean).join("\n"));
    }
  }
  return why;
}
