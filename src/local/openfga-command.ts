import { createHash } from "node:crypto";
import type { OpenfgaProgram } from "./openfga-binary.ts";
import { LOOPBACK } from "./ports.ts";
import { runTool, type Environment } from "./tool.ts";

/** One run of `openfga`, wherever it comes from. Secrets travel in the environment: everybody may read a command line. */
export interface OpenfgaRun {
  readonly args: readonly string[];
  readonly environment: Environment;
  /** Ports that it listens on. */
  readonly ports: readonly number[];
}

export interface OpenfgaCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Environment;
}

const DOCKER_TIMEOUT_MS = 30_000;

/** How to run it as a process of ours: the binary, or Docker's client, which passes signals on to the container. */
export function openfgaCommand(program: OpenfgaProgram, run: OpenfgaRun, container: string): OpenfgaCommand {
  if (program.kind === "binary") return { command: program.path, args: run.args, environment: run.environment };
  const variables = Object.keys(run.environment).filter((name) => name.startsWith("OPENFGA_"));
  const args = [
    ...["run", "--rm", `--name=${container}`],
    ...variables.map((name) => `--env=${name}`),
    ...(process.platform === "linux"
      ? ["--network=host"]
      : run.ports.map((port) => `--publish=${LOOPBACK}:${port}:${port}`)),
    program.image,
    ...(process.platform === "linux" ? run.args : run.args.map(listenEverywhere)),
  ];
  return { command: program.docker, args, environment: throughDesktop(run.environment) };
}

/** Docker Desktop has a network of its own: inside it every address is the container's, and the machine has a name. */
function listenEverywhere(arg: string): string {
  return arg.replace(`=${LOOPBACK}:`, "=0.0.0.0:");
}

function throughDesktop(environment: Environment): Environment {
  const uri = environment["OPENFGA_DATASTORE_URI"];
  if (process.platform === "linux" || uri === undefined) return environment;
  return { ...environment, OPENFGA_DATASTORE_URI: uri.replace(`@${LOOPBACK}:`, "@host.docker.internal:") };
}

/** The container of a state directory: one name, so that one left over by a crash is found again. */
export function containerName(stateDir: string): string {
  return `bailiwick-openfga-${createHash("sha256").update(stateDir).digest("hex").slice(0, 12)}`;
}

/** Removes the container of a client that was killed before it could pass the signal on. */
export async function removeLeftoverContainer(
  program: OpenfgaProgram,
  name: string,
  environment: Environment,
): Promise<void> {
  if (program.kind === "binary") return;
  // A failure says that there is no such container, or comes back when the new one is started.
  await runTool(program.docker, ["rm", "--force", name], { environment, timeoutMs: DOCKER_TIMEOUT_MS });
}
