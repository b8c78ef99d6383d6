/** `npm run promises`: every promise, the tests that name it, and what became of them. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { promisesIn, REQUIRED } from "./promises/required.ts";

const HELP = `Runs the tests of test/promises on the real engines, and prints each promise with its tests and their results.

  npm run promises              every promise
  npm run promises -- S0.28     these alone; can be given several times

  --help   this text

Exit status: 0; 1 when a promise has no test, or one that fails; 2 for wrong arguments.`;

interface TestResult {
  readonly title: string;
  readonly status: string; // passed, failed, …
}

async function runTests(pattern: string): Promise<TestResult[]> {
  const directory = await mkdtemp(path.join(tmpdir(), "bailiwick-promises-"));
  const outputFile = path.join(directory, "results.json");
  const command = [
    "--experimental-vm-modules",
    "--disable-warning=ExperimentalWarning",
    "node_modules/jest/bin/jest.js",
  ];
  const options = ["test/promises/", "--json", `--outputFile=${outputFile}`, "--silent", "--testNamePattern", pattern];
  const child = spawn(process.execPath, [...command, ...options], {
    cwd: path.join(import.meta.dirname, ".."),
    stdio: ["ignore", "ignore", "inherit"],
  });
  await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  const results = JSON.parse(await readFile(outputFile, "utf8")) as {
    testResults: { message: string; assertionResults: TestResult[] }[];
  };
  await rm(directory, { recursive: true });
  return results.testResults.flatMap(({ assertionResults }) => assertionResults);
}

/** Gives whether the promise is kept. */
function report(id: string, tests: readonly TestResult[]): boolean {
  const own = tests.filter(({ title }) => promisesIn(title).includes(id));
  for (const { title, status } of own) console.log(`${id.padEnd(6)} ${status.padEnd(8)} ${title}`);
  if (own.length === 0) console.log(`${id.padEnd(6)} ${"MISSING".padEnd(8)} no test names it`);
  return own.length > 0 && own.every(({ status }) => status === "passed");
}

async function main(asked: readonly string[]): Promise<boolean> {
  const ids = asked.length === 0 ? REQUIRED : asked;
  // A promise's id is not the beginning of another's: S0.1 is not S0.11.
  const tests = await runTests(asked.length === 0 ? "." : ids.map((id) => `${id.replace(".", "\\.")}\\b`).join("|"));
  const kept = ids.filter((id) => report(id, tests));
  console.log(`${kept.length} of ${ids.length} promises kept`);
  return kept.length === ids.length;
}

function asked(): string[] | undefined {
  try {
    const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
    if (values.help === true) {
      console.log(HELP);
      return undefined;
    }
    const unknown = positionals.filter((id) => !REQUIRED.includes(id));
    if (unknown.length === 0) return positionals;
    console.error(`${unknown.join(", ")}: expected promises such as S0.28`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  process.exitCode = 2;
  return undefined;
}

const ids = asked();
if (ids !== undefined && !(await main(ids))) process.exitCode = 1;
