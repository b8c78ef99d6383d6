import { parseArgs } from "node:util";

export const PARTS = [
  "start",
  "questions",
  "changes",
  "lists",
  "batch",
  "search",
  "import",
  "policies",
  "secrecy",
] as const;
/** Without the one that takes longer than all others together. */
const USUAL: readonly Part[] = PARTS.filter((part) => part !== "secrecy");
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  /** Of each measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** Of the part `secrecy`, for each side of each comparison. */
  readonly samples: number;
  readonly json: boolean;
  /** Where the gateway leaves a CPU profile when it ends. */
  readonly profile: string | undefined;
}

export const HELP = `Measures Bailiwick on real engines and checks every answer. What the figures mean: bench/README.md.

  npm run bench                            ${USUAL.join(", ")}: about 9 minutes
  npm run bench -- --part questions        one part; can be given several times: ${PARTS.join(" ")}

  --part <part>       ${PARTS.join(", ")}; all but the last when none is given
  --seconds <n>       how long each measurement lasts: 1 to 600; default 8
  --rounds <n>        how often each is made, gateway and naive in turns: 1 to 50; default 4
  --samples <n>       of secrecy, for each side of each comparison: 100 to 99999; default 10000
  --json              JSON instead of the table
  --profile <folder>  the gateway writes a CPU profile into this folder, for Chrome's developer tools
  --help              this text

Exit status: 0; 1 when an answer was wrong or something failed; 2 for wrong arguments; 3 when the run is void.
`;

export type Command =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export function parseCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        part: { type: "string", multiple: true },
        seconds: { type: "string", default: "8" },
        rounds: { type: "string", default: "4" },
        samples: { type: "string", default: "10000" },
        json: { type: "boolean", default: false },
        profile: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const parts = values.part === undefined ? USUAL : PARTS.filter((part) => values.part?.includes(part));
    if (values.part?.some((part) => !PARTS.some((known) => known === part)) === true) {
      return { kind: "wrong", message: `--part is one of ${PARTS.join(", ")}` };
    }
    const seconds = wholeNumber(values.seconds, 600);
    const rounds = wholeNumber(values.rounds, 50);
    if (seconds === undefined) return { kind: "wrong", message: "--seconds is a whole number from 1 to 600" };
    if (rounds === undefined) return { kind: "wrong", message: "--rounds is a whole number from 1 to 50" };
    const samples = wholeNumber(values.samples, 99_999) ?? 0;
    if (samples < 100) return { kind: "wrong", message: "--samples is a whole number from 100 to 99999" };
    return { kind: "run", options: { parts, seconds, rounds, samples, json: values.json, profile: values.profile } };
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}

function wholeNumber(text: string, most: number): number | undefined {
  const number = /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number <= most ? number : undefined;
}
