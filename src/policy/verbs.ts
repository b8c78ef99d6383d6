import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ParseArgsOptionsConfig } from "node:util";
import { POLICY_KINDS } from "../entities/policy-kinds.ts";
import { writeBundle } from "./bundle.ts";
import { checkPolicies } from "./check.ts";
import { AuthorError } from "./review/author-error.ts";
import { markdownOf, terminalOf } from "./review/diff-text.ts";
import { diffOf } from "./review/diff.ts";
import { explanationOf } from "./review/explain-text.ts";
import { explain as explainCell } from "./review/explain.ts";
import { findingInWords, fromHere } from "./review/finding.ts";
import { type Folders, sourceAt, workingTree } from "./review/sources.ts";
import { tableIn } from "./review/table-file.ts";

/** What a verb is given. */
export interface Given {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  readonly print: (text: string) => void;
  readonly onProgress: (words: string) => void;
}

export interface Verb {
  readonly title: string;
  readonly usage: string;
  readonly options: ParseArgsOptionsConfig;
  /** Gives the exit status. Throws AuthorError for what whoever called can mend. */
  readonly run: (given: Given) => Promise<number>;
}

const DEFAULT_DIRECTORY = path.join(import.meta.dirname, "..", "..", "policies");

const COMMON = {
  help: { type: "boolean" },
  json: { type: "boolean" },
  policies: { type: "string" },
  host: { type: "string", multiple: true },
} satisfies ParseArgsOptionsConfig;

const COMMON_USAGE = `  --policies <folder>  the built-in policies (default: policies)
  --host <folder>      a folder of a host's kinds; several times for several
  --json               for programs
  --help`;

function foldersOf({ values }: Given): Folders {
  const { policies, host } = values as { policies?: string; host?: string[] }; // as the options say
  if (policies !== undefined && !existsSync(policies)) throw new AuthorError(`there is no folder ${policies}`);
  return {
    policiesDir: path.resolve(policies ?? DEFAULT_DIRECTORY),
    hostFolders: (host ?? []).map((folder) => path.resolve(folder)),
  };
}

const check: Verb = {
  title: "compiles and tests the policies, and looks for what is wrong with them (the default)",
  usage: `npm run policies -- check [options]

Compiles and tests the policies with Cerbos and the model with OpenFGA, reads them, and asks about every boundary value of each fact that
decides. What is wrong is told by file, line and column, with what to do; then the exit status is 2.
${COMMON_USAGE}`,
  options: COMMON,
  run: async (given) => {
    const folders = foldersOf(given);
    const found = await checkPolicies(folders, given.onProgress);
    if (given.values["json"] === true) {
      given.print(
        JSON.stringify(
          found.map((finding) => ({ ...finding, file: fromHere(finding.file) })),
          null,
          2,
        ),
      );
    } else if (found.length > 0) given.print(found.map(findingInWords).join("\n"));
    else given.print(`policies: compiled, tested and complete for ${POLICY_KINDS.length} kinds${hostsIn(folders)}`);
    return found.length === 0 ? 0 : 2;
  },
};

function hostsIn({ hostFolders }: Folders): string {
  return hostFolders.length === 0 ? "" : `, and for those in ${hostFolders.map(fromHere).join(", ")}`;
}

const table: Verb = {
  title: "writes decisions.md: who may do what, in which state",
  usage: `npm run policies -- table [options]

Asks Cerbos about every boundary value of each fact that decides, and writes policies/decisions.md, and one into each host's folder.
  --stdout             prints it instead
${COMMON_USAGE}`,
  options: { ...COMMON, stdout: { type: "boolean" } },
  run: async (given) => {
    const tables = await tableIn(foldersOf(given), given.onProgress);
    if (given.values["json"] === true) given.print(JSON.stringify(tables, null, 2));
    for (const { file, text } of given.values["json"] === true ? [] : tables) {
      if (given.values["stdout"] === true) given.print(text);
      else if ((await readFile(file, "utf8").catch(() => "")) === text) given.print(`${file}: as it was`);
      else {
        await writeFile(file, text);
        given.print(`${file}: written`);
      }
    }
    return 0;
  },
};

