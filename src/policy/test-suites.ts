import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { PrincipalRole } from "../entities/kinds.ts";
import { policyFilesIn } from "./policy-files.ts";
import { SUBJECT_ROLES } from "./review/space.ts";

/** A decision that a test beside a policy expects, as Cerbos' own format has it. */
export interface Expected {
  readonly file: string;
  readonly test: string;
  /** Of the policy that is asked: a kind, or its floor. */
  readonly resource: string;
  readonly version: string;
  readonly role: PrincipalRole;
  readonly subject: Facts;
  readonly attributes: Facts;
  readonly action: string;
  readonly isAllowed: boolean;
}

type Facts = Readonly<Record<string, unknown>>;

const Attributes = z.record(z.string(), z.unknown()).nullish();
const Names = z.array(z.string()).default([]);
const Principal = z.object({ roles: z.array(z.string()), attr: Attributes });
const Resource = z.object({ kind: z.string(), policyVersion: z.string().optional(), attr: Attributes });
const Fixtures = z.object({
  principals: z.record(z.string(), Principal).default({}),
  resources: z.record(z.string(), Resource).default({}),
  principalGroups: z.record(z.string(), z.object({ principals: Names })).default({}),
  resourceGroups: z.record(z.string(), z.object({ resources: Names })).default({}),
});
const Options = z.object({ defaultPolicyVersion: z.string().optional() }).optional();
const Who = { principals: Names, principalGroups: Names, resources: Names, resourceGroups: Names };
const Test = z.object({
  name: z.string().default(""),
  skip: z.boolean().default(false),
  options: Options,
  input: z.object({ ...Who, actions: Names, auxData: z.unknown().optional() }),
  expected: z
    .array(
      z.object({
        ...Who,
        principal: z.string().optional(),
        resource: z.string().optional(),
        actions: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
});
export const Suite = Fixtures.extend({
  skip: z.boolean().default(false),
  options: Options,
  tests: z.array(Test).default([]),
});

type Fixtures = z.infer<typeof Fixtures>;
export type Suite = z.infer<typeof Suite>;

/** All that the tests of a folder of policies expect; nothing of files that Cerbos itself would refuse. */
export async function expectedIn(folder: string): Promise<Expected[]> {
  const top = path.join(folder, "cerbos");
  const { tests } = await policyFilesIn(folder);
  const suites = tests.filter((name) => !/(^|\/)testdata\//.test(name));
  return (await Promise.all(suites.map(async (name) => await expectedInSuite(path.join(top, name))))).flat();
}

/** What one file expects. */
export async function expectedInSuite(file: string): Promise<Expected[]> {
  const suite = Suite.safeParse(await readYaml(file)).data;
  if (suite === undefined || suite.skip) return [];
  const fixtures = await fixturesOf(file, suite);
  return suite.tests.flatMap((test) => (test.skip ? [] : expectedInTest(file, { suite, fixtures, test })));
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, "utf8"), { merge: true });
  } catch {
    return undefined; // it is not there, or Cerbos says what is wrong with it
  }
}

/** The suite's own go before those of the folder beside it. */
async function fixturesOf(file: string, suite: Suite): Promise<Fixtures> {
  const beside = ["principals", "resources"].map(async (name) => {
    const shared = await readYaml(path.join(path.dirname(file), "testdata", `${name}.yaml`));
    return Fixtures.safeParse(shared).data ?? Fixtures.parse({});
  });
  const [principals, resources] = await Promise.all(beside);
  return {
    principals: { ...principals?.principals, ...suite.principals },
    principalGroups: { ...principals?.principalGroups, ...suite.principalGroups },
    resources: { ...resources?.resources, ...suite.resources },
    resourceGroups: { ...resources?.resourceGroups, ...suite.resourceGroups },
  };
}

interface OfTest {
  readonly suite: Suite;
  readonly fixtures: Fixtures;
  readonly test: z.infer<typeof Test>;
}

function expectedInTest(file: string, { suite, fixtures, test }: OfTest): Expected[] {
  if (test.input.auxData !== undefined) return []; // a gateway sends none
  const asked = { principals: principalsOf(test.input, fixtures), resources: resourcesOf(test.input, fixtures) };
  return asked.principals.flatMap((principal) =>
    asked.resources.flatMap((resource) => {
      const who = fixtures.principals[principal];
      const what = fixtures.resources[resource];
      const role = SUBJECT_ROLES.find((each) => who?.roles.join() === each); // a gateway sends one
      if (who === undefined || what === undefined || role === undefined) return [];
      const version = what.policyVersion ?? test.options?.defaultPolicyVersion ?? suite.options?.defaultPolicyVersion;
      const told = test.expected.filter(
        (each) => principalsOf(each, fixtures).includes(principal) && resourcesOf(each, fixtures).includes(resource),
      );
      return test.input.actions.map((action) => ({
        ...{ file, test: test.name, resource: what.kind, version: version ?? "default", role, action },
        ...{ subject: who.attr ?? {}, attributes: what.attr ?? {} },
        // What a test does not name it expects to be denied.
        isAllowed: told.some(({ actions }) => actions[action] === "EFFECT_ALLOW"),
      }));
    }),
  );
}

interface Named {
  readonly principals: readonly string[];
  readonly principalGroups: readonly string[];
  readonly principal?: string | undefined;
  readonly resources: readonly string[];
  readonly resourceGroups: readonly string[];
  readonly resource?: string | undefined;
}

function principalsOf({ principal, principals, principalGroups }: Named, fixtures: Fixtures): string[] {
  const grouped = principalGroups.flatMap((group) => fixtures.principalGroups[group]?.principals ?? []);
  return [...new Set([...(principal === undefined ? [] : [principal]), ...principals, ...grouped])];
}

function resourcesOf({ resource, resources, resourceGroups }: Named, fixtures: Fixtures): string[] {
  const grouped = resourceGroups.flatMap((group) => fixtures.resourceGroups[group]?.resources ?? []);
  return [...new Set([...(resource === undefined ? [] : [resource]), ...resources, ...grouped])];
}
