/** Which files of a folder decide: one answer for all who hash, copy, check and compare them. */
import { glob, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { isSystemError } from "../local/process-mark.ts";

/** What `cerbos/` of a folder holds, by names within it, with slashes and sorted. */
export interface PolicyFiles {
  /** Matrices, floors and the ranks. */
  readonly policies: readonly string[];
  readonly schemas: readonly string[];
  /** With their data. No server reads them. */
  readonly tests: readonly string[];
  /** Files that a Cerbos would take, and nobody here would read. */
  readonly strangers: readonly string[];
}

const POLICY = /^(matrices\/[^/]+\/)?[^/]+\.yaml$/;
const SCHEMA = /^_schemas\/[^/]+\.json$/;
const TEST = /_test\.yaml$|(^|\/)testdata(\/|$)/;
/** Cerbos asks for no more of a name, in any case of its letters; what is hidden it leaves out. */
const LOADED = /\.(ya?ml|json)$/i;

export function isTest(name: string): boolean {
  return TEST.test(name);
}

/** @param folder of policies, the built-in ones or a host's; without `cerbos/` it has none */
export async function policyFilesIn(folder: string): Promise<PolicyFiles> {
  const top = path.join(folder, "cerbos");
  const names = (await namesIn(top)).sort();
  const others = names.filter((name) => !isTest(name));
  const isRead = (name: string): boolean => POLICY.test(name) || SCHEMA.test(name);
  return {
    policies: others.filter((name) => POLICY.test(name)),
    schemas: others.filter((name) => SCHEMA.test(name)),
    tests: names.filter(isTest),
    strangers: others.filter((name) => LOADED.test(name) && !isRead(name)),
  };
}

/** Links are followed, as folders are mounted into containers. */
async function namesIn(top: string, within = ""): Promise<string[]> {
  const entries = await readdir(path.join(top, within), { withFileTypes: true }).catch((error: unknown) => {
    if (within === "" && isSystemError(error, "ENOENT")) return [];
    throw error;
  });
  const found = entries.map(async (entry) => {
    const name = within + entry.name;
    if (entry.name.startsWith(".")) return [];
    const isFolder = entry.isSymbolicLink() ? (await stat(path.join(top, name))).isDirectory() : entry.isDirectory();
    return isFolder ? await namesIn(top, `${name}/`) : [name];
  });
  return (await Promise.all(found)).flat();
}

/** Of all that decides beside Cerbos: model, plans, and what a host's kinds are. Prose decides nothing. */
const BESIDE = ["openfga/*.fga", "plans.yaml", "kinds.yaml"];

/** Everything of a folder that decides, and what would if a Cerbos got it; by names within the folder, sorted. */
export async function decidingFilesIn(folder: string): Promise<string[]> {
  const { policies, schemas, strangers } = await policyFilesIn(folder);
  const names = [...policies, ...schemas, ...strangers].map((name) => `cerbos/${name}`);
  for await (const name of glob(BESIDE, { cwd: folder })) names.push(name.split(path.sep).join("/"));
  return names.sort();
}
