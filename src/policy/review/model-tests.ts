import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Model } from "../../engines/openfga-model.ts";
import { openTrial, type Trial, TrialError } from "../../engines/openfga-trial.ts";
import type { Tuple } from "../../entities/tuples.ts";
import { isFault, misfitsOf, type Positioned, readPositioned } from "../positioned.ts";
import { BEGIN, type Finding, ofFault } from "./finding.ts";

/** The modules of one folder, with the model that they are part of. */
export interface ModelFolder {
  /** `…/openfga`. */
  readonly directory: string;
  readonly model: Model;
}

const Name = z.string().min(1);
const TupleKey = z.strictObject({ user: Name, relation: Name, object: Name });
const Names = z.array(Name).min(1);
const Check = z
  .strictObject({
    ...{ user: Name.optional(), users: Names.optional(), object: Name.optional(), objects: Names.optional() },
    assertions: z.record(z.string(), z.boolean()),
  })
  .refine(({ user, users }) => (user === undefined) !== (users === undefined), "expected user, or users")
  .refine(({ object, objects }) => (object === undefined) !== (objects === undefined), "expected object, or objects");
const ListObjects = z.strictObject({ user: Name, type: Name, assertions: z.record(z.string(), z.array(Name)) });
const ListUsers = z.strictObject({
  object: Name,
  user_filter: z.tuple([z.strictObject({ type: Name, relation: Name.optional() })]),
  assertions: z.record(z.string(), z.strictObject({ users: z.array(Name) })),
});
const Test = z.strictObject({
  ...{ name: Name, description: z.string().optional(), tuples: z.array(TupleKey).default([]) },
  check: z.array(Check).default([]),
  list_objects: z.array(ListObjects).default([]),
  list_users: z.array(ListUsers).default([]),
});
const Store = z.strictObject({
  name: z.string().optional(),
  model_file: z.string(),
  tuples: z.array(TupleKey).default([]),
  tests: z.array(Test).min(1),
});
type Store = z.infer<typeof Store>;

export interface TrialServer {
  readonly apiUrl: string;
  readonly presharedKey: string;
}

const FORM = "policies/README.md (the model's tests) shows the form, that of OpenFGA's own CLI";

/** Runs the `.fga.yaml` beside the modules, each test in a store of its own. What fails, and a folder without any, is found. */
export async function modelTestFindings(server: TrialServer, { directory, model }: ModelFolder): Promise<Finding[]> {
  const modules = await namesIn(directory, "*.fga");
  const files = await namesIn(directory, "*.fga.yaml");
  const [first] = modules;
  if (first !== undefined && files.length === 0) {
    const fix = `Write ${first}.yaml beside it; ${FORM}`;
    return [{ file: path.join(directory, first), ...BEGIN, problem: "no test says what these relations mean", fix }];
  }
  const found = files.map(async (name) => {
    const file = path.join(directory, name);
    const text = await readFile(file, "utf8");
    const document = readPositioned(text);
    if (isFault(document)) return [ofFault(file, text, document, FORM)];
    const store = Store.safeParse(document.value);
    if (!store.success) return misfitsOf(document, store.error).map((fault) => ofFault(file, text, fault, FORM));
    const { model_file: of } = store.data;
    if (modules.includes(path.basename(of))) return await storeFindings({ server, model, file, document }, store.data);
    const fix = `Name one of ${modules.join(", ")}; the test is of all of them together`;
    return [{ file, ...document.placeOf(["model_file"]), problem: `there is no module ${of} beside the test`, fix }];
  });
  return (await Promise.all(found)).flat();
}

async function namesIn(directory: string, pattern: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of glob(pattern, { cwd: directory })) names.push(name);
  return names.sort();
}

interface Tested {
  readonly server: TrialServer;
  readonly model: Model;
  readonly file: string;
  readonly document: Positioned;
}

type Path = readonly PropertyKey[];

