import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LocalEngineOptions, type LocalEngines, startLocalEngines } from "../../src/local/engines.ts";
import { markOf, waitUntil } from "../../src/local/process-mark.ts";
import { processesIn } from "./engine-processes.ts";
import { type TestEngines, writeBuiltIn } from "./test-engines.ts";

/** One engine under a supervisor of its own: however this process ends, the engine does too. */
export interface OwnEngine {
  readonly at: LocalEngines;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP of all its processes, until `thaw` or the end of this process. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Starts it again, on the same data and the same port; one that runs goes on. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface OwnEngines {
  readonly engines: TestEngines;
  readonly postgres: OwnEngine;
  readonly openfga: OwnEngine;
  readonly cerbos: OwnEngine;
  /** Whatever a test did to them, they run. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

const GONE_WITHIN_MS = 10_000;
type Name = "postgres" | "openfga" | "cerbos";

/**
 * The engines as `npm start` has them, OpenFGA in the same Postgres, but each can be ended, frozen and started again.
 * @param bundle what Cerbos serves; none: the built-in policies
 */
export async function startOwnEngines(bundle?: string): Promise<OwnEngines> {
  const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-test-own-"));
  const policyDir = bundle ?? path.join(stateDir, "policies");
  if (bundle === undefined) await writeBuiltIn(policyDir);
  const started: OwnEngine[] = [];
  const stop = async (): Promise<void> => {
    for (const engine of started.toReversed()) await engine.stop();
    await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
  };
  const own = async (name: Name, openfgaDatabaseUrl?: string): Promise<OwnEngine> => {
    const engine = await startOwnEngine(name, path.join(stateDir, name), { policyDir, openfgaDatabaseUrl });
    started.push(engine);
    return engine;
  };
  try {
    const postgres = await own("postgres");
    const databaseUrl = given(postgres.at.databaseUrl);
    const openfga = await own("openfga", new URL("/openfga", databaseUrl).href);
    const cerbos = await own("cerbos");
    const { masterSecret } = postgres.at;
    const cerbosTarget = given(cerbos.at.cerbosTarget);
    const heal = async (): Promise<void> => {
      for (const engine of started) {
        await engine.thaw();
        await engine.restart();
      }
    };
    const engines = { databaseUrl, openfga: given(openfga.at.openfga), cerbosTarget, hostCerbos: {}, masterSecret };
    return { engines, postgres, openfga, cerbos, heal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Own = Pick<LocalEngineOptions, "policyDir" | "openfgaDatabaseUrl">;

async function startOwnEngine(name: Name, stateDir: string, own: Own): Promise<OwnEngine> {
  const [first, second] = [await fixedPort(), await fixedPort()];
  const options: LocalEngineOptions = {
    stateDir,
    ...own,
    need: { postgres: name === "postgres", openfga: name === "openfga", cerbos: name === "cerbos" },
    ports: { postgres: first, openfga: first, openfgaGrpc: second, cerbos: first, cerbosHttp: second },
    durable: false,
    environment: process.env,
    report: () => undefined,
  };
  let at = await startLocalEngines(options);
  let frozen: Ice | undefined;
  const pid = (): number => given(at.pids[name]);
  const isGone = (): boolean => markOf(pid()) === undefined;
  return {
    at,
    kill: async () => {
      process.kill(pid(), "SIGKILL");
      if (!(await waitUntil(isGone, { timeoutMs: GONE_WITHIN_MS }))) throw new Error(`${name} does not die`);
    },
    freeze: async () => {
      frozen = await freeze([pid(), ...(name === "postgres" ? backends(pid(), stateDir) : [])]);
    },
    thaw: async () => {
      await frozen?.melt();
      frozen = undefined;
    },
    restart: async () => {
      if (!isGone()) return;
      await at.stop();
      at = await startLocalEngines(options);
    },
    stop: async () => {
      await frozen?.melt();
      await at.stop();
    },
  };
}

/** Postgres works in one process for each connection; the postmaster alone only makes new ones. */
function backends(postmaster: number, stateDir: string): number[] {
  return processesIn(path.join(stateDir, "postgres")).filter((pid) => pid !== postmaster);
}

const PORT_TRIES = 50;

/** Below those that systems give to connections (from 32768 on): while its engine is down nobody else gets it by chance. */
async function fixedPort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error(`none of ${PORT_TRIES} ports is free`);
}

interface Ice {
  melt(): Promise<void>;
}

/** By a shell that thaws them when its input ends, which it also does with this process: nobody stays frozen for ever. */
async function freeze(pids: readonly number[]): Promise<Ice> {
  const all = pids.join(" ");
  const script = `kill -STOP ${all}; echo frozen; read _; kill -CONT ${all}`;
  const shell = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(shell, "exit");
  await once(shell.stdout, "data");
  return {
    melt: async () => {
      shell.stdin.end();
      await ended;
    },
  };
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an engine that was started has no address");
  return value;
}
