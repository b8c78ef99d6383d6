/**
 * A process of its own between gateway and engines. It outlives a gateway that is killed for as long as it takes to stop the
 * engines. And a terminal's Ctrl-C, which goes to the gateway's process group, reaches neither it nor them, so that the
 * gateway drains first.
 */
import type { EngineProcess } from "./engine-process.ts";
import { LocalEngineError, type LocalEngineErrorCode } from "./error.ts";
import { toSupervisor, type Endpoints, type EngineRecord, type FromSupervisor, type StartOrder } from "./protocol.ts";
import { startEngines, startJudge, type StartedEngines } from "./start-engines.ts";
import { holdStateDir, type HeldStateDir } from "./state-dir.ts";

interface Duty {
  readonly launched: EngineProcess[];
  /** By target: one, and while policies are replaced two. */
  readonly judges: Map<string, EngineProcess>;
  /** Starts beside the first. */
  readonly beside: Set<Promise<void>>;
  readonly abort: AbortController;
  order?: StartOrder;
  held?: HeldStateDir;
  starting?: Promise<void>;
  ending?: Promise<void>;
}

supervise({ launched: [], judges: new Map(), beside: new Set(), abort: new AbortController() });

function supervise(duty: Duty): void {
  const end = (): void => {
    duty.ending ??= endAll(duty);
  };
  process.on("message", (raw) => {
    const message = toSupervisor.parse(raw);
    if (message.type === "stop") end();
    else if (message.type === "start") void begin(duty, message.order).catch(end);
    else if (message.type === "startCerbos") beginBeside(duty, message.id, message.policyDir);
    else void endJudge(duty, message.id, message.target);
  });
  process.on("disconnect", end); // The gateway is gone, in whatever way.
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  process.on("SIGHUP", end);
}

async function begin(duty: Duty, order: StartOrder): Promise<void> {
  duty.starting = start(duty, order);
  try {
    await duty.starting;
  } catch (error) {
    const code = error instanceof LocalEngineError ? error.code : undefined;
    await tell({ type: "failed", code, message: describe(error) });
    throw error;
  }
}

function report(line: string): void {
  void tell({ type: "line", line });
}

async function start(duty: Duty, order: StartOrder): Promise<void> {
  const { signal } = duty.abort;
  duty.order = order;
  duty.held = await holdStateDir({ stateDir: order.stateDir, gateway: order.gateway, report, signal });
  const engines = await startEngines(order, { report, signal, onLaunch: (engine) => record(duty, engine) });
  const { postgres, openfga, cerbos } = engines;
  if (cerbos !== undefined) duty.judges.set(cerbos.target, cerbos);
  await tell({ type: "ready", endpoints: endpointsOf(engines) });
  for (const engine of [postgres, openfga, cerbos]) if (engine !== undefined) void reportExit(duty, engine);
}

function beginBeside(duty: Duty, id: number, policyDir: string): void {
  const starting = startBeside(duty, policyDir)
    .then(async (target) => await tell({ type: "cerbosStarted", id, target }))
    .catch(async (error: unknown) => await tellFailed(id, "ENGINE_DID_NOT_START", error))
    .finally(() => duty.beside.delete(starting));
  duty.beside.add(starting);
}

async function startBeside(duty: Duty, policyDir: string): Promise<string> {
  const { order, abort } = duty;
  if (order === undefined || duty.ending !== undefined) throw new Error("no engines run to start it beside");
  const { stateDir, environment } = order;
  const onLaunch = (engine: EngineProcess): void => record(duty, engine);
  const cerbos = await startJudge({ policyDir }, { stateDir, environment, report, onLaunch, signal: abort.signal });
  duty.judges.set(cerbos.target, cerbos);
  void reportExit(duty, cerbos);
  return cerbos.target;
}

/** Whoever is ended on purpose is not told to have ended. One that cannot be ended is no reason to end the others: it ends with them. */
async function endJudge(duty: Duty, id: number, target: string): Promise<void> {
  try {
    const cerbos = duty.judges.get(target);
    if (cerbos === undefined) throw new Error(`no Cerbos is at ${target}`);
    duty.judges.delete(target);
    await cerbos.stop();
    forget(duty, cerbos);
    await tell({ type: "cerbosStopped", id, mark: cerbos.mark });
  } catch (error) {
    await tellFailed(id, "ENGINE_DID_NOT_STOP", error);
  }
}

async function tellFailed(id: number, code: LocalEngineErrorCode, error: unknown): Promise<void> {
  await tell({ type: "cerbosFailed", id, code, message: describe(error) });
}

/** Before anything else is done with it: from now on somebody knows whom to end, this process or, should it die, another. */
function record(duty: Duty, engine: EngineProcess): void {
  duty.launched.push(engine);
  note(duty);
  void tell({ type: "launched", engine: { name: engine.name, mark: engine.mark } });
}

function forget(duty: Duty, engine: EngineProcess): void {
  const place = duty.launched.findIndex(({ mark }) => mark === engine.mark);
  if (place !== -1) duty.launched.splice(place, 1);
  note(duty);
}

function note({ launched, held }: Duty): void {
  held?.note(launched.map(({ name, mark }): EngineRecord => ({ name, mark })));
}

/** An engine that ends by itself is not started again: the gateway says "cannot decide", and a person looks into the log. */
async function reportExit(duty: Duty, engine: EngineProcess): Promise<void> {
  const exit = await engine.exited;
  const target = [...duty.judges].find(([, judge]) => judge.mark === engine.mark)?.[0];
  const isDismissed = engine.name === "cerbos" && target === undefined;
  if (duty.ending === undefined && !isDismissed) await tell({ type: "exited", name: engine.name, target, ...exit });
}

/** OpenFGA and Cerbos first; Postgres when nobody uses it any more. */
async function endAll({ abort, starting, beside, launched, held }: Duty): Promise<never> {
  abort.abort();
  await Promise.allSettled([starting, ...beside]);
  await Promise.all(launched.filter(({ name }) => name !== "postgres").map(async (engine) => await engine.stop()));
  await Promise.all(launched.filter(({ name }) => name === "postgres").map(async (engine) => await engine.stop()));
  held?.release();
  process.exit(0);
}

function endpointsOf({ postgres, openfga, cerbos }: StartedEngines): Endpoints {
  return {
    databaseUrl: postgres?.url("bailiwick"),
    openfga: openfga && { apiUrl: openfga.apiUrl, presharedKey: openfga.presharedKey },
    cerbosTarget: cerbos?.target,
  };
}

/** Returns when the message is on its way, or when there is nobody to hear it, which the event `disconnect` deals with. */
async function tell(message: FromSupervisor): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** A message for a person: of an error of ours the sentence and its cause, of a bug the stack. */
function describe(error: unknown): string {
  if (!(error instanceof LocalEngineError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
