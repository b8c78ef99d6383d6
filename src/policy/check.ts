import { readFile } from "node:fs/promises";
import path from "node:path";
import { buildModel, type Model, ModelError, readModules } from "../engines/openfga-model.ts";
import { LocalEngineError } from "../local/error.ts";
import { isSystemError } from "../local/process-mark.ts";
import { startThrowawayOpenfga } from "../local/openfga-throwaway.ts";
import { canCompile } from "./host-compile.ts";
import { PLANS_FILE, plansFindings, plansIn } from "./plans.ts";
import { isTest } from "./policy-files.ts";
import { AuthorError } from "./review/author-error.ts";
import { cerbosOf } from "./review/cerbos-of.ts";
import { evaluateAll } from "./review/evaluated.ts";
import { BEGIN, type Finding, fromHere, ofFault, sortedFindings } from "./review/finding.ts";
import { readFindings } from "./review/lint.ts";
import { answerFindings } from "./review/lint-answers.ts";
import { exampleFindings, schemaFindings, subjectFindings } from "./review/lint-facts.ts";
import { type CoreModel, readCoreModel } from "./review/lint-model.ts";
import { shapeFindings } from "./review/lint-shape.ts";
import { refuseUnreadable } from "./review/lint-syntax.ts";
import { compileFindings, idleFindings, untestedFindings } from "./review/lint-tests.ts";
import { modelTestFindings } from "./review/model-tests.ts";
import { readRevision, type Revision } from "./review/revision.ts";
import type { Folders } from "./review/sources.ts";
import { strangerFindings } from "./review/strangers.ts";
import { tablesOf } from "./review/table-file.ts";

type OnProgress = (words: string) => void;

/**
 * Everything that is wrong with the policies, by file and line: they are compiled and tested with Cerbos, the model with OpenFGA, read, and
 * asked about their whole space. Throws AuthorError where they cannot be read at all, or where an engine is not on this machine.
 */
export async function checkPolicies(folders: Folders, onProgress: OnProgress = () => undefined): Promise<Finding[]> {
  try {
    await refuseUnreadable(folders);
    return sortedFindings(await allFindings(folders, onProgress));
  } catch (error) {
    if (error instanceof LocalEngineError) throw new AuthorError(error.message, { cause: error });
    throw error;
  }
}

/**
 * What would be wrong with the built-in policies if they were served: all that is found without a server, and without compiling them where this machine
 * has no Cerbos to do it. The model's tests, the whole space and the tables are for those who review, and take their time. Throws AuthorError.
 */
export async function servingFindings(policiesDir: string): Promise<Finding[]> {
  await refuseUnreadable({ policiesDir, hostFolders: [] });
  const { found, isReadable } = await fileFindings(policiesDir, await readCoreModel(policiesDir));
  if (!isReadable) return sortedFindings(found);
  const compiled = canCompile() ? await compileFindings(policiesDir) : [];
  return sortedFindings([...found, ...compiled, ...readFindings(await readRevision(policiesDir, []))]);
}

async function allFindings(folders: Folders, onProgress: OnProgress): Promise<Finding[]> {
  const core = await readCoreModel(folders.policiesDir);
  const { found, isReadable } = await fileFindings(folders.policiesDir, core);
  if (!isReadable) return found;
  onProgress("the relationships' tests, and the policies'");
  const [models, policies, ...idle] = await Promise.all([
    modelFindings(folders, core, onProgress),
    policyFindings(folders, onProgress),
    ...folders.hostFolders.map(idleFindings),
  ]);
  return [...found, ...models, ...policies, ...idle.flat()];
}

/** Of single files. `isReadable`: the others can be read with them. */
async function fileFindings(
  policiesDir: string,
  core: CoreModel,
): Promise<{ readonly found: Finding[]; readonly isReadable: boolean }> {
  const [plans, ...files] = await Promise.all([
    planFindings(policiesDir),
    ...[strangerFindings, shapeFindings, untestedFindings, schemaFindings, subjectFindings].map(
      async (find) => await find(policiesDir),
    ),
  ]);
  return {
    found: [...core.findings, ...plans, ...files.flat()],
    isReadable: core.model !== null && plans.length === 0,
  };
}

