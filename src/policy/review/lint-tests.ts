import { readFile } from "node:fs/promises";
import path from "node:path";
import { type CompileFault, compileSet } from "../host-compile.ts";
import { isTest, policyFilesIn } from "../policy-files.ts";
import { isFault, type Positioned, readPositioned } from "../positioned.ts";
import { askedIn, readSuite, type Suite, suitesIn } from "../test-suites.ts";
import { BEGIN, type Finding, ofFault } from "./finding.ts";

/** Compiles the built-in policies with their tests, and says what Cerbos has against them. */
export async function compileFindings(policiesDir: string): Promise<Finding[]> {
  const cwd = path.join(policiesDir, "cerbos");
  const { tests } = await policyFilesIn(policiesDir);
  const faults = await compileSet(
    policiesDir,
    tests.map((to) => ({ from: path.join(cwd, to), to })),
  );
  return await Promise.all(faults.map(async (fault) => await findingOf(cwd, fault)));
}

async function findingOf(cwd: string, { to, fault }: CompileFault): Promise<Finding> {
  const file = path.join(cwd, to ?? "");
  const text = await readFile(file, "utf8").catch(() => ""); // Cerbos named none
  const isFailure = to !== null && isTest(to);
  const fix = isFailure
    ? "Mend the policy, or what the test expects of it"
    : "Mend it: Cerbos does not take the policy";
  return ofFault(file, text, fault, fix);
}

/** `cerbos compile` is content with no tests at all, and with tests that try nothing. */
export async function untestedFindings(policiesDir: string): Promise<Finding[]> {
  const cwd = path.join(policiesDir, "cerbos");
  const { policies } = await policyFilesIn(policiesDir);
  const lacking = policies.map(async (name) => await lackFindings(path.join(cwd, name)));
  return [...(await Promise.all(lacking)).flat(), ...(await idleFindings(policiesDir))];
}

/** Tests of a folder, the built-in one or a host's, that try nothing. */
export async function idleFindings(folder: string): Promise<Finding[]> {
  const suites = await suitesIn(folder);
  return (await Promise.all(suites.map(async (name) => await idleIn(path.join(folder, "cerbos"), name)))).flat();
}

async function idleIn(cwd: string, name: string): Promise<Finding[]> {
  const file = path.join(cwd, name);
  const document = readPositioned(await readFile(file, "utf8"));
  const read = await readSuite(file);
  if (isFault(document) || read === undefined) return []; // Cerbos says what is wrong with it
  const { skip, tests } = read.suite;
  const place = { file, ...document.placeOf(["tests"]) };
  if (tests.length === 0) {
    return [
      {
        ...place,
        problem: "the file tests nothing",
        fix: "Write, for each allow, the nearest denial with its reasons",
      },
    ];
  }
  const skipped = skippedIn(file, document, { skip, tests });
  if (skipped.length > 0) return skipped;
  const [, version = "default", resource = ""] = /^(?:matrices\/([^/]+)\/)?([^/]+)_test\.yaml$/.exec(name) ?? [];
  if (askedIn(read).has(`${resource} ${version}`)) return [];
  const problem = `nothing in it is asked of ${resource}, version ${version}, which it stands beside`;
  return [{ ...place, problem, fix: `Ask about resources of kind ${resource}` }];
}

function skippedIn(file: string, document: Positioned, { skip, tests }: Pick<Suite, "skip" | "tests">): Finding[] {
  const fix = "Take skip out";
  if (skip) return [{ file, ...document.placeOf(["skip"]), problem: "all tests are skipped", fix }];
  return tests.flatMap((test, index): Finding[] => {
    if (!test.skip) return [];
    return [{ file, ...document.placeOf(["tests", index]), problem: "a test is skipped", fix }];
  });
}

async function lackFindings(file: string): Promise<Finding[]> {
  if (!/^resourcePolicy:/m.test(await readFile(file, "utf8"))) return []; // the ranks, which every kind's test tries
  const test = file.replace(/\.yaml$/, "_test.yaml");
  const text = await readFile(test, "utf8").catch(() => null);
  if (text !== null) return [];
  const problem = `no test is beside the policy: nobody says what it is meant to decide`;
  return [{ file, ...BEGIN, problem, fix: `Write ${path.basename(test)}: for each allow, the nearest denial` }];
}
