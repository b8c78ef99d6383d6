import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import type { Reporting } from "../assemble.ts";
import type { Config } from "../config.ts";

/** Something to do; gives the exit status. */
export type Run = (config: Config, reporting: Reporting) => Promise<number>;

/** What the arguments of a command ask for: its help, or something to do. Throws UsageError. */
export type Command = (args: readonly string[]) => string | Run;

/** The arguments do not fit: the message is for a person, and the help follows it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly help: string;

  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** `--option` as true or as the text behind it, and how often a word without dashes stands there: exactly so often. */
export interface Usage<Options extends ParseArgsOptionsConfig> {
  readonly help: string;
  readonly options: Options;
  readonly words: readonly string[]; // what each is, for the message when it is missing
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true }>
>["values"];

/** Undefined when help is asked for. Throws UsageError for an unknown option, and for words that are missing or too many. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  { help, options, words }: Usage<Options>,
): { readonly values: Values<Options>; readonly words: readonly string[] } | undefined {
  if (args.includes("--help")) return undefined;
  const read = (): { values: Values<Options>; positionals: string[] } => {
    try {
      return parseArgs({ args: [...args], options, allowPositionals: true });
    } catch (error) {
      if (!isAboutArguments(error)) throw error;
      throw new UsageError(error.message.split(". ", 1)[0] ?? "", help);
    }
  };
  const { values, positionals } = read();
  const missing = words[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`, help);
  const extra = positionals[words.length];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`, help);
  return { values, words: positionals };
}

/** parseArgs tells its errors by their codes. */
function isAboutArguments(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}
