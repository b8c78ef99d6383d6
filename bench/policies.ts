import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { cpuBetween, cpuTimes } from "./cpu.ts";
import { ROOT } from "./processes.ts";
import { othersOf } from "./results.ts";

/** What a policy author runs, as a whole process: from the command until it has ended. */
export interface Authored {
  readonly name: string;
  readonly goalSeconds: number;
  readonly ofEachRound: readonly number[];
  readonly others: readonly number[];
}

const HOST = "examples/document-tree/policies";

interface Command {
  readonly name: string;
  readonly goalSeconds: number;
  readonly args: readonly string[];
  readonly status: number;
  /** What it must have printed, or the figure means nothing. */
  readonly says: string;
  readonly edit?: Edit;
}

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const COMMANDS: readonly Command[] = [
  { name: "check", goalSeconds: 20, args: ["check"], status: 0, says: "policies" },
  { name: "table", goalSeconds: 20, args: ["table", "--stdout"], status: 0, says: "## transfer" },
  {
    ...{ name: "diff, a built-in kind", goalSeconds: 40, args: ["diff", "HEAD"], status: 3 },
    says: "Owner may now `retire` a sector",
    edit: { file: "policies/cerbos/sector.yaml", from: "R.attr.ownerCount == 1", to: "R.attr.ownerCount >= 1" },
  },
  {
    ...{ name: "diff, the model", goalSeconds: 40, args: ["diff", "HEAD"], status: 3 },
    says: "a document",
    edit: {
      file: `${HOST}/openfga/documents.fga`,
      from: "define editor: author or editor from folder",
      to: "define editor: author or shared_with or editor from folder",
    },
  },
];

/** In a repository of its own, so that nothing here is changed and nothing that is changed here matters. */
export async function measurePolicies(rounds: number): Promise<Authored[]> {
  const repository = await mkdtemp(path.join(tmpdir(), "bailiwick-bench-policies-"));
  try {
    for (const folder of ["policies", HOST]) {
      await cp(path.join(ROOT, folder), path.join(repository, folder), { recursive: true });
    }
    const git = async (...args: readonly string[]): Promise<unknown> =>
      await promisify(execFile)("git", ["-c", "user.name=bench", "-c", "user.email=bench@example.com", ...args], {
        cwd: repository,
      });
    await git("init", "--quiet");
    await git("add", "--all");
    await git("commit", "--quiet", "--no-verify", "--message", "as they are");
    const measured: Authored[] = [];
    for (const command of COMMANDS) measured.push(await measureCommand(command, repository, rounds));
    return measured;
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

async function measureCommand(command: Command, repository: string, rounds: number): Promise<Authored> {
  const { name, goalSeconds, edit } = command;
  const ofEachRound: number[] = [];
  const others: number[] = [];
  const file = edit === undefined ? null : path.join(repository, edit.file);
  const before = file === null ? "" : await readFile(file, "utf8");
  if (edit !== undefined && !before.includes(edit.from)) throw new Error(`${edit.file} does not say ${edit.from}`);
  if (edit !== undefined && file !== null) await writeFile(file, before.replace(edit.from, edit.to));
  for (let round = 0; round < rounds; round += 1) {
    const cpu = cpuTimes({ programs: process.pid });
    const seconds = await runOnce(command, repository);
    ofEachRound.push(seconds);
    others.push(othersOf(cpuBetween(cpu, cpuTimes({ programs: process.pid })), seconds));
  }
  if (file !== null) await writeFile(file, before);
  return { name, goalSeconds, ofEachRound, others };
}

/** Seconds. Throws where it has not said what it must. */
async function runOnce({ args, status, says }: Command, repository: string): Promise<number> {
  const folders = ["--policies", path.join(repository, "policies"), "--host", path.join(repository, HOST)];
  const start = performance.now();
  const child = spawn(process.execPath, ["src/policy/main.ts", ...args, ...folders], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const [code] = (await once(child, "close")) as [number | null]; // as Node says
  if (code !== status || !printed.includes(says)) {
    throw new Error(`policies ${args.join(" ")} ended with ${code} instead of ${status}, or does not say "${says}"`);
  }
  return (performance.now() - start) / 1_000;
}
