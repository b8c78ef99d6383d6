/** `npm start` and the commands beside it: reads the configuration, lets assemble.ts and commands/ do it, drains. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Reporting } from "./assemble.ts";
import { type Command, readArguments, UsageError } from "./commands/command.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { createLog, describeError } from "./http/log.ts";
import { LocalEngineError } from "./local/error.ts";

const HELP = `Bailiwick: policy-as-code authorization for products whose resources live in organizations.

  npm start                       starts the gateway, and the engines that the settings do not name
  npm run reconcile               compares the graph with the ledger now, organization by organization, and repairs the graph;
                                  the gateway may run or not; --rebuild: from the ledger, wherever the graph stands
  npm run reseal                  seals the ledger's secrets with the newest of MASTER_KEYS
  npm run decisions -- show <id>  what was asked, answered and why; -- list: the last decisions
  npm run backup -- <folder>      copies the ledger of the embedded Postgres, and what belongs to it, while no gateway runs
  npm run restore -- <folder>     puts such a copy in place
  npm run token -- alice          prints an access token of the development issuer (npm run token -- --help)

Each says more with --help. Settings are environment variables: docs/configuration.md.
`;

const start: Command = (args) =>
  readArguments(args, { help: HELP, options: {}, words: [] }) === undefined ? HELP : serve;
const help: Command = () => HELP;

/** Each is loaded when it is asked for: to read a log needs no gateway. */
const COMMANDS: Readonly<Record<string, () => Command | Promise<Command>>> = {
  start: () => start,
  reconcile: async () => (await import("./commands/reconcile.ts")).reconcileCommand,
  reseal: async () => (await import("./commands/reseal.ts")).resealCommand,
  decisions: async () => (await import("./commands/decisions.ts")).decisionsCommand,
  backup: async () => (await import("./commands/backup.ts")).backupCommand,
  restore: async () => (await import("./commands/restore.ts")).restoreCommand,
  help: () => help,
  "--help": () => help,
};

async function serve(config: Config, reporting: Reporting): Promise<number> {
  const { report } = reporting;
  const asked = Promise.race([signalled("SIGINT"), signalled("SIGTERM")]); // from the first moment: PID 1 has no default
  const { startGateway } = await import("./assemble.ts");
  const gateway = await Promise.race([startGateway(config, reporting), asked]);
  if (typeof gateway === "string") {
    report("Stopped before it was ready");
    process.exit(1); // What it has started ends with it.
  }
  report(`Bailiwick is ready on ${gateway.url}`);
  if (config.isDevelopmentIssuerOn) {
    const token = "$(npm run -s token -- alice)";
    report(`Next, in another terminal: curl -H "Authorization: Bearer ${token}" ${gateway.url}/v1/me/organizations`);
  }
  const end = await Promise.race([asked, gateway.engineLost.then((engine) => ({ engine }))]);
  const lost = typeof end === "string" ? undefined : end.engine;
  if (lost !== undefined)
    gateway.log.error({ event: "engine.lost", engine: lost }, `${lost} ended by itself; stopping`);
  report("Stopping");
  // Load balancers get the time to see it. Who stops it by hand does not wait for them; a second signal ends the waiting.
  await gateway.close(
    end === "SIGTERM"
      ? Promise.race([
          setTimeout(config.drainDelayMs, undefined, { ref: false }),
          signalled("SIGINT"),
          signalled("SIGTERM"),
        ])
      : undefined,
  );
  return lost === undefined ? 0 : 1;
}

async function signalled<Signal extends "SIGINT" | "SIGTERM">(signal: Signal): Promise<Signal> {
  await once(process, signal);
  return signal;
}

async function main(name: string, args: readonly string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command ${name}`, HELP);
  const asked = (await command())(args);
  if (typeof asked === "string") {
    console.log(asked);
    return 0;
  }
  const config = readConfig();
  const report = (line: string): void => console.error(line);
  return await asked(config, { report, log: createLog(config.logLevel) });
}

const [, , command = "start", ...rest] = process.argv;
try {
  process.exitCode = await main(command, rest);
} catch (error) {
  const isForPeople = error instanceof ConfigError || error instanceof LocalEngineError;
  const what = command === "start" ? "Bailiwick does not start" : command;
  if (error instanceof UsageError) console.error(`${error.message}.\n\n${error.help}`);
  else console.error(isForPeople ? `${what}: ${error.message}` : describeError(error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
