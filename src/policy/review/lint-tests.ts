import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { type CompileFault, compileSet } from "../host-compile.ts";
import { isTest, policyFilesIn } from "../policy-files.ts";
import { isFault, readPositioned } from "../positioned.ts";
import { BEGIN, type Finding, ofFault } from "./finding.ts";

const Suite = z.object({ tests: z.array(z.object({ skip: z.boolean().default(false) })).default([]) });

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
  const { policies, tests } = await policyFilesIn(policiesDir);
  const lacking = policies.map(async (name) => await lackFindings(path.join(cwd, name)));
  const suites = tests.filter((name) => !/(^|\/)testdata\//.test(name));
  const idle = suites.map(async (name) => await idleFindings(path.join(cwd, name)));
  return (await Promise.all([...lacking, ...idle])).flat();
}

async function idleFindings(file: string): Promise<Finding[]> {
  const document = readPositioned(await readFile(file, "utf8"));
  const suite = isFault(document) ? undefined : Suite.safeParse(document.value);
  if (isFault(document) || suite?.success !== true) return []; // Cerbos says what is wrong with it
  if (suite.data.tests.length === 0) {
    const fix = "Write, for each allow, the nearest denial with its reasons";
    return [{ file, ...document.placeOf(["tests"]), problem: "the file tests nothing", fix }];
  }
  return suite.data.tests.flatMap(({ skip }, index): Finding[] => {
    if (!skip) return [];
    return [{ file, ...document.placeOf(["tests", index]), problem: "a test is skipped", fix: "Take skip out" }];
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
