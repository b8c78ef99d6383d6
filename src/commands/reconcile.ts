import { assemble, type Core, loadPolicies, type Reporting } from "../assemble.ts";
import type { Config } from "../config.ts";
import { startAllEngines } from "../arrivals.ts";
import { chosen, type Engines } from "../local/chosen-engines.ts";
import { readEndpoints } from "../local/endpoints.ts";
import { LocalEngineError } from "../local/error.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import { type Command, readArguments, UsageError } from "./command.ts";

const HELP = `Compares the graph in OpenFGA with the ledger, organization by organization, and repairs the graph.

  npm run reconcile                   compares all, and rebuilds the graph of those whose fence is not where the ledger left it
  npm run reconcile -- --rebuild      rebuilds the graph of every organization from the ledger, wherever its fence stands: after
                                      OpenFGA's data was lost or restored, or the ledger was (docs/backup.md)

  --organization <slug>   this one alone
  --help                  this text

The gateway may run or not. Exit status 1 when an organization could not be compared or rebuilt: the command can be repeated.
`;

const OPTIONS = { rebuild: { type: "boolean" }, organization: { type: "string" } } as const;
const PROGRESS_EVERY_MS = 5_000;

interface Asked {
  readonly rebuilds: boolean;
  readonly slug: string | undefined;
}

export const reconcileCommand: Command = (args) => {
  const read = readArguments(args, { help: HELP, options: OPTIONS, words: [] });
  if (read === undefined) return HELP;
  const { rebuild = false, organization: slug } = read.values;
  if (slug === "") throw new UsageError("--organization takes a slug", HELP);
  return async (config, reporting) => await onEngines(config, reporting, { rebuilds: rebuild, slug });
};

async function onEngines(config: Config, reporting: Reporting, asked: Asked): Promise<number> {
  const { policies, set } = await loadPolicies(config, reporting);
  const { engines, stop } = await findEngines(config, set, reporting.report);
  try {
    const core = await assemble({ config, policies, engines }, reporting);
    const status = await inOneRound(core, reporting.report, asked).finally(async () => await core.close());
    return status;
  } finally {
    await stop();
  }
}

async function inOneRound({ reconciler }: Core, report: (line: string) => void, asked: Asked): Promise<number> {
  const verb = asked.rebuilds ? "rebuilt" : "compared";
  const tally = { done: 0, drifted: 0, failed: 0 };
  const progress = setInterval(() => report(`… ${tally.done} organizations ${verb} so far`), PROGRESS_EVERY_MS);
  const count = await reconciler
    .all({
      ...asked,
      allEntities: true,
      onReport: ({ organization, outcome, missing, injected }) => {
        tally.done += 1;
        const isNews = asked.rebuilds ? missing.length + injected.length > 0 : outcome !== "agrees";
        if (!isNews) return;
        tally.drifted += 1;
        report(`${organization}: ${outcome}, ${missing.length} tuples missing, ${injected.length} injected`);
      },
      onFailure: (organization, error) => {
        tally.failed += 1;
        report(`${organization}: not ${verb}: ${String(error)}`);
      },
    })
    .finally(() => clearInterval(progress));
  await reconciler.idle(); // a rebuilt graph is looked at once more
  if (count === 0 && asked.slug !== undefined) {
    report(`There is no organization ${asked.slug}`);
    return 1;
  }
  const { drifted, failed } = tally;
  report(
    `${count - (asked.rebuilds ? failed : 0)} organizations ${verb}: ${drifted} had drifted, ${failed} could not be ${verb}`,
  );
  return failed === 0 ? 0 : 1;
}

/** The engines of the gateway that runs on this state directory, or engines of one's own for the time being. */
async function findEngines(
  config: Config,
  set: PolicySet | null,
  report: (line: string) => void,
): Promise<{ readonly engines: Engines; readonly stop: () => Promise<void> }> {
  try {
    const engines = await startAllEngines(config, report, set);
    return { engines, stop: async () => await engines.stop() };
  } catch (error) {
    const isInUse = error instanceof LocalEngineError && error.code === "STATE_DIRECTORY_IN_USE";
    const running = isInUse ? readEndpoints(config.stateDir) : undefined;
    if (running === undefined) throw error;
    report("A gateway runs on this state directory; its engines are used");
    return { engines: chosen(config, running), stop: async () => await Promise.resolve() };
  }
}
