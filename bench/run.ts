/** `npm run bench`: figures that can be trusted, because every answer that they count is checked. */
import { measureBatches } from "./batches.ts";
import { changesOfHundred, changesOfOne } from "./changes.ts";
import type { Exchange } from "./exchange.ts";
import { libraryOf } from "./library.ts";
import { measureLists } from "./lists.ts";
import { HELP, type Options, parseCommand } from "./options.ts";
import { measurePolicies } from "./policies.ts";
import { endChildrenWithUs } from "./processes.ts";
import { questionsAbout } from "./questions.ts";
import { isVoid, ratesOf, type Results, type Round } from "./results.ts";
import { measureSearches } from "./searches.ts";
import { measureSecrecy } from "./secrecy.ts";
import { prepareSetting, type Setting } from "./setting.ts";
import { measureStarts } from "./starts.ts";
import { tableOf } from "./tables.ts";

/** Until V8 has compiled what is hot: gateway and naive do a fifth more after it. */
const WARM_UP_SECONDS = 15;
/** Documents, each with one relation. */
const IMPORTED = 100_000;

const report = (line: string): void => console.error(line);

/** Gateway and naive in turns, so that a busy minute of the machine falls on both. */
async function measureQuestions(
  setting: Setting,
  { rounds, seconds }: Options,
): Promise<NonNullable<Results["questions"]>> {
  const lanes = await questionsAbout(setting.world);
  const gatewayRounds: Round[] = [];
  const naiveRounds: Round[] = [];
  for (const origin of [setting.gatewayUrl, setting.naiveUrl]) await setting.measure(origin, lanes, WARM_UP_SECONDS);
  for (let round = 1; round <= rounds; round += 1) {
    report(`Questions, round ${round} of ${rounds}`);
    gatewayRounds.push(await setting.measure(setting.gatewayUrl, lanes, seconds));
    naiveRounds.push(await setting.measure(setting.naiveUrl, lanes, seconds));
  }
  const [gateway, naive] = [ratesOf(gatewayRounds), ratesOf(naiveRounds)];
  return { gateway, naive, ratio: gateway.perSecond / naive.perSecond };
}

async function measureChanges(setting: Setting, options: Options): Promise<NonNullable<Results["changes"]>> {
  const { world } = setting;
  const one = await changesIn(setting, options, await changesOfOne(world));
  const hundred = await changesIn(setting, options, await changesOfHundred(world));
  return { one: ratesOf(one), hundred: ratesOf(hundred) };
}

async function changesIn(
  setting: Setting,
  options: Options,
  lanes: readonly (readonly Exchange[])[],
): Promise<Round[]> {
  const rounds: Round[] = [];
  await setting.measure(setting.gatewayUrl, lanes, WARM_UP_SECONDS);
  for (let round = 1; round <= options.rounds; round += 1) {
    report(`Changes, round ${round} of ${options.rounds}`);
    rounds.push(await setting.measure(setting.gatewayUrl, lanes, options.seconds));
    await setting.untilApplied();
  }
  return rounds;
}

async function run(options: Options): Promise<Results> {
  const results: Results = {};
  if (options.parts.some((part) => part !== "start" && part !== "policies")) {
    const setting = await prepareSetting(options.profile, report);
    try {
      if (options.parts.includes("questions")) results.questions = await measureQuestions(setting, options);
      if (options.parts.includes("lists")) results.lists = await measureLists(setting, report);
      if (options.parts.includes("batch")) results.batches = await measureBatches(setting, options, report);
      if (options.parts.includes("import")) results.imports = [(await libraryOf(setting, IMPORTED)).importing];
      if (options.parts.includes("search")) results.searches = await measureSearches(setting, report);
      if (options.parts.includes("secrecy")) results.secrecy = await measureSecrecy(setting, options.samples, report);
      if (options.parts.includes("changes")) results.changes = await measureChanges(setting, options);
    } finally {
      await setting.stop();
    }
  }
  if (options.parts.includes("policies")) {
    report("What a policy author runs");
    results.policies = await measurePolicies(options.rounds);
  }
  if (options.parts.includes("start")) {
    report("Starting and stopping with npm start");
    results.start = await measureStarts(options.rounds);
  }
  return results;
}

/** Gives the exit status. */
async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  if (command.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command.kind === "wrong") {
    process.stderr.write(`bench: ${command.message} (npm run bench -- --help)\n`);
    return 2;
  }
  endChildrenWithUs();
  const results = await run(command.options);
  const output = command.options.json
    ? JSON.stringify({ ...results, void: isVoid(results) }, null, 2)
    : tableOf(results);
  process.stdout.write(`${output}\n`);
  return isVoid(results) ? 3 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