async function storeFindings(tested: Tested, { tuples, tests }: Store): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [index, test] of tests.entries()) {
    const at = ["tests", index];
    const trial = await openTrial(tested.server, tested.model);
    const given = [
      ...tuples.map((tuple, place) => ({ tuple, path: ["tuples", place] })),
      ...test.tuples.map((tuple, place) => ({ tuple, path: [...at, "tuples", place] })),
    ];
    const refused: Finding[] = [];
    for (const { tuple, path } of given) refused.push(...(await refusalOf(tested, path, trial.write(tuple))));
    found.push(...refused);
    if (refused.length > 0) continue; // what the test would say of a graph that it did not mean
    const claims = [...checksOf(trial, test, at), ...listsOf(trial, test, at)];
    if (claims.length === 0) found.push(findingAt(tested, at, `the test "${test.name}" claims nothing`, FORM));
    for (const claim of claims) found.push(...(await claimFindings(tested, claim)));
  }
  return found;
}

function findingAt({ file, document }: Tested, path: Path, problem: string, fix: string): Finding {
  return { file, ...document.placeOf(path), problem, fix };
}

async function refusalOf(tested: Tested, path: Path, write: Promise<void>): Promise<Finding[]> {
  try {
    await write;
    return [];
  } catch (error) {
    if (!(error instanceof TrialError)) throw error;
    return [findingAt(tested, path, `the model takes no such tuple (${error.message})`, "Write one that it takes")];
  }
}

/** What a test expects of one relation. */
interface Claim {
  readonly path: Path;
  readonly about: string;
  readonly expected: string;
  readonly ask: () => Promise<string>;
}

function checksOf(trial: Trial, { check }: Store["tests"][number], at: Path): Claim[] {
  return check.flatMap(({ user, users = [], object, objects = [], assertions }, index) => {
    const pairs = [user ?? [], ...users]
      .flat()
      .flatMap((one) => [object ?? [], ...objects].flat().map((of) => [one, of]));
    return pairs.flatMap(([one = "", of = ""]) =>
      Object.entries(assertions).map(([relation, expected]): Claim => {
        const tuple: Tuple = { user: one, relation, object: of };
        return {
          path: [...at, "check", index, "assertions", relation],
          about: `${one} as ${relation} of ${of}`,
          expected: String(expected),
          ask: async () => String(await trial.check(tuple)),
        };
      }),
    );
  });
}

function listsOf(trial: Trial, { list_objects, list_users }: Store["tests"][number], at: Path): Claim[] {
  const objects = list_objects.flatMap(({ user, type, assertions }, index) =>
    Object.entries(assertions).map(([relation, expected]): Claim => ({
      path: [...at, "list_objects", index, "assertions", relation],
      about: `each ${type} with ${user} as ${relation}`,
      expected: inWords(expected),
      ask: async () => inWords(await trial.listObjects({ user, relation, type })),
    })),
  );
  const users = list_users.flatMap(({ object, user_filter: [filter], assertions }, index) =>
    Object.entries(assertions).map(([relation, expected]): Claim => ({
      path: [...at, "list_users", index, "assertions", relation],
      about: `each ${filter.type} as ${relation} of ${object}`,
      expected: inWords(expected.users),
      ask: async () => inWords(await trial.listUsers({ object, relation, filter })),
    })),
  );
  return [...objects, ...users];
}

function inWords(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.toSorted().join(", ");
}

async function claimFindings(tested: Tested, { path, about, expected, ask }: Claim): Promise<Finding[]> {
  try {
    const said = await ask();
    if (said === expected) return [];
    const problem = `the test fails: ${about} is ${said}, and not ${expected}`;
    return [findingAt(tested, path, problem, "Mend the module, or what the test expects of it")];
  } catch (error) {
    if (!(error instanceof TrialError)) throw error;
    return [findingAt(tested, path, `${about} is no question that the model knows (${error.message})`, FORM)];
  }
}
