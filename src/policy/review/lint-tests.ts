import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { type CompileFault, compileSet } from "../host-compile.ts";
import { isTest } from "../policy-set.ts";
import { isFault, readPositioned } from "../positioned.ts";
import { BEGIN, type Finding, ofFault } from "./finding.ts";

const Suite = z.object({ tests: z.array(z.object({ skip: z.boolean().default(false) })).default([]) });

/** Compiles the built-in policies with their tests, and says what Cerbos has against them. */
export async function compileFindings(policiesDir: string): Promise<Finding[]> {
  const cwd = path.join(policiesDir, "cerbos");
  const tests: { from: string; to: string }[] = [];
  for await (const name of glob("**/*.{yaml,json}", { cwd })) {
    if (isTest(name)) tests.push({ from: path.join(cwd, name), to: name });
  }
  const faults = await compileSet(policiesDir, tests);
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
  const found: Finding[] = [];
  for await (const name of glob("**/*.yaml", { cwd })) {
    const file = path.join(cwd, name);
    const text = await readFile(file, "utf8");
    if (/(^|\/)testdata\//.test(name)) continue;
    if (isTest(name)) found.push(...idleFindings(file, text));
    else if (/^resourcePolicy:/m.test(text)) found.push(...(await lackFindings(file)));
  }
  return found;
}

function idleFindings(file: string, text: string): Finding[] {
  const document = readPositioned(text);
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
  const test = file.replace(/\.yaml$/, "_test.yaml");
  const text = await readFile(test, "utf8").catch(() => null);
  if (text !== null) return [];
  const problem = `no test is beside the policy: nobody says what it is meant to decide`;
  return [{ file, ...BEGIN, problem, fix: `Write ${path.basename(test)}: for each allow, the nearest denial` }];
}
