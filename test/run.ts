/**
 * Everything that a change must pass, in the order in which it fails fastest. `npm test` runs it, and so does CI; the last line is
 * `N passed, N failed`. With `--full` the tests with large counts run at their stated counts.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const ROOT = path.join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { full: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
  allowPositionals: true,
});

const bin = (name: string, ...args: string[]): string[] => [path.join(ROOT, "node_modules", ".bin", name), ...args];
const CHECKS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["types", bin("tsc", "-p", ".")],
  ["format", bin("prettier", "--check", "--log-level=warn", "src", "test", "bench", "examples/*/*.ts", "*.js")],
  ["policies", [process.execPath, "src/policy/main.ts"]],
];
/** As long as all of these together, so beside them. */
const LINT = ["lint", bin("eslint", ".", "--max-warnings=0")] as const;
/** Of the full run only, after the tests: four minutes. */
const CONTRACT = ["contract", [process.execPath, "test/contract/schemathesis.ts"]] as const;

async function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("no command");
  const child = spawn(file, args, { cwd: ROOT, stdio: "inherit", env });
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code === 0));
  });
}

interface Tally {
  passed: number;
  failed: number;
}

async function jest(): Promise<Tally> {
  const directory = await mkdtemp(path.join(tmpdir(), "bailiwick-jest-"));
  const outputFile = path.join(directory, "results.json");
  const command = [process.execPath, "--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  command.push("node_modules/jest/bin/jest.js", "--json", `--outputFile=${outputFile}`, ...positionals);
  const isGreen = await run(command, { ...process.env, BAILIWICK_FULL: values.full ? "1" : "" });
  const text = await readFile(outputFile, "utf8").catch(() => "{}");
  await rm(directory, { recursive: true });
  const results = JSON.parse(text) as {
    numPassedTests?: number;
    numFailedTests?: number;
    numRuntimeErrorTestSuites?: number;
  };
  const failed = (results.numFailedTests ?? 0) + (results.numRuntimeErrorTestSuites ?? 0);
  return { passed: results.numPassedTests ?? 0, failed: isGreen ? failed : Math.max(1, failed) };
}

const tally: Tally = { passed: 0, failed: 0 };
async function check([name, command]: (typeof CHECKS)[number]): Promise<void> {
  const startedAt = Date.now();
  const isGreen = await run(command);
  console.log(`${isGreen ? "ok" : "FAILED"}: ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  tally[isGreen ? "passed" : "failed"] += 1;
}

const linted = check(LINT);
for (const each of CHECKS) await check(each);
await linted;
if (!values.check) {
  const tests = await jest();
  tally.passed += tests.passed;
  tally.failed += tests.failed;
}
if (values.full && positionals.length === 0) await check(CONTRACT);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
