import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { ROOT } from "./shell-blocks.ts";
import { compiledOnce } from "./test-engines.ts";

export interface Running {
  /** What it printed so far. */
  said(): string;
  /** The first group of this pattern, when it has been printed. Throws with what was, when it ends before. */
  until(pattern: RegExp): Promise<string>;
  /** SIGTERM; gives the exit status. */
  stop(): Promise<number | null>;
}

/** Runs a program of examples/express-service. */
export function runExample(file: string, settings: Readonly<Record<string, string>>): Running {
  const { PATH = "", HOME = "/", XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME !== undefined && { XDG_CACHE_HOME };
  const env = { PATH, HOME, ...cache, ...compiledOnce(), ...settings };
  const program = `examples/express-service/${file}`;
  const child = spawn(process.execPath, [program], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return {
    said: () => output,
    until: async (pattern) => await found(child, pattern, () => output),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      return child.exitCode;
    },
  };
}

async function found(
  child: ChildProcessByStdio<null, Readable, Readable>,
  pattern: RegExp,
  said: () => string,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const look = (): void => {
      const [, word] = pattern.exec(said()) ?? [];
      if (word !== undefined) resolve(word);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("close", () => reject(new Error(`it ended: ${said()}`)));
    look();
  });
}
