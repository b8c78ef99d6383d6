import { readFileSync } from "node:fs";
import { fileSettingOf, SECRETS } from "./names.ts";

type Given = Readonly<Record<string, string | undefined>>;

/**
 * Puts the contents of `<NAME>_FILE` in the place of `<NAME>`, for every setting that can hold a secret: what containers mount stays
 * out of the environment, which other programs can read. One newline at the end is the file's, not the secret's.
 */
export function withSecretFiles(given: Given): { readonly set: Given; readonly problems: readonly string[] } {
  const set: Record<string, string | undefined> = { ...given };
  const problems: string[] = [];
  for (const name of SECRETS) {
    const from = fileSettingOf(name);
    const file = given[from];
    if (file === undefined) continue;
    if (given[name] !== undefined) problems.push(`${from}: ${name} is set as well; set one of the two`);
    else {
      const read = readSecret(file);
      if ("problem" in read) problems.push(`${from}: ${read.problem}`);
      else set[name] = read.secret;
    }
  }
  return { set, problems };
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this account may not read it",
  EISDIR: "it is a folder",
};

function readSecret(file: string): { readonly secret: string } | { readonly problem: string } {
  try {
    const secret = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    return secret === "" ? { problem: "the file is empty" } : { secret };
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    return { problem: `the file cannot be read: ${WHY[code] ?? code}` };
  }
}
