import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type AuthorizationModel, CredentialsMethod, OpenFgaClient } from "@openfga/sdk";
import { transformer } from "@openfga/syntax-transformer";
import { z } from "zod";
import { cannotDecide } from "../entities/errors.ts";
import { canonical, modelDifferences } from "./openfga-differences.ts";

/** One `.fga` file. */
export interface ModelModule {
  readonly name: string;
  readonly contents: string;
}

export type Model = Omit<AuthorizationModel, "id">;

/** What is wrong with a model, and where; lines count from 1. */
export interface ModelProblem {
  readonly file: string | null;
  readonly line: number | null;
  readonly problem: string;
}

export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly problems: readonly ModelProblem[];

  constructor(problems: readonly ModelProblem[], options?: ErrorOptions) {
    super(problems.map(inWords).join("\n"), options);
    this.problems = problems;
  }
}

function inWords({ file, line, problem }: ModelProblem): string {
  return [file, line, ` ${problem}`]
    .filter((part) => part !== null)
    .join(":")
    .trimStart();
}

export interface StoreOptions {
  readonly apiUrl: string;
  readonly presharedKey: string | null;
  /** Which store; null: the oldest of this name, made when there is none. */
  readonly storeId: string | null;
  readonly storeName: string;
  /** What somebody else has written into the store, which must be `model`; null: that is written when it is not the latest one. */
  readonly modelId: string | null;
  readonly model: Model;
  readonly timeoutMs: number; // of each call
}

export interface PreparedStore {
  readonly storeId: string;
  readonly modelId: string;
}

const SCHEMA_VERSION = "1.2";
const EXTENSION = ".fga";
const CORE = "core.fga";

/** The modules of policy folders: Bailiwick's own first, a host's after it. Sorted, so that one set of files is one model. */
export async function readModules(folders: readonly string[]): Promise<ModelModule[]> {
  const modules: ModelModule[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION) && !name.startsWith(".")).sort();
    for (const name of names) modules.push({ name, contents: await readFile(path.join(folder, name), "utf8") });
  }
  return modules;
}

/**
 * One model of all modules. Throws ModelError with file and line when a module is wrong, when a second one calls itself
 * `core`, and when one extends or redefines a built-in type: what these mean is for no host to change.
 */
export function buildModel(modules: readonly ModelModule[]): Model {
  const cores = modules.filter((module) => moduleName(module) === "core");
  const [core, pretender] = cores;
  if (core?.name !== CORE) throw wrong(null, `${CORE} is missing, or does not begin with "module core"`);
  if (pretender !== undefined) {
    throw wrong(pretender.name, `only ${CORE} may call itself "module core"`, lineOf(pretender, /^\s*module\s/));
  }
  const duplicate = modules.find((module, index) => modules.findIndex(({ name }) => name === module.name) !== index);
  if (duplicate !== undefined) throw wrong(duplicate.name, "two modules have this file name");
  const model = transformed(modules);
  const types = new Map(model.type_definitions.map((definition) => [definition.type, canonical(definition)]));
  const alone = modules.length === 1 ? model : transformed([core]);
  for (const { type, ...definition } of alone.type_definitions) {
    if (types.get(type) === canonical({ type, ...definition })) continue;
    const extension = new RegExp(`^\\s*extend\\s+type\\s+${type}\\b`);
    const extender = modules.find((module) => lineOf(module, extension) !== null);
    const line = extender === undefined ? null : lineOf(extender, extension);
    throw wrong(
      extender?.name ?? null,
      `a module extends the built-in type "${type}"; only its own types are a host's`,
      line,
    );
  }
  return model;
}

function wrong(file: string | null, problem: string, line: number | null = null): ModelError {
  return new ModelError([{ file, line, problem }]);
}

/** The first line of a module that is so. */
function lineOf(module: ModelModule, isSo: RegExp): number | null {
  const index = module.contents.split("\n").findIndex((line) => isSo.test(line));
  return index === -1 ? null : index + 1;
}

/** The first statement of a module; comments may stand before it. */
function moduleName(module: ModelModule): string | undefined {
  return /^(?:\s*(?:#.*)?\n)*\s*module\s+([^\s#]+)/.exec(module.contents)?.[1];
}

function transformed(modules: readonly ModelModule[]): Model {
  try {
    return transformer.transformModuleFilesToModel([...modules], SCHEMA_VERSION);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const { errors } = Faults.safeParse(error).data ?? { errors: [{ msg: said }] };
    const problems = errors.map(({ file, line, msg }) => ({
      file: file ?? null,
      line: line === undefined ? null : line.start + 1, // it counts from 0
      problem: `the relationship model is wrong: ${msg}`,
    }));
    throw new ModelError(problems, { cause: error });
  }
}

/** What the transformer throws. */
const Faults = z.object({
  errors: z
    .array(z.object({ msg: z.string(), file: z.string().optional(), line: z.object({ start: z.int() }).optional() }))
    .min(1),
});

/**
 * Finds or makes the store, and writes the model unless it is the latest already. Throws CANNOT_DECIDE when OpenFGA does not
 * answer or refuses, ModelError when the chosen one is not `model`. Store names are not unique: two gateways that start at once may
 * make two, and both take the older one.
 */
export async function prepareStore(options: StoreOptions): Promise<PreparedStore> {
  const client = new OpenFgaClient({
    apiUrl: options.apiUrl,
    ...(options.presharedKey === null
      ? {}
      : { credentials: { method: CredentialsMethod.ApiToken, config: { token: options.presharedKey } } }),
    retryParams: { maxRetry: 0 },
  });
  const within = deadline(options.timeoutMs);
  // Of a store that is not there OpenFGA reads as of an empty one, and writes into it.
  if (options.storeId !== null) await within(client.getStore({ storeId: options.storeId }));
  const storeId = options.storeId ?? (await findOrCreateStore(client, options.storeName, within));
  const { modelId } = options;
  if (modelId !== null) {
    const { authorization_model: found } = await within(
      client.readAuthorizationModel({ storeId, authorizationModelId: modelId }),
    );
    const differences = found === undefined ? ["it is empty"] : modelDifferences(options.model, found);
    if (differences.length === 0) return { storeId, modelId };
    throw wrong(null, `it is not the model of the policies: ${differences.join(", ")}`);
  }
  const { authorization_models: latest } = await within(client.readAuthorizationModels({ storeId, pageSize: 1 }));
  const [current] = latest;
  const { id, ...model } = current ?? { id: "" };
  if (current !== undefined && canonical(model) === canonical(options.model)) return { storeId, modelId: id };
  const written = await within(client.writeAuthorizationModel(options.model, { storeId }));
  return { storeId, modelId: written.authorization_model_id };
}

type Within = <Answer>(call: Promise<Answer>) => Promise<Answer>;

async function findOrCreateStore(client: OpenFgaClient, name: string, within: Within): Promise<string> {
  const oldest = async (): Promise<string | undefined> => {
    const { stores } = await within(client.listStores({ name, pageSize: 100 }));
    return stores
      .filter((store) => store.name === name)
      .map((store) => store.id) // ULIDs: they grow with time
      .sort()[0];
  };
  const found = await oldest();
  if (found !== undefined) return found;
  const made = await within(client.createStore({ name }));
  return (await oldest()) ?? made.id;
}

/** The SDK takes no deadline for a call; it ends its own sockets after ten seconds. */
function deadline(timeoutMs: number): Within {
  return async (call) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([call, late]);
    } catch (error) {
      throw cannotDecide("openfga", error);
    } finally {
      clearTimeout(timer);
    }
  };
}
