import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

export const ROOT = path.resolve(import.meta.dirname, "..");

/** A gateway that runs by itself, and how long it took until it was ready. */
export interface RunningGateway {
  readonly url: string;
  readonly pid: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const children = new Set<ChildProcess>();

/** Whatever happens to the bench, nothing that it started goes on without it. */
export function endChildrenWithUs(): void {
  process.once("exit", () => {
    for (const child of children) child.kill("SIGTERM");
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
}

/** Starts a gateway by this command and waits for the line that names its address, and until it says that it is ready. */
export async function startGateway(command: readonly string[], settings: Environment): Promise<RunningGateway> {
  const start = performance.now();
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, PORT: "0", LOG_LEVEL: "warn", ...settings },
    stdio: ["ignore", 2, "pipe"],
  });
  const ended = kept(child);
  const { stderr } = child;
  if (stderr === null) throw new Error("the gateway has no standard error"); // it is a pipe
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: stderr }).on("line", (line) => {
      lines.push(line);
      const found = /ready on (http:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`the gateway did not start:\n${lines.join("\n")}`)));
  });
  const ready = await fetch(`${url}/readyz`);
  if (ready.status !== 200) throw new Error(`the gateway says ${ready.status}: ${await ready.text()}`);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  return { url, pid: child.pid ?? 0, readyMs: performance.now() - start, stop };
}

/** A program of the bench in a process of its own: it gets one order and gives one answer. */
export interface Helper<Result> {
  readonly pid: number;
  readonly result: Result;
  stop(): Promise<void>;
}

export async function startHelper<Result>(file: string, order: object): Promise<Helper<Result>> {
  const child = fork(path.join(import.meta.dirname, file), { serialization: "advanced" });
  const ended = kept(child);
  child.send(order);
  const result = await Promise.race([
    once(child, "message").then(([message]) => message as Result), // it is the bench's own
    ended.then(() => Promise.reject(new Error(`${file} ended without an answer`))),
  ]);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM"); // After a disconnect Node would not tell of its end.
    await ended;
  };
  return { pid: child.pid ?? 0, result, stop };
}

async function kept(child: ChildProcess): Promise<void> {
  children.add(child);
  await new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  children.delete(child);
}
