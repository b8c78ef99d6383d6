import type { Core } from "../assemble.ts";
import { resealAll } from "../domain/resealing.ts";
import { type Command, readArguments } from "./command.ts";
import { onEngines } from "./on-engines.ts";

const HELP = `Seals with the newest of MASTER_KEYS what the ledger has sealed with older ones: signing keys of applications.

  npm run reseal          says how many it was, by master key; then the older ones can be left out of MASTER_KEYS

  --help                  this text

Gateways may run, with the same MASTER_KEYS. Exit status 1 when something could not be opened: it is as it was, and the line says where.
`;

const PROGRESS_EVERY_MS = 5_000;

export const resealCommand: Command = (args) => {
  if (readArguments(args, { help: HELP, options: {}, words: [] }) === undefined) return HELP;
  return async (config, reporting) => {
    return await onEngines(config, reporting, async (core) => await reseal(core, reporting.report));
  };
};

async function reseal({ served }: Core, report: (line: string) => void): Promise<number> {
  const { deps } = served.current;
  const done = new Map<string, number>();
  let failed = 0;
  const count = (): number => [...done.values()].reduce((sum, each) => sum + each, 0);
  const progress = setInterval(() => report(`… ${count()} secrets so far`), PROGRESS_EVERY_MS);
  await resealAll(deps, ({ owner, row, sealed }, error) => {
    const [, masterKey = ""] = sealed.split(".");
    if (error === null) done.set(masterKey, (done.get(masterKey) ?? 0) + 1);
    else {
      failed += 1;
      report(`${owner} ${row}: ${problemOf(error)}`);
    }
  }).finally(() => clearInterval(progress));
  for (const [masterKey, secrets] of done) report(`${secrets} secrets were sealed with ${masterKey}`);
  report(`${count()} secrets sealed with ${deps.sealing.newest}, ${failed} could not be opened`);
  return failed === 0 ? 0 : 1;
}

/** What callers are not told of it. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
