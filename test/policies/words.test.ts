import { describe, expect, test } from "@jest/globals";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { markdownOf, terminalOf } from "../../src/policy/review/diff-text.ts";
import type { PolicyDiff } from "../../src/policy/review/diff.ts";
import { readFactSchema } from "../../src/policy/review/facts.ts";
import { valuesInWords } from "../../src/policy/review/point-words.ts";
import type { Revision } from "../../src/policy/review/revision.ts";
import type { Point } from "../../src/policy/review/space.ts";

const ROOT = path.join(import.meta.dirname, "../..");

type Told = PolicyDiff["groups"][number];

const GROUP: Told = {
  ...{ id: "0123456789ab", direction: "widened", kind: "organization", version: "default", isNewMatrix: false },
  ...{ actions: ["create_sector"], knownTo: "both", cells: 3, isWhole: true, roles: ["admin", "owner"] },
  where: [[{ fact: "R.attr.state", values: ["active", "retired"] }]],
  example: {
    ...{ role: "admin", way: null },
    facts: [{ fact: "R.attr.state", words: "the organization's state", value: "active" }],
    was: [{ code: "ROLE_TOO_LOW", least: "owner" }],
    is: [],
  },
  causes: ["policies/cerbos/organization.yaml:9: the rule `create` asks `isAdmin` instead of `isOwner`"],
  approval: null,
};
const told = (change: Partial<Told>): string => {
  const compared = { name: "main", commit: null, unit: "0".repeat(16) };
  const diff = { base: compared, head: compared, groups: [{ ...GROUP, ...change }], limits: [], isUnapproved: false };
  return /^- (.*)$/m.exec(terminalOf(diff))?.[1] ?? "";
};
const example = (change: Partial<Told["example"]>): Partial<Told> => ({ example: { ...GROUP.example, ...change } });

describe("A sentence of diff", () => {
  test("says who may now do what, and while what is so", () => {
    expect(told({})).toBe(
      "Admin and Owner may now do create_sector on an organization while the organization's state is active",
    );
    const isSelf = (value: string): Partial<Told> =>
      example({ facts: [{ fact: "R.attr.self", words: "the subject is this very account", value }] });
    const account: Partial<Told> = { kind: "account", actions: ["view", "edit", "erase"], roles: [] };
    expect(told({ ...account, ...isSelf("true") })).toBe(
      "Anyone may now do view, edit or erase on an account while the subject is this very account",
    );
    expect(told({ ...account, ...isSelf("false") })).toMatch(
      /while it is not so that the subject is this very account$/,
    );
  });

  test("is as clear about nobody, a service, whoever has no role, and a way through the model", () => {
    const denied = example({ is: [{ code: "LIMIT_REACHED", max: 25, limit: "sectors" }, { code: "NOT_SELF" }] });
    expect(told({ ...denied, direction: "narrowed", roles: [] })).toBe(
      "Nobody may any longer do create_sector on an organization while the organization's state is active: LIMIT_REACHED (limit: sectors, max: 25) + NOT_SELF",
    );
    expect(told({ ...denied, direction: "errors", roles: ["service"] })).toMatch(
      /^A service may no longer do .*, and no rule says why$/,
    );
    const none = { ...denied.example, role: "none" } as Told["example"];
    expect(told({ example: none, direction: "reasons" })).toMatch(
      /^Whoever has no role may not do .* \+ NOT_SELF instead of ROLE_TOO_LOW \(least: owner\)$/,
    );
    expect(told({ ...example({ way: "`editor` of the folder" }), roles: [] })).toMatch(
      /^Whoever is `editor` of the folder may now/,
    );
  });

  test("names the matrix where it is not the default one", () => {
    expect(told({ version: "strict" })).toMatch(/^In the matrix strict, Admin and Owner may now do/);
    const isNew = { version: "strict", isNewMatrix: true } as const;
    expect(told(isNew)).toMatch(/^In the new matrix strict, unlike the default one, Admin and Owner may do/);
    expect(told({ ...isNew, direction: "narrowed" })).toMatch(/Admin and Owner may not do/);
  });

  test("stands in Markdown with what only some want to read folded away", () => {
    const compared = { name: "main", commit: null, unit: "0".repeat(16) };
    const groups: Told[] = [GROUP, { ...GROUP, direction: "reasons" }];
    const text = markdownOf({ base: compared, head: compared, groups, limits: [], isUnapproved: true });
    expect(text).toContain("1 widened, 0 broken, 0 narrowed, 1 denied for other reasons");
    expect(text).toContain("- **Admin and Owner may now do `create_sector` on an organization");
    expect(text).toContain("where `state` is active or retired; 3 cases");
    expect(text.match(/<details><summary>[^]*<\/details>/)?.[0]).toContain("an example of 3 cases");
    expect(text).toContain('- { group: "0123456789ab", who: you,');
  });

  test("is followed by what was not tried, also where nothing is different", () => {
    const compared = { name: "main", commit: null, unit: "0".repeat(16) };
    const limits = ["sector, retire: too many states to try each; every pair of values was"];
    const diff = { base: compared, head: compared, limits, isUnapproved: false };
    const same = terminalOf({ ...diff, groups: [] });
    expect(same).toMatch(/every decision is the same\.\n\nNot all was tried\. sector, retire: too many states.*\.\n$/);
    const some = terminalOf({ ...diff, groups: [{ ...GROUP, isWhole: false }] });
    expect(some).toContain("Not all was tried. sector, retire");
    expect(some).toContain("3 cases of those tried (every pair of values)");
    expect(markdownOf({ ...diff, groups: [{ ...GROUP, isWhole: false }] })).toContain("**Not all was tried.** sector");
  });
});

test("values are told by their spans: between two boundaries everything is alike, and past the last one too", () => {
  const points = [1, 2, 0, 25, 26, 24].map((value): Point => ({ is: "value", value }));
  const revision = { plans: new Map() } as unknown as Revision; // of which nothing but the plans is read
  const told = (...found: readonly number[]): string[] =>
    valuesInWords(
      [...points, { is: "missing", fits: false }],
      [
        ...points.filter((point) => point.is === "value" && found.includes(Number(point.value))),
        { is: "missing", fits: false },
      ],
      { base: revision, head: revision },
    );
  expect(told(1)).toEqual(["1", "missing"]);
  expect(told(0, 2, 24)).toEqual(["0", "2 to 24", "missing"]);
  expect(told(0, 1, 25, 26)).toEqual(["0 to 1", "25 or more", "missing"]);
  expect(told()).toEqual(["missing"]);
});

test("every fact of every schema that is shipped has words that fit into a sentence", async () => {
  const files: string[] = [];
  for await (const file of glob("{policies,examples/*/policies,bench/policies}/cerbos/_schemas/*.json", { cwd: ROOT }))
    files.push(file);
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const { facts } = readFactSchema(JSON.parse(await readFile(path.join(ROOT, file), "utf8")));
    for (const { path: fact, words, types } of facts.values()) {
      if (/^R\.attr\.sent\.\w+$/.test(fact)) continue; // a place for what is sent, and no fact
      expect([file, fact, words]).toEqual([file, fact, expect.stringMatching(/^(the|whoever|an) [^.]*[^.]$/)]);
      const isClause = /^(?:the|whoever|an) .*\b(?:is|was|may|manages|owns|made|waits)\b/.test(words ?? "");
      if (types.includes("boolean")) expect([file, fact, words, isClause]).toEqual([file, fact, words, true]);
    }
  }
});
