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
const scope = z.string().default("");
const Principal = z.object({ roles: z.array(z.string()), attr: Attributes, scope });
const Resource = z.object({ kind: z.string(), policyVersion: z.string().optional(), attr: Attributes, scope });
const Fixtures = z.object({
  principals: z.record(z.string(), Principal).default({}),
  resources: z.record(z.string(), Resource).default({}),
  principalGroups: z.record(z.string(), z.object({ principals: Names })).default({}),
  resourceGroups: z.record(z.string(), z.object({ resources: Names })).default({}),
});
const Options = z.looseObject({ defaultPolicyVersion: z.string().optional() }).nullish();
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
const Suite = Fixtures.extend({
  skip: z.boolean().default(false),
  options: Options,
  tests: z.array(Test).default([]),
});

type Fixtures = z.infer<typeof Fixtures>;
type Test = z.infer<typeof Test>;
export type Suite = z.infer<typeof Suite>;

/** A file of tests, with what they name from beside it. */
export interface ReadSuite {
  readonly suite: Suite;
  readonly fixtures: Fixtures;
}

/** Of a folder of policies, by their names within `cerbos/`. */
export async function suitesIn(folder: string): Promise<string[]> {
  return (await policyFilesIn(folder)).tests.filter((name) => !/(^|\/)testdata\//.test(name));
}

/** All that the tests of a folder expect; nothing of files that Cerbos itself would refuse. */
export async function expectedIn(folder: string): Promise<Expected[]> {
  const files = (await suitesIn(folder)).map((name) => path.join(folder, "cerbos", name));
  const read = await Promise.all(files.map(async (file) => ({ file, read: await readSuite(file) })));
  return read.flatMap(({ file, read }) => (read === undefined ? [] : expectedInSuite(file, read)));
}

function expectedInSuite(file: string, { suite, fixtures }: ReadSuite): Expected[] {
  if (suite.skip) return [];
  return suite.tests.flatMap((test) => (test.skip ? [] : expectedInTest(file, { suite, fixtures, test })));
}

/** undefined: Cerbos says what is wrong with it. */
export async function readSuite(file: string): Promise<ReadSuite | undefined> {
  const suite = Suite.safeParse(await readYaml(file)).data;
  return suite === undefined ? undefined : { suite, fixtures: await fixturesOf(file, suite) };
}

/** undefined: it is not there, or Cerbos says what is wrong with it. */
async function readYaml(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  try {
    return text === undefined ? undefined : parse(text, { merge: true });
  } catch {
    return undefined;
  }
}

/** The suite's own go before those of the folder beside it. */
async function fixturesOf(file: string, suite: Suite): Promise<Fixtures> {
  const folder = path.join(path.dirname(file), "testdata");
  const beside = ["principals", "resources"].map(async (name) => {
    const all = await Promise.all(ENDINGS.map(async (ending) => await readYaml(path.join(folder, name + ending))));
    return Fixtures.safeParse(all.find((each) => each !== undefined)).data ?? Fixtures.parse({});
  });
  const [principals, resources] = await Promise.all(beside);
  return {
    principals: { ...principals?.principals, ...suite.principals },
    principalGroups: { ...principals?.principalGroups, ...suite.principalGroups },
    resources: { ...resources?.resources, ...suite.resources },
    resourceGroups: { ...resources?.resourceGroups, ...suite.resourceGroups },
  };
}

const ENDINGS = [".yaml", ".yml", ".json"];

/** What a suite asks about, by whomever: `sector default`. */
export function askedIn({ suite, fixtures }: ReadSuite): Set<string> {
  const asked = suite.tests.flatMap((test) =>
    resourcesOf(test.input, fixtures).flatMap((name) => {
      const resource = fixtures.resources[name];
      return resource === undefined ? [] : [`${resource.kind} ${versionOf(resource, suite, test)}`];
    }),
  );
  return new Set(asked);
}

/** A test's options stand in the place of the suite's. */
function optionsOf(suite: Suite, test: Test): z.infer<typeof Options> {
  return test.options ?? suite.options;
}

function versionOf({ policyVersion }: z.infer<typeof Resource>, suite: Suite, test: Test): string {
  return policyVersion ?? optionsOf(suite, test)?.defaultPolicyVersion ?? "default";
}

/** As a gateway asks: without a token, a clock or a scope of its own. */
function isPlain(suite: Suite, test: Test): boolean {
  const options = Object.keys(optionsOf(suite, test) ?? {});
  return test.input.auxData === undefined && options.every((name) => name === "defaultPolicyVersion");
}

interface OfTest {
  readonly suite: Suite;
  readonly fixtures: Fixtures;
  readonly test: Test;
}

function expectedInTest(file: string, { suite, fixtures, test }: OfTest): Expected[] {
  if (!isPlain(suite, test)) return [];
  const asked = { principals: principalsOf(test.input, fixtures), resources: resourcesOf(test.input, fixtures) };
  return asked.principals.flatMap((principal) =>
    asked.resources.flatMap((resource) => {
      const who = fixtures.principals[principal];
      const what = fixtures.resources[resource];
      const role = SUBJECT_ROLES.find((each) => who?.roles.join() === each); // a gateway sends one
      if (who === undefined || what === undefined || role === undefined || who.scope + what.scope !== "") return [];
      const told = test.expected.filter(
        (each) => principalsOf(each, fixtures).includes(principal) && resourcesOf(each, fixtures).includes(resource),
      );
      return test.input.actions.map((action) => ({
        ...{ file, test: test.name, resource: what.kind, version: versionOf(what, suite, test), role, action },
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
