import type { Config } from "../config.ts";
import { backUp } from "../local/backup.ts";
import { LocalEngineError } from "../local/error.ts";
import { type Command, readArguments } from "./command.ts";

const HELP = `Copies the ledger of the embedded Postgres, and what it cannot do without, while no gateway runs.

  npm run backup -- <folder>    the folder must not be there, or be empty

The copy holds secrets (the passwords of this machine's engines, the development issuer's key): keep it as you keep those.
OpenFGA's tables live in the same Postgres and are in it. A Postgres of your own (DATABASE_URL) is copied with its own tools:
docs/backup.md.

  --help                        this text
`;

export const backupCommand: Command = (args) => {
  const read = readArguments(args, { help: HELP, options: {}, words: ["the folder to copy into"] });
  if (read === undefined) return HELP;
  const [folder = ""] = read.words;
  return async (config, { report }) => {
    refuseOwnPostgres(config);
    const { stateDir, environment } = config;
    const { files } = await backUp({ stateDir, folder, environment, report, signal: untilInterrupted() });
    const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    report(`Copied ${files.length} files, ${megabytes.toFixed(1)} MB, into ${folder}. It holds secrets.`);
    for (const line of notInIt(config)) report(line);
    return 0;
  };
};

export function refuseOwnPostgres({ databaseUrl }: Config): void {
  if (databaseUrl === null) return;
  const message = "DATABASE_URL names a Postgres of your own: use its own tools (docs/backup.md)";
  throw new LocalEngineError("BACKUP_REFUSED", message);
}

/** Ctrl-C ends the copy between two files, and nothing half is left behind. */
export function untilInterrupted(): AbortSignal {
  const interrupted = new AbortController();
  const reason = new LocalEngineError("BACKUP_REFUSED", "interrupted; nothing was changed");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort(reason));
  return interrupted.signal;
}

function notInIt({ openfga, secret, masterKeys }: Config): string[] {
  return [
    ...(secret === null ? [] : ["BAILIWICK_SECRET is not in it: keep that yourself."]),
    ...(masterKeys.length === 0 ? [] : ["MASTER_KEYS are not in it: keep them yourself."]),
    ...(openfga === null
      ? []
      : ["OpenFGA is your own and not in it: after a restore, npm run reconcile -- --rebuild."]),
  ];
}
