import { type HostPolicies, readHostPolicies } from "../../src/policy/host-kinds.ts";
import { copyFolder, type FolderCopy, lineWith, POLICIES, RECORDS } from "./host-folder.ts";

/** Stands for the kind's name in what is broken. */
export const KIND = "%";

/** A kind like the certification's record, with one thing broken. */
export interface Broken {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** On the refusal's line; undefined: it names the file alone. */
  readonly at?: string;
  readonly says: string;
  /** Another file is blamed than the one that is broken. */
  readonly blamed?: string;
}

export interface BrokenKinds {
  readonly read: HostPolicies;
  refusal(index: number): { readonly why: string; readonly place: string; readonly says: string };
  remove(): Promise<void>;
}

const FILES = ["cerbos/%.yaml", "cerbos/%_test.yaml", "cerbos/_schemas/%.json"];

/** One folder of them all, read once; the record is whole. */
export async function breakKinds(cases: readonly Broken[]): Promise<BrokenKinds> {
  const folder = await copyFolder(RECORDS);
  const places = new Map<number, string>();
  for (const [index, broken] of cases.entries()) places.set(index, await addKind(folder, `broken_${index}`, broken));
  const read = await readHostPolicies(POLICIES, [folder.directory]);
  return {
    read,
    refusal: (index) => {
      const kind = `broken_${index}`;
      const says = cases[index]?.says.replaceAll(KIND, kind) ?? "";
      return { why: read.kinds.refused.get(kind) ?? "", place: places.get(index) ?? "", says };
    },
    remove: async () => await folder.remove(),
  };
}

/** Gives the place that is to be blamed. */
async function addKind(
  folder: FolderCopy,
  kind: string,
  { file, from, to, at, blamed = file }: Broken,
): Promise<string> {
  const named = (text: string): string => text.replaceAll(KIND, kind);
  const asRecord = (name: string): string => name.replaceAll(KIND, "record");
  for (const name of FILES) {
    await folder.write(named(name), (await folder.read(asRecord(name))).replaceAll(/(?<!_)\brecord\b/g, kind));
  }
  await folder.edit("kinds.yaml", (text) => `${text}${kind}: {}\n`);
  await folder.edit("openfga/records.fga", (text) => {
    const record = text.slice(text.indexOf("type record\n"), text.indexOf("# Derived"));
    return `${text}\n${record.replace("type record", `type ${kind}`)}    define viewer: reader or owner\n`;
  });
  await folder.edit(named(file), (text) => text.replace(named(from), () => named(to)));
  const place = `${folder.directory}/${named(blamed)}`;
  return at === undefined ? place : `${place}:${lineWith(await folder.read(named(blamed)), named(at))}`;
}
