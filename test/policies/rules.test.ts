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

test("every action of every kind has its rule in the default matrix, by the rule's own name", async () => {
  const ruleFor = await readRules(POLICIES);
  const asked = KINDS.flatMap((kind) => ACTIONS[kind].map((action) => [kind, action] as const));
  for (const [kind, action] of asked) {
    const [of, rule] = ruleFor("default", kind, action)?.split("#") ?? [];
    expect([kind, action, of, rule]).toEqual([kind, action, kind, expect.stringMatching(/^[a-z_]+$/)]);
  }
  expect(ruleFor("default", "organization", "create_sector")).toBe("organization#create"); // a rule of two actions
  expect(ruleFor("default", "organization", "retire")).toBe("organization#retire");
});

test("another matrix has rules of its own; what no matrix has is null", async () => {
  const strict = path.join(directory, "cerbos", "sector_strict.yaml");
  const text = await readFile(path.join(directory, "cerbos", "sector.yaml"), "utf8");
  await writeFile(
    strict,
    text.replace("version: default", "version: strict").replace("name: retire", "name: by_the_book"),
  );
  const ruleFor = await readRules(directory);
  expect(ruleFor("strict", "sector", "retire")).toBe("sector#by_the_book");
  expect(ruleFor("default", "sector", "retire")).not.toBe("sector#by_the_book");
  expect(ruleFor("strict", "organization", "retire")).toBeNull();
  expect(ruleFor("default", "sector", "fly")).toBeNull();
});
