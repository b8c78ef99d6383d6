import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { STOP_STEPS, type EngineName } from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { endProcess, waitUntil } from "./process-mark.ts";
import {
  fromSupervisor,
  type Endpoints,
  type EngineRecord,
  type FromSupervisor,
  type StartOrder,
  type ToSupervisor,
} from "./protocol.ts";

/** Somebody ended who should not have. When it is the supervisor, the engines are ended too by the time that this is told. */
export interface UnexpectedExit {
  readonly name: EngineName | "supervisor";
  readonly code: number | null;
  readonly signal: string | null;
  /** Of a Cerbos. */
  readonly target?: string | undefined;
}

export interface Supervisor {
  readonly endpoints: Endpoints;
  readonly pids: Readonly<{ supervisor: number } & Partial<Record<EngineName, number>>>;
  onUnexpectedExit(callback: (exit: UnexpectedExit) => void): void;
  readonly judges: Judges;
  stop(): Promise<void>;
}

/** For what replaces policies: Cerbos beside the first. They end with the others, however this process ends. */
export interface Judges {
  /** Gives its target. Throws LocalEngineError with what it said when it does not start: then none is left of it. */
  start(policyDir: string): Promise<string>;
  /** Throws LocalEngineError where it does not end: then it ends with the others. */
  stop(target: string): Promise<void>;
}

/** Longer than all engines together may take (STOP_STEPS). */
const ENDS_WITHIN_MS = 30_000;

interface Link {
  readonly child: ChildProcess;
  readonly report: (line: string) => void;
  readonly records: EngineRecord[];
  readonly exits: UnexpectedExit[];
  readonly listeners: ((exit: UnexpectedExit) => void)[];
  readonly outcome: PromiseWithResolvers<Endpoints>;
  /** What was asked about single ones, by its number; gives a target, or "". */
  readonly asked: Map<number, PromiseWithResolvers<string>>;
  /** Settles when the supervisor has ended, and the engines with it. */
  readonly ended: PromiseWithResolvers<void>;
  isStopping: boolean;
  lastAsked: number;
}

/** Starts the supervisor and, under it, the engines. Neither keeps this process alive: when it ends, they do. */
export async function startSupervisor(order: StartOrder, report: (line: string) => void): Promise<Supervisor> {
  const link = openLink(order, report);
  send(link.child, { type: "start", order });
  try {
    const endpoints = await link.outcome.promise;
    link.child.unref();
    link.child.channel?.unref();
    return { endpoints, pids: pidsOf(link), ...controlsOf(link) };
  } catch (error) {
    await stop(link);
    throw error;
  }
}

function openLink(order: StartOrder, report: (line: string) => void): Link {
  const child = fork(fileURLToPath(new URL("./supervisor.ts", import.meta.url)), [], {
    detached: true, // A process group of its own.
    env: { ...order.environment, NODE_OPTIONS: undefined }, // Those are for us: `--inspect`, say, would take a port twice.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const link: Link = {
    child,
    report,
    records: [],
    exits: [],
    listeners: [],
    outcome: Promise.withResolvers(),
    asked: new Map(),
    ended: Promise.withResolvers(),
    isStopping: false,
    lastAsked: 0,
  };
  child.on("message", (raw) => receive(link, fromSupervisor.parse(raw)));
  child.once("error", (error) => {
    link.outcome.reject(error);
    if (child.pid === undefined) link.ended.resolve(); // It never began.
  });
  void followToItsEnd(link);
  return link;
}

/** The channel is closed only when everything in it has been read: `exit` alone may come before the last message. */
async function followToItsEnd(link: Link): Promise<void> {
  const { child } = link;
  const disconnected = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const exited = new Promise<UnexpectedExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ name: "supervisor", code, signal }));
  });
  await disconnected;
  await supervisorEnded(link, await exited);
}

function receive(link: Link, message: FromSupervisor): void {
  switch (message.type) {
    case "line":
      link.report(message.line);
      break;
    case "launched":
      link.records.push(message.engine);
      break;
    case "ready":
      link.outcome.resolve(message.endpoints);
      break;
    case "failed":
      link.outcome.reject(new LocalEngineError(message.code ?? "ENGINE_DID_NOT_START", message.message));
      break;
    case "cerbosStarted":
      answer(link, message.id)?.resolve(message.target);
      break;
    case "cerbosFailed":
      answer(link, message.id)?.reject(new LocalEngineError(message.code, message.message));
      break;
    case "cerbosStopped": {
      const place = link.records.findIndex(({ mark }) => isDeepStrictEqual(mark, message.mark));
      if (place !== -1) link.records.splice(place, 1);
      answer(link, message.id)?.resolve("");
      break;
    }
    case "exited":
      announce(link, { name: message.name, code: message.code, signal: message.signal, target: message.target });
      break;
  }
}

function answer({ asked }: Link, id: number): PromiseWithResolvers<string> | undefined {
  const found = asked.get(id);
  asked.delete(id);
  return found;
}

async function ask(link: Link, message: (id: number) => ToSupervisor): Promise<string> {
  if (!link.child.connected) throw supervisorHasEnded();
  const answered = Promise.withResolvers<string>();
  const id = (link.lastAsked += 1);
  link.asked.set(id, answered);
  link.child.channel?.ref(); // who waits for the answer has something to do
  send(link.child, message(id));
  return await answered.promise.finally(() => {
    if (link.asked.size === 0) link.child.channel?.unref();
  });
}

function supervisorHasEnded(): LocalEngineError {
  return new LocalEngineError("SUPERVISOR_ENDED", "The process that runs the engines has ended");
}

function announce(link: Link, exit: UnexpectedExit): void {
  if (link.isStopping) return;
  link.exits.push(exit);
  for (const listener of link.listeners) listener(exit);
}

/** After an orderly end none of them runs; after another one this process is the only one left to end them. */
async function supervisorEnded(link: Link, exit: UnexpectedExit): Promise<void> {
  await Promise.all(link.records.map(async ({ name, mark }) => await endProcess(mark, STOP_STEPS[name])));
  link.outcome.reject(supervisorHasEnded());
  for (const id of [...link.asked.keys()]) answer(link, id)?.reject(supervisorHasEnded());
  link.ended.resolve();
  announce(link, exit);
}

function pidsOf({ child, records }: Link): Supervisor["pids"] {
  if (child.pid === undefined) throw new Error("a supervisor that answered has no pid");
  return { supervisor: child.pid, ...Object.fromEntries(records.map(({ name, mark }) => [name, mark.pid])) };
}

function controlsOf(link: Link): Pick<Supervisor, "onUnexpectedExit" | "judges" | "stop"> {
  return {
    judges: {
      start: async (policyDir) => await ask(link, (id) => ({ type: "startCerbos", id, policyDir })),
      stop: async (target) => {
        await ask(link, (id) => ({ type: "stopCerbos", id, target }));
      },
    },
    onUnexpectedExit: (callback) => {
      link.listeners.push(callback);
      link.exits.forEach(callback); // Nobody may have listened when it happened.
    },
    stop: async () => await stop(link),
  };
}

async function stop(link: Link): Promise<void> {
  const { child } = link;
  link.isStopping = true;
  child.ref();
  if (child.connected) send(child, { type: "stop" });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (!(await waitUntil(hasEnded, { timeoutMs: ENDS_WITHIN_MS }))) child.kill("SIGKILL");
  await link.ended.promise;
}

/** A message that cannot be delivered has no reader: the event `exit` follows. */
function send(child: ChildProcess, message: ToSupervisor): void {
  child.send(message, () => undefined);
}
