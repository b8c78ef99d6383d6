import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { KINDS_FILE } from "../host-folder.ts";
import { policyFilesIn } from "../policy-files.ts";
import { isFault, readPositioned } from "../positioned.ts";
import { AuthorError } from "./author-error.ts";
import { celProblem } from "./cel.ts";
import { type Expression, readPolicyDocument } from "./documents.ts";
import { type Finding, findingInWords, ofFault } from "./finding.ts";
import { type Folders, isThere } from "./sources.ts";

const READ = ["plans.yaml", KINDS_FILE, "openfga/*.fga.yaml"];

/** Throws AuthorError where a folder is none of policies, or a file in it is no YAML, JSON or CEL: nothing can be said of those. */
export async function refuseUnreadable({ policiesDir, hostFolders }: Folders): Promise<void> {
  await refuseMissing(policiesDir, "cerbos", "there are no policies (cerbos/*.yaml)");
  await refuseMissing(policiesDir, "openfga", "there is no relationship model (openfga/core.fga)");
  for (const folder of hostFolders)
    await refuseMissing(folder, KINDS_FILE, `it has no ${KINDS_FILE}, and brings no kind`);
  const found = await Promise.all([policiesDir, ...hostFolders].map(unreadableIn));
  const all = found.flat();
  if (all.length > 0) throw new AuthorError(all.map(findingInWords).join("\n"));
}

async function refuseMissing(folder: string, name: string, problem: string): Promise<void> {
  if (!(await isThere(folder))) throw new AuthorError(`there is no folder ${folder}`);
  if (!(await isThere(path.join(folder, name)))) throw new AuthorError(`${folder}: ${problem}`);
}

async function unreadableIn(folder: string): Promise<Finding[]> {
  const found: Finding[] = [];
  const { policies, schemas, tests } = await policyFilesIn(folder);
  const names = [...policies, ...schemas, ...tests.filter((name) => /\.(yaml|json)$/.test(name))];
  const all = names.map((name) => path.join("cerbos", name));
  for await (const name of glob(READ, { cwd: folder })) all.push(name);
  for (const name of all) {
    const file = path.join(folder, name);
    const text = await readFile(file, "utf8");
    found.push(...(name.endsWith(".json") ? brokenJson(file, text) : brokenYaml(file, text)));
  }
  return found;
}

function brokenJson(file: string, text: string): Finding[] {
  const read = readPositioned(text, "json");
  if (isFault(read)) return [ofFault(file, text, { ...read, problem: `no JSON: ${read.problem}` }, "Mend it")];
  try {
    JSON.parse(text); // YAML's reader takes more
    return [];
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const line = Number(/line (\d+)/.exec(said)?.[1] ?? 1);
    return [ofFault(file, text, { line, problem: `no JSON: ${said}` }, "Mend it")];
  }
}

function brokenYaml(file: string, text: string): Finding[] {
  const read = readPositioned(text);
  if (isFault(read)) return [ofFault(file, text, { ...read, problem: `no YAML: ${read.problem}` }, "Mend it")];
  const policy = readPolicyDocument(file, text);
  if (policy === null || !("resource" in policy)) return []; // another file, or one whose form is told later
  const outputs = policy.rules.flatMap(({ conditions, output }) => [
    ...conditions,
    ...(output === null ? [] : [output]),
  ]);
  return [...policy.variables.values(), ...outputs].flatMap((expression) => brokenCel(file, expression));
}

function brokenCel(file: string, { text, cel, place }: Expression): Finding[] {
  if (cel !== null) return [];
  const fix = 'Mend the expression; one that begins with ", [, { or ! or has a colon in it needs quotes around it';
  return [{ file, ...place, problem: `no CEL: ${celProblem(text) ?? text}`, fix }];
}
