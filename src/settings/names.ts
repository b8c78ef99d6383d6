import { settings } from "../settings.ts";

const LONG_ENOUGH = 8; // Shorter names of other programs are close to ours by chance.
const FILE = "_FILE";

/** The settings that can hold a secret: each can be given as the path of a file, in `<NAME>_FILE`. */
export const SECRETS: readonly string[] = Object.entries(settings.shape)
  .filter(([, schema]) => schema.meta()?.["secret"] === true)
  .map(([name]) => name);

export const fileSettingOf = (name: string): string => `${name}${FILE}`;

/** Every name that means something to us. */
export const KNOWN: ReadonlySet<string> = new Set([...Object.keys(settings.shape), ...SECRETS.map(fileSettingOf)]);

/** Names that look like ours, and are not: of a setting that is misspelt nobody would notice that it does nothing. */
export function misspelt(names: readonly string[]): string[] {
  return names
    .filter((name) => name.length >= LONG_ENOUGH && !KNOWN.has(name))
    .flatMap((name) => {
      const meant = [...KNOWN].find((candidate) => distance(name, candidate) <= 2) ?? openly(name);
      return meant === undefined ? [] : [`${name}: is no setting; ${meant} is`];
    });
}

/** Somebody may take every setting for one that a file can give. */
function openly(name: string): string | undefined {
  const setting = name.endsWith(FILE) ? name.slice(0, -FILE.length) : "";
  return setting.length >= LONG_ENOUGH && KNOWN.has(setting) ? setting : undefined;
}

/** How many letters to add, leave out or replace to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of Array.from(a).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** What is none of our settings. */
export function foreignOf(given: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !KNOWN.has(name)));
}
