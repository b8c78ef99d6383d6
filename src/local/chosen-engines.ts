import type { Config } from "../config.ts";
import { forgetEndpoints, type LocalEndpoints, noteEndpoints } from "./endpoints.ts";
import { type Judges, type LocalEngines, startLocalEngines } from "./engines.ts";

/** Where the engines are, and the secret that belongs to their data. */
export interface Engines {
  readonly databaseUrl: string;
  readonly openfga: { readonly apiUrl: string; readonly presharedKey?: string | null };
  readonly cerbos: { readonly target: string; readonly tls: boolean };
  readonly secret: string;
  /** For the embedded Cerbos; null: it is the user's own, or another process has started it. */
  readonly judges: EmbeddedJudges | null;
}

export interface StartedEngines extends Engines {
  readonly lost: Promise<string>;
  stop(): Promise<void>;
}

export interface EmbeddedJudges extends Judges {
  /** What the first was started on. */
  readonly policyDir: string;
  /** From now on this one decides: its end is the gateway's, too. Never throws. */
  uses(target: string): void;
}

/**
 * The user's engines where they are named, embedded ones for the rest.
 * @param policyDir what an embedded Cerbos is started on; null where none is
 */
export async function startEngines(
  config: Config,
  report: (line: string) => void,
  policyDir: string | null,
): Promise<StartedEngines> {
  const need = {
    postgres: config.databaseUrl === null,
    openfga: config.openfga === null,
    cerbos: config.cerbos === null,
  };
  const { secret } = config;
  // With nothing to keep there is no state directory: a container's file system can be read-only.
  if (secret !== null && !Object.values(need).includes(true))
    return nothingStarted(chosen(config, { masterSecret: secret }));
  const local = await startLocalEngines({
    stateDir: config.stateDir,
    policyDir: policyDir ?? config.policiesDir, // the second is read by nobody
    need,
    openfgaDatabaseUrl: config.openfgaDatabaseUrl ?? config.databaseUrl ?? undefined,
    environment: config.environment,
    report,
  });
  const { stateDir } = config;
  noteEndpoints(stateDir, local);
  const { lost, uses } = followed(local);
  const judges = config.cerbos === null && local.judges !== undefined ? local.judges : null;
  const note = (cerbosTarget: string): void => {
    uses(cerbosTarget);
    try {
      noteEndpoints(stateDir, { ...local, cerbosTarget });
    } catch (error) {
      // A full disk is no reason to end what decides; only programs beside the gateway read the note.
      report(`Where Cerbos is could not be noted in ${stateDir}: ${String(error)}`);
    }
  };
  return {
    ...chosen(config, local),
    judges: judges && { ...judges, uses: note, policyDir: policyDir ?? "" },
    lost,
    stop: async () => {
      forgetEndpoints(config.stateDir);
      await local.stop();
    },
  };
}

/** Of several Cerbos the end of one matters that decides, or comes to. */
function followed(local: LocalEngines): Pick<StartedEngines, "lost"> & Pick<EmbeddedJudges, "uses"> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const ended = new Set<string>();
  let used = local.cerbosTarget;
  local.onUnexpectedExit(({ name, target }) => {
    if (target !== undefined) ended.add(target);
    if (target === undefined || target === used) resolve(name);
  });
  const uses = (target: string): void => {
    used = target;
    if (ended.has(target)) resolve("cerbos");
  };
  return { lost: promise, uses };
}

function nothingStarted(engines: Engines): StartedEngines {
  return { ...engines, lost: new Promise(() => undefined), stop: async () => await Promise.resolve() };
}

/** The user's engines before the embedded ones. */
export function chosen(config: Config, local: LocalEndpoints): Engines {
  return {
    databaseUrl: given(config.databaseUrl ?? local.databaseUrl),
    openfga: given(config.openfga ?? local.openfga),
    cerbos: config.cerbos ?? { target: given(local.cerbosTarget), tls: false },
    secret: config.secret ?? local.masterSecret,
    judges: null,
  };
}

/** What startLocalEngines was asked for it gives. */
function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an embedded engine was needed and not started");
  return value;
}
