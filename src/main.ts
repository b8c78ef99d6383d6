/** `npm start` and `npm run reconcile`: reads the configuration, lets assemble.ts do it, drains. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { assemble, type Reporting, startGateway } from "./assemble.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { createLog, describeError } from "./http/log.ts";
import { chosen, type Engines, startEngines } from "./local/chosen-engines.ts";
import { readEndpoints } from "./local/endpoints.ts";
import { LocalEngineError } from "./local/error.ts";

const HELP = `Bailiwick: policy-as-code authorization for products whose resources live in organizations.

  npm start                starts the gateway, and the engines that the settings do not name
  npm run reconcile        compares the graph with the ledger now, organization by organization, and files repairs;
                           the gateway may run or not
  npm run token -- alice   prints an access token of the development issuer (npm run token -- --help)

Settings are environment variables: README.md, "Settings".
`;

async function serve(config: Config, reporting: Reporting): Promise<number> {
  const { report, log } = reporting;
  const gateway = await startGateway(config, reporting);
  report(`Bailiwick is ready on ${gateway.url}`);
  if (config.isDevelopmentIssuerOn) {
    const token = "$(npm run -s token -- alice)";
    report(`Next, in another terminal: curl -H "Authorization: Bearer ${token}" ${gateway.url}/v1/me/organizations`);
  }
  const asked = Promise.race([signalled("SIGINT"), signalled("SIGTERM")]);
  const end = await Promise.race([asked, gateway.engineLost.then((engine) => ({ engine }))]);
  const lost = typeof end === "string" ? undefined : end.engine;
  if (lost !== undefined) log.error({ event: "engine.lost", engine: lost }, `${lost} ended by itself; stopping`);
  report("Stopping");
  // Load balancers get the time to see it. Who stops it by hand does not wait for them; a second signal ends the waiting.
  await gateway.close(
    end === "SIGTERM"
      ? Promise.race([setTimeout(config.drainDelayMs), signalled("SIGINT"), signalled("SIGTERM")])
      : undefined,
  );
  return lost === undefined ? 0 : 1;
}

async function signalled<Signal extends "SIGINT" | "SIGTERM">(signal: Signal): Promise<Signal> {
  await once(process, signal);
  return signal;
}

/** Compares every organization once. Exit status 1 when one could not be compared. */
async function reconcile(config: Config, reporting: Reporting): Promise<number> {
  const { report } = reporting;
  const { engines, stop } = await findEngines(config, report);
  try {
    const core = await assemble(config, engines, reporting);
    const tally = { drifted: 0, failed: 0 };
    const count = await core.reconciler.all({
      onReport: ({ organization, outcome, missing, injected }) => {
        if (outcome === "agrees") return;
        tally.drifted += 1;
        report(`${organization}: ${outcome}, ${missing.length} tuples missing, ${injected.length} injected`);
      },
      onFailure: (organization, error) => {
        tally.failed += 1;
        report(`${organization}: not compared: ${String(error)}`);
      },
    });
    await core.reconciler.idle(); // a rebuilt graph is looked at once more
    report(`${count} organizations compared: ${tally.drifted} had drifted, ${tally.failed} could not be compared`);
    await core.close();
    return tally.failed === 0 ? 0 : 1;
  } finally {
    await stop();
  }
}

/** The engines of the gateway that runs on this state directory, or engines of one's own for the time being. */
async function findEngines(
  config: Config,
  report: (line: string) => void,
): Promise<{ readonly engines: Engines; readonly stop: () => Promise<void> }> {
  try {
    const engines = await startEngines(config, report);
    return { engines, stop: async () => await engines.stop() };
  } catch (error) {
    const isInUse = error instanceof LocalEngineError && error.code === "STATE_DIRECTORY_IN_USE";
    const running = isInUse ? readEndpoints(config.stateDir) : undefined;
    if (running === undefined) throw error;
    report("A gateway runs on this state directory; its engines are used");
    return { engines: chosen(config, running), stop: async () => await Promise.resolve() };
  }
}

async function main(command: string): Promise<number> {
  if (command === "--help" || command === "help") {
    console.log(HELP);
    return 0;
  }
  const verbs = { start: serve, reconcile };
  if (!Object.hasOwn(verbs, command)) {
    console.error(`There is no command ${command}.\n\n${HELP}`);
    return 2;
  }
  const config = readConfig();
  const report = (line: string): void => console.error(line);
  return await verbs[command as keyof typeof verbs](config, { report, log: createLog(config.logLevel) });
}

try {
  process.exitCode = await main(process.argv[2] ?? "start");
} catch (error) {
  const isForPeople = error instanceof ConfigError || error instanceof LocalEngineError;
  console.error(isForPeople ? `Bailiwick does not start: ${error.message}` : describeError(error));
  process.exitCode = 1;
}
