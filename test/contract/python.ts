/** Schemathesis of one version, with everything that it stands on, in a virtual environment outside of the source tree. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "../../src/local/openfga-binary.ts";
import { findOnPath, isProgram, runTool } from "../../src/local/tool.ts";

/** Written by `pip freeze`: the same seed gives the same requests only with the same libraries. */
const REQUIREMENTS = path.join(import.meta.dirname, "requirements.txt");
const OLDEST_PYTHON = 10;
const INSTALL_TIMEOUT_MS = 10 * 60_000;

/** Gives the environment's Python. Throws an error that says what is missing. */
export async function schemathesisPython(report: (line: string) => void): Promise<string> {
  const python = findOnPath("python3", process.env);
  if (python === undefined) throw new Error(missing("there is no python3 on the PATH"));
  const version = await run(python, ["-c", "import sys; print(*sys.version_info[:2], sep='.')"]);
  if (Number(/^3\.(\d+)$/.exec(version)?.[1]) < OLDEST_PYTHON) throw new Error(missing(`${python} is ${version}`));
  const requirements = readFileSync(REQUIREMENTS, "utf8");
  const pinned = /^schemathesis==(.+)$/m.exec(requirements)?.[1] ?? "";
  const key = createHash("sha256").update(`${requirements}${version}`).digest("hex").slice(0, 8);
  const target = path.join(cacheDir(process.env), `schemathesis-${pinned}-${key}`);
  const program = path.join(target, "bin", "python");
  if (isProgram(program)) return program;
  report(`Installing Schemathesis ${pinned}, once: ${target}`);
  await install(python, target);
  return program;
}

/** Under another name until it is whole; whoever comes second keeps what the first one made. */
async function install(python: string, target: string): Promise<void> {
  const draft = `${target}.${process.pid}.draft`;
  mkdirSync(path.dirname(target), { recursive: true });
  try {
    await run(python, ["-m", "venv", draft]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await run(path.join(draft, "bin", "python"), [...pip, "--requirement", REQUIREMENTS]);
    renameSync(draft, target);
  } catch (error) {
    if (!isProgram(path.join(target, "bin", "python"))) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { succeeded, output } = await runTool(program, args, {
    environment: process.env,
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  if (!succeeded) throw new Error(missing(`\`${program} ${args.join(" ")}\` fails: ${output}`));
  return output;
}

function missing(why: string): string {
  return `The contract's test needs Python 3.${OLDEST_PYTHON} or later with venv, and a package index that pip can reach: ${why}`;
}
