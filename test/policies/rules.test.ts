import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ACTIONS, KINDS } from "../../src/entities/kinds.ts";
import { rolesNeeded } from "../../src/entities/rules.ts";
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
  const reads = expect.objectContaining({ facts: expect.any(Array) });
  const more = { conditions: expect.any(Array), reads };
  for (const [kind, action] of asked) {
    expect([kind, action, rulesFor("default", kind, action)]).toMatchObject([
      ...[kind, action],
      [
        { from: "matrix", name: expect.stringMatching(new RegExp(`^${kind}#[a-z_]+$`)), ...more },
        { from: "floor", name: expect.stringMatching(new RegExp(`^${kind}_floor#[a-z_]+$`)), ...more },
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
  const named = (matrix: string, kind: string, action: string): [from: string, name: string][] =>
    rulesFor(matrix, kind, action).map(({ from, name }) => [from, name]);
  const floor = ["floor", "sector_floor#retire"];
  expect(named("strict", "sector", "retire")).toEqual([["matrix", "sector#by_the_book"], floor]);
  expect(named("default", "sector", "retire")).toEqual([["matrix", "sector#retire"], floor]);
  expect(named("strict", "organization", "retire")).toEqual([["floor", "organization_floor#retire"]]);
  expect(named("default", "sector", "fly")).toEqual([]);
});

test("of a rule it is known which roles it cannot do without; of the floor and of what one may do to oneself none", async () => {
  const rulesFor = await readRules(POLICIES);
  const roles = (kind: string, action: string): unknown => rulesFor("default", kind, action).map((rule) => rule.roles);
  expect(roles("sector", "rename")).toEqual([["admin", "owner"], null]);
  expect(roles("organization", "view")).toEqual([["admin", "billing", "member", "owner", "viewer"], null]);
  expect(roles("member", "view")).toEqual([null, null]);
  const needed = (kind: string, action: string, ...matrices: string[]): unknown =>
    rolesNeeded(rulesFor, { kind, action }, matrices);
  expect(needed("sector", "rename", "default")).toEqual(["admin", "owner"]);
  expect(needed("sector", "rename", "default", "unheard_of")).toBeNull();
  expect([needed("member", "leave", "default"), needed("sector", "rename")]).toEqual([null, null]);
});

test("a rule's conditions are its words, with the reasons of each; of another form it has none to tell", async () => {
  const rulesFor = await readRules(POLICIES);
  expect(rulesFor("default", "sector", "retire").map(({ conditions }) => conditions)).toEqual([
    [
      { name: "isOwner", codes: ["ROLE_TOO_LOW"] },
      { name: "hasSoleOwner", codes: ["NOT_SOLE_OWNER"] },
    ],
    [
      { name: "isActive", codes: ["ORGANIZATION_ARCHIVED", "ORGANIZATION_RETIRED"] },
      { name: "hasNoLiveApplications", codes: ["LIVE_APPLICATIONS"] },
    ],
  ]);
  const loose = path.join(directory, "cerbos", "sector_loose.yaml");
  const text = await readFile(path.join(directory, "cerbos", "sector.yaml"), "utf8");
  await writeFile(
    loose,
    text
      .replace("version: default", "version: loose")
      .replaceAll("- expr: V.isViewer", "- expr: R.attr.ownerCount == 1"),
  );
  const [matrix] = (await readRules(directory))("loose", "sector", "view");
  const reads = { facts: ["R.attr.ownerCount"], numbers: [1] };
  expect(matrix).toEqual({ from: "matrix", name: "sector#view", conditions: null, reads, roles: null });
});

test.each<[string, string, object]>([
  ["facts and numbers, through words", "V.hasSoleOwner", { facts: ["R.attr.ownerCount"], numbers: [1] }],
  ["a sum, whose boundary nothing names", "R.attr.ownerCount + 2 < 5", { facts: null }],
  ["what is outside of the subset", "R.attr.ownerCount % 2 == 0", { facts: null }],
  ["what no word says", "V.isNowhere", { facts: null }],
])("of a rule it is known what its conditions read: %s", async (_what, expression, reads) => {
  const file = path.join(directory, "cerbos", "sector_reading.yaml");
  const text = await readFile(path.join(directory, "cerbos", "sector.yaml"), "utf8");
  const other = text.replace("version: default", "version: reading");
  await writeFile(file, other.replaceAll("- expr: V.isViewer", `- expr: ${expression}`));
  const [matrix] = (await readRules(directory))("reading", "sector", "view");
  expect(matrix?.reads).toMatchObject(reads);
});

test("roles that are derived elsewhere may read anything", async () => {
  const file = path.join(directory, "cerbos", "sector_derived.yaml");
  const text = await readFile(path.join(directory, "cerbos", "sector.yaml"), "utf8");
  const other = text.replace("version: default", "version: derived");
  await writeFile(file, other.replace("- ranks", "- elsewhere").replace("[ranks]", "[elsewhere]"));
  const [matrix] = (await readRules(directory))("derived", "sector", "view");
  expect(matrix?.reads.facts).toBeNull();
});
