/**
 * A process of its own between gateway and engines. It outlives a gateway that is killed for as long as it takes to stop the
 * engines. And a terminal's Ctrl-C, which goes to the gateway's process group, reaches neither it nor them, so that the
 * gateway drains first.
 */
import type { EngineProcess } from "./engine-process.ts";
import { LocalEngineError } from "./error.ts";
import { toSupervisor, type Endpoints, type EngineRecord, type FromSupervisor, type StartOrder } from "./protocol.ts";
import { startEngines, type StartedEngines } from "./start-engines.ts";
import { holdStateDir, type HeldStateDir } from "./state-dir.ts";

interface Duty {
  readonly launched: EngineProcess[];
  readonly abort: AbortController;
  held?: HeldStateDir;
  starting?: Promise<void>;
  ending?: Promise<void>;
}

supervise({ launched: [], abort: new AbortController() });

function supervise(duty: Duty): void {
  const end = (): void => {
    duty.ending ??= endAll(duty);
  };
  process.on("message", (raw) => {
    const message = toSupervisor.parse(raw);
    if (message.type === "stop") end();
    else void begin(duty, message.order).catch(end);
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

async function start(duty: Duty, order: StartOrder): Promise<void> {
  const { signal } = duty.abort;
  const report = (line: string): void => void tell({ type: "line", line });
  duty.held = await holdStateDir({ stateDir: order.stateDir, gateway: order.gateway, report, signal });
  const engines = await startEngines(order, { report, signal, onLaunch: (engine) => record(duty, engine) });
  await tell({ type: "ready", endpoints: endpointsOf(engines) });
  const { postgres, openfga, cerbos } = engines;
  for (const engine of [postgres, openfga, cerbos]) if (engine !== undefined) void reportExit(duty, engine);
}

/** Before anything else is done with it: from now on somebody knows whom to end, this process or, should it die, another. */
function record(duty: Duty, engine: EngineProcess): void {
  duty.launched.push(engine);
  duty.held?.note(duty.launched.map(({ name, mark }): EngineRecord => ({ name, mark })));
  void tell({ type: "launched", engine: { name: engine.name, mark: engine.mark } });
}

/** An engine that ends by itself is not started again: the gateway says "cannot decide", and a person looks into the log. */
async function reportExit(duty: Duty, engine: EngineProcess): Promise<void> {
  const exit = await engine.exited;
  if (duty.ending === undefined) await tell({ type: "exited", name: engine.name, ...exit });
}

/** OpenFGA and Cerbos first; Postgres when nobody uses it any more. */
async function endAll({ abort, starting, launched, held }: Duty): Promise<never> {
  abort.abort();
  await Promise.allSettled([starting]);
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
