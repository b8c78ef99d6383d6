import { restore } from "../local/restore.ts";
import { refuseOwnPostgres, untilInterrupted } from "./backup.ts";
import { type Command, readArguments } from "./command.ts";

const HELP = `Puts a copy of npm run backup in place, while no gateway runs. The copy is checked before anything is touched.

  npm run restore -- <folder>   into the state directory, which must not hold a ledger

  --force                       also where there is one, which is kept aside, not deleted
  --help                        this text
`;

const OPTIONS = { force: { type: "boolean" } } as const;

export const restoreCommand: Command = (args) => {
  const read = readArguments(args, { help: HELP, options: OPTIONS, words: ["the folder of the backup"] });
  if (read === undefined) return HELP;
  const [folder = ""] = read.words;
  const { force: isForced = false } = read.values;
  return async (config, { report }) => {
    refuseOwnPostgres(config);
    const { stateDir, environment, openfga } = config;
    const options = { stateDir, folder, isForced, environment, report, signal: untilInterrupted() };
    const { madeAt, aside } = await restore(options);
    report(`Restored the ledger of ${madeAt} into ${stateDir}`);
    if (aside !== undefined) report(`What was there before is in ${aside}; remove it when you do not need it any more`);
    const rebuild = "OpenFGA is your own, and its tuples are of another time: npm run reconcile -- --rebuild";
    report(openfga === null ? "Next: npm start" : rebuild);
    return 0;
  };
};