const diff: Verb = {
  title: "what a change of the policies does: who may do now what they could not before",
  usage: `npm run policies -- diff [base] [head] [options]

Both are revisions of git or folders of policies; base is main and head the working tree. Exit status 3 where something widens that
policies/approvals.yaml does not approve.
  --markdown           for a pull request's comment
  --approvals <file>   where approvals are read (default: approvals.yaml beside the policies)
${COMMON_USAGE}`,
  options: { ...COMMON, markdown: { type: "boolean" }, approvals: { type: "string" } },
  run: async (given) => {
    const { values, positionals, print, onProgress } = given;
    const folders = foldersOf(given);
    const [from = "main", to, ...more] = positionals;
    if (more.length > 0) throw new AuthorError(`diff takes two revisions, not ${positionals.length}`);
    await using base = await sourceAt(from, folders);
    await using head = to === undefined ? workingTree(folders) : await sourceAt(to, folders);
    const nowhere = base.missing.filter((folder) => head.missing.includes(folder));
    if (nowhere.length > 0)
      throw new AuthorError(`there is no folder ${nowhere.map(fromHere).join(", ")}, on either side`);
    const { approvals } = values as { approvals?: string }; // as the options say
    const approvalsFile = path.resolve(approvals ?? path.join(folders.policiesDir, "approvals.yaml"));
    const found = await diffOf(base, head, { approvalsFile, now: new Date(), onProgress });
    if (values["json"] === true) print(JSON.stringify(found, null, 2));
    else print(values["markdown"] === true ? markdownOf(found) : terminalOf(found));
    return found.isUnapproved ? 3 : 0;
  },
};

const explain: Verb = {
  title: "why somebody may, or may not, do something in one situation, and what would turn that",
  usage: `npm run policies -- explain <kind> <action> [options]

  --role <role>        the subject's (default: none)
  --fact <name=value>  several times for several; \`missing\` is a value. Those that are not given have ordinary values, and are told
  --matrix <version>   default: default
${COMMON_USAGE}`,
  options: {
    ...COMMON,
    role: { type: "string" },
    fact: { type: "string", multiple: true },
    matrix: { type: "string" },
  },
  run: async (given) => {
    const [kind, action, ...more] = given.positionals;
    if (kind === undefined || action === undefined || more.length > 0) throw new AuthorError(explain.usage);
    const { role, fact: facts = [], matrix = "default" } = given.values as Partial<CellOptions>; // as the options say
    const explained = await explainCell(foldersOf(given), { kind, action, matrix, role, facts }, given.onProgress);
    given.print(given.values["json"] === true ? JSON.stringify(explained, null, 2) : explanationOf(explained));
    return 0;
  },
};

interface CellOptions {
  readonly role: string;
  readonly fact: readonly string[];
  readonly matrix: string;
}

const bundle: Verb = {
  title: "writes the folder that a Cerbos of one's own is to serve",
  usage: `npm run policies -- bundle <new folder> [options]

Checks the policies as a reload does, and writes the built-in ones, those of the host's folders, and one that tells the gateway which unit they are. No Cerbos
that runs may serve the folder meanwhile (docs/operation.md).
  --replace            an earlier bundle may be there: this one comes in its place
${COMMON_USAGE}`,
  options: { ...COMMON, replace: { type: "boolean" } },
  run: async (given) => {
    const { values, positionals, print, onProgress } = given;
    const [target, ...more] = positionals;
    if (target === undefined) throw new AuthorError(bundle.usage);
    if (more.length > 0) throw new AuthorError(`bundle takes one folder: name a host's with --host ${more.join(" ")}`);
    const { policiesDir, hostFolders } = foldersOf(given);
    const options = { replaces: values["replace"] === true, onProgress };
    const { unit, kinds, isCompiled } = await writeBundle(target, policiesDir, hostFolders, options);
    if (values["json"] === true) print(JSON.stringify({ folder: target, unit, kinds, isCompiled }, null, 2));
    else {
      const ofHost = kinds.length === 0 ? "(none)" : kinds.join(", ");
      const how = isCompiled ? "" : "; not compiled, for there is no Cerbos on this machine";
      print(`${target}: unit ${unit}, the built-in policies and the host's kinds ${ofHost}${how}`);
    }
    return 0;
  },
};

export const VERBS: Readonly<Record<string, Verb>> = { check, table, diff, explain, bundle };
