import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ACTIONS, KINDS } from "../../src/entities/kinds.ts";
import { readRules } from "../../src/policy/rules.ts";

const POLICIES = path.join(import.meta.dirname, "../../policies");

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "bailiwick-rules-"));
  await cp(POLICIES, directory, { recursive: true });
});
afterAll(async () => await rm(directory, { recursive: true }));

test("every action of every kind has its rule in the default matrix and in the floor, by the rule's own name", async () => {
  const rulesFor = await readRules(POLICIES);
  const asked = KINDS.flatMap((kind) => ACTIONS[kind].map((action) => [kind, action] as const));
  for (const [kind, action] of asked) {
    expect([kind, action, rulesFor("default", kind, action)]).toEqual([
      ...[kind, action],
      [
        { from: "matrix", name: expect.stringMatching(new RegExp(`^${kind}#[a-z_]+$`)) },
        { from: "floor", name: expect.stringMatching(new RegExp(`^${kind}_floor#[a-z_]+$`)) },
      ],
    ]);
  }
  const named = (action: string): string[] => rulesFor("default", "organization", action).map(({ name }) => name);
  expect(named("create_sector")).toEqual(["organization#create", "organization_floor#create_sector"]); // a rule of two actions
  expect(named("archive")).toEqual(["organization#retire", "organization_floor#archive"]);
});

test("another matrix has rules of its own, and the same floor; what no policy has has no rule", async () => {
  const strict = path.join(directory, "cerbos", "sector_strict.yaml");
  const text = await readFile(path.join(directory, "cerbos", "sector.yaml"), "utf8");
  await writeFile(
    strict,
    text.replace("version: default", "version: strict").replace("name: retire", "name: by_the_book"),
  );
  const rulesFor = await readRules(directory);
  const floor = { from: "floor", name: "sector_floor#retire" };
  expect(rulesFor("strict", "sector", "retire")).toEqual([{ from: "matrix", name: "sector#by_the_book" }, floor]);
  expect(rulesFor("default", "sector", "retire")).toEqual([{ from: "matrix", name: "sector#retire" }, floor]);
  expect(rulesFor("strict", "organization", "retire")).toEqual([{ from: "floor", name: "organization_floor#retire" }]);
  expect(rulesFor("default", "sector", "fly")).toEqual([]);
});
