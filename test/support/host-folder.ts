import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
export const POLICIES = path.join(ROOT, "policies");
export const RECORDS = path.join(ROOT, "examples/authzen-certification/policies");
/** Things and people that an enforcement point keeps itself. */
export const TICKETS = path.join(ROOT, "test/fixtures/tickets");
export const DOCUMENTS = path.join(ROOT, "examples/document-tree/policies");

/** A copy of a policies folder, to be broken. */
export interface FolderCopy {
  readonly directory: string;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Throws where nothing changes: the file is not what the test believes. */
  edit(file: string, change: (text: string) => string): Promise<void>;
  remove(): Promise<void>;
}

export async function copyFolder(from: string): Promise<FolderCopy> {
  const directory = await mkdtemp(path.join(tmpdir(), "bailiwick-host-"));
  await cp(from, directory, { recursive: true });
  const read: FolderCopy["read"] = async (file) => await readFile(path.join(directory, file), "utf8");
  const write: FolderCopy["write"] = async (file, text) => await writeFile(path.join(directory, file), text);
  return {
    directory,
    read,
    write,
    edit: async (file, change) => {
      const before = await read(file);
      const after = change(before);
      if (after === before) throw new Error(`${file}: nothing is changed`);
      await write(file, after);
    },
    remove: async () => await rm(directory, { recursive: true }),
  };
}

/** The line of a text, counted from 1, on which this stands. */
export function lineWith(text: string, wanted: string): number {
  const index = text.split("\n").findIndex((line) => line.includes(wanted));
  if (index === -1) throw new Error(`there is no line with ${wanted}`);
  return index + 1;
}
