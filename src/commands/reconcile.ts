import type { Core } from "../assemble.ts";
import { type Command, readArguments, UsageError } from "./command.ts";
import { onEngines } from "./on-engines.ts";

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
  return async (config, reporting) => {
    const asked = { rebuilds: rebuild, slug };
    return await onEngines(config, reporting, async (core) => await inOneRound(core, reporting.report, asked));
  };
};

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
