/** `npm run policies`: the tools of those who write and review policies. `--help` tells them. */
import { parseArgs } from "node:util";
import { progressFrom } from "./progress.ts";
import { AuthorError } from "./review/author-error.ts";
import { inOneLine } from "./review/words.ts";
import { type Verb, VERBS } from "./verbs.ts";

const OVERVIEW = `npm run policies -- <verb> [options]

${Object.entries(VERBS)
  .map(([name, { title }]) => `  ${name.padEnd(8)} ${title}`)
  .join("\n")}

Without a verb it is check. npm run policies -- <verb> --help tells more.`;

async function main(args: readonly string[]): Promise<number> {
  const [first, ...others] = args;
  const isNamed = first !== undefined && !first.startsWith("-");
  if (!isNamed && first === "--help") {
    console.log(OVERVIEW);
    return 0;
  }
  const verb: Verb | undefined = VERBS[isNamed ? first : "check"];
  if (verb === undefined) throw new AuthorError(`there is no verb ${first ?? ""}\n\n${OVERVIEW}`);
  const { values, positionals } = argumentsOf(verb, isNamed ? others : args);
  if (values["help"] === true) {
    console.log(verb.usage);
    return 0;
  }
  using progress = progressFrom("reading the policies", (line) => console.error(line));
  return await verb.run({ values, positionals, print: console.log, onProgress: progress.told });
}

function argumentsOf(
  verb: Verb,
  args: readonly string[],
): Pick<ReturnType<typeof parseArgs>, "values" | "positionals"> {
  try {
    return parseArgs({ args: [...args], options: verb.options, allowPositionals: true });
  } catch (cause) {
    throw new AuthorError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${verb.usage}`, { cause });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof AuthorError)) throw error;
  console.error(error.message.split("\n").map(inOneLine).join("\n"));
  process.exitCode = 2;
}