async function planFindings(policiesDir: string): Promise<Finding[]> {
  const file = path.join(policiesDir, PLANS_FILE);
  const text = await readFile(file, "utf8").catch(() => "");
  const plans = plansIn(text);
  return plans instanceof Map ? [] : plansFindings(file, text, plans);
}

/** The built-in modules' tests, and those of each folder on top of them. What is wrong with a folder's modules, readRevision tells. */
async function modelFindings(
  { policiesDir, hostFolders }: Folders,
  { modules, model }: CoreModel,
  onProgress: OnProgress,
): Promise<Finding[]> {
  await using server = await startThrowawayOpenfga(onProgress);
  const found = [policiesDir, ...hostFolders].map(async (folder, index) => {
    const directory = path.join(folder, "openfga");
    const whole = index === 0 ? model : await modelWith(modules, directory);
    return whole === null ? [] : await modelTestFindings(server, { directory, model: whole });
  });
  return (await Promise.all(found)).flat();
}

async function modelWith(core: CoreModel["modules"], directory: string): Promise<Model | null> {
  try {
    return buildModel([...core, ...(await readModules([directory]))]);
  } catch (error) {
    if (error instanceof ModelError || isSystemError(error, "ENOENT")) return null;
    throw error;
  }
}

async function policyFindings(folders: Folders, onProgress: OnProgress): Promise<Finding[]> {
  const { policiesDir, hostFolders } = folders;
  const [revision, compiled] = await Promise.all([
    readRevision(policiesDir, hostFolders),
    compileFindings(policiesDir),
  ]);
  const examples = await exampleFindings(revision);
  const found = [...compiled, ...(await hostFindings(revision)), ...readFindings(revision), ...examples];
  // A Cerbos does not start on what it cannot compile; tests that fail are no hindrance, and what it answers tells why.
  const isServable = compiled.every(({ file }) => isTest(file));
  return isServable ? [...found, ...(await askedFindings(folders, revision, onProgress))] : found;
}

/** What the gateway would tell at its start. */
async function hostFindings({ faults }: Revision): Promise<Finding[]> {
  const fix = "policies/README.md (a kind of your own) says what this file is to say";
  return await Promise.all(
    faults.map(async ({ file, fault }) => ofFault(file, await readFile(file, "utf8").catch(() => ""), fault, fix)),
  );
}

async function askedFindings(folders: Folders, revision: Revision, onProgress: OnProgress): Promise<Finding[]> {
  await using cerbos = await cerbosOf(revision);
  const evaluated = await evaluateAll(cerbos.judge, revision, onProgress);
  const tables = tablesOf(folders, evaluated);
  const stale = tables.map(async ({ file, text }, index): Promise<Finding[]> => {
    const written = await readFile(file, "utf8").catch(() => null);
    // A host need not keep its table; and the one of a folder in which something is broken cannot be told.
    const isHosts = index > 0;
    const isBroken = revision.faults.some((fault) => fault.file.startsWith(path.dirname(file)));
    if (written === text || (isHosts && (written === null || isBroken))) return [];
    const fix = `Run npm run policies -- table${isHosts ? ` --host ${fromHere(path.dirname(file))}` : ""}`;
    const line = firstDifference(written ?? "", text);
    return [{ file, ...BEGIN, line, problem: "the table is not what the policies decide now", fix }];
  });
  return [...evaluated.flatMap((kind) => answerFindings(kind, revision)), ...(await Promise.all(stale)).flat()];
}

function firstDifference(one: string, other: string): number {
  const lines = other.split("\n");
  return (
    Math.max(
      one.split("\n").findIndex((line, index) => line !== lines[index]),
      0,
    ) + 1
  );
}
