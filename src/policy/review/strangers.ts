import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { policyFilesIn } from "../policy-files.ts";
import { isFault, type Positioned, readPositioned } from "../positioned.ts";
import { AuthorError } from "./author-error.ts";
import { BEGIN, type Finding, findingInWords } from "./finding.ts";

/** Documents of Cerbos that decide by other ways than a rule of a kind's policy, and why there are none. */
const FOREIGN: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  principalPolicy: [
    "a principal policy overrules all others for one person",
    "Take it out; give the person a role, or write a condition on a fact",
  ],
  rolePolicy: [
    "a role policy decides beside the matrix, and a role that it does not list gets no reasons",
    "Take it out, and ask for the rank in the conditions of the matrix",
  ],
  exportVariables: [
    "variables of another file are not read where the policy is",
    "Write them into the policies' own variables",
  ],
  exportConstants: ["constants of another file are not read where the policy is", "Write the number into the word"],
};
const KNOWN = ["resourcePolicy", "derivedRoles"];
/** Cerbos knows each member by two names. */
const inCamels = (name: string): string => name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

const Members = z.record(z.string(), z.unknown());
const Ranks = z.object({ derivedRoles: z.object({ definitions: z.array(Members) }) });

/**
 * Files of `cerbos/` that could decide about every kind, and are no kind's: those that Cerbos would load and nobody here reads, and those that hold
 * something else than a policy of a kind or plain ranks. What is no YAML at all is told elsewhere.
 */
export async function strangerFindings(policiesDir: string): Promise<Finding[]> {
  const { policies, strangers } = await policyFilesIn(policiesDir);
  const fileOf = (name: string): string => path.join(policiesDir, "cerbos", name);
  const held = await Promise.all(policies.map(async (name) => await foreignIn(fileOf(name))));
  const fix = "Take it out, or call it <kind>.yaml, matrices/<version>/<kind>.yaml or _schemas/<kind>.json";
  const problem = "Cerbos would load it, and no check or diff reads it";
  return [...strangers.map((name): Finding => ({ file: fileOf(name), ...BEGIN, problem, fix })), ...held.flat()];
}

async function foreignIn(file: string): Promise<Finding[]> {
  const document = readPositioned(await readFile(file, "utf8"));
  if (isFault(document)) return [];
  const members = Members.safeParse(document.value).data ?? {};
  const name = Object.keys(members).find((each) => Object.hasOwn(FOREIGN, inCamels(each)));
  const isKnown = KNOWN.filter((each) => members[each] !== undefined).length === 1;
  if (name === undefined && isKnown) return conditionalIn(file, document);
  const [problem, fix] = FOREIGN[inCamels(name ?? "")] ?? [
    "it is neither the policy of a kind nor the ranks",
    "Take it out, or write resourcePolicy",
  ];
  return [{ file, ...document.placeOf(name === undefined ? [] : [name]), problem, fix }];
}

/** Which facts such a condition reads nobody knows: it is no kind's. */
function conditionalIn(file: string, document: Positioned): Finding[] {
  const definitions = Ranks.safeParse(document.value).data?.derivedRoles.definitions ?? [];
  const problem = "a rank with a condition is no function of the role";
  const fix = "Take it out, and ask it in a condition of the rule";
  return definitions.flatMap(({ condition }, index): Finding[] => {
    const place = document.placeOf(["derivedRoles", "definitions", index, "condition"]);
    return condition === undefined ? [] : [{ file, ...place, problem, fix }];
  });
}

/** Throws AuthorError where there are such files: what is said of the others would not be what Cerbos decides. */
export async function refuseStrangers(policiesDir: string): Promise<void> {
  const found = await strangerFindings(policiesDir);
  if (found.length > 0) throw new AuthorError(found.map(findingInWords).join("\n"));
}
