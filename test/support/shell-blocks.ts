import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const END = "-- end of block --";

/** Commands of a document, and what stands below them as their output. */
export interface Block {
  readonly commands: string;
  readonly printed: string;
}

/** The blocks of commands in a Markdown text, in order. One without a block of text after it prints nothing. */
export function blocksIn(markdown: string): Block[] {
  return [...markdown.matchAll(/```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map(
    ([, commands = "", printed = ""]) => ({
      commands,
      printed,
    }),
  );
}

/** Where the commands are to be run: what the documents call http://127.0.0.1:8080 is at `url`. */
export interface Place {
  readonly url: string;
  readonly stateDir: string;
  readonly cwd: string;
  /** Other words of the documents, and what they are here. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/** Runs the blocks one after the other in one shell, as somebody who pastes them; gives what each prints. */
export async function runBlocks(blocks: readonly Pick<Block, "commands">[], place: Place): Promise<string[]> {
  const script = blocks.map(({ commands }) => `${commands}\necho '${END}'`).join("\n");
  const words = Object.entries({ "http://127.0.0.1:8080": place.url, ...place.elsewhere });
  const moved = words.reduce((text, [from, to]) => text.replaceAll(from, to), script);
  const here = moved.replaceAll(
    "npm run -s token --",
    `'${process.execPath}' '${path.join(ROOT, "src/local/token.ts")}'`,
  );
  const env = { PATH: process.env["PATH"], STATE_DIR: place.stateDir };
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-e", "-c", here], { cwd: place.cwd, env });
  return stdout.split(`${END}\n`).slice(0, -1);
}

/** Without what is another each time: ids, times, durations and the policy unit. */
export function settled(text: string): string {
  return text
    .replaceAll(/\b(app|sec|inv|dec|cli)-[0-9a-z]{20}\b/g, "$1-…")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "…")
    .replaceAll(/"unit":"[0-9a-f]{16}"/g, '"unit":"…"')
    .trim();
}

/** The settings before `npm start` in the document, as a shell would hand them over. */
export function startSettings(markdown: string): Record<string, string> {
  const [, settings] = /^((?:[A-Z_]+=\S+ )+)npm start$/m.exec(markdown) ?? [];
  if (settings === undefined) throw new Error("the document does not say how to start");
  return Object.fromEntries(
    [...settings.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}
