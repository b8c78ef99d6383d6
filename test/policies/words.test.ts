import { describe, expect, test } from "@jest/globals";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { markdownOf, terminalOf } from "../../src/policy/review/diff-text.ts";
import type { PolicyDiff } from "../../src/policy/review/diff.ts";
import { titleOf } from "../../src/policy/review/titles.ts";
import { sentenceOf, wholeOf } from "../../src/policy/review/sentences.ts";
import { readFactSchema } from "../../src/policy/review/facts.ts";
import { valuesInWords } from "../../src/policy/review/point-words.ts";
import type { Clause } from "../../src/policy/review/regions.ts";
import type { Revision } from "../../src/policy/review/revision.ts";
import type { Point } from "../../src/policy/review/space.ts";

const ROOT = path.join(import.meta.dirname, "../..");

type Told = PolicyDiff["groups"][number];

const STATE = {
  fact: "R.attr.state",
  values: ["active", "retired"],
  words: "the organization's state is active or retired",
};
const ROOM: Clause = {
  ...{ fact: "R.attr.enabledSectors", stands: ["below"], to: "R.attr.maxSectors" },
  words: "the number of enabled sectors is below the plan's limit of sectors (free 25)",
};
const GROUP: Told = {
  ...{ id: "0123456789ab", direction: "widened", kind: "organization", version: "default", isNewMatrix: false },
  ...{ actions: ["create_sector"], knownTo: "both", cells: 3, isWhole: true, access: "gained" },
  ...{ roles: ["admin", "owner"], ways: [] },
  where: [[STATE]],
  example: {
    role: "admin",
    facts: [{ fact: "R.attr.state", words: "the organization's state", value: "active" }],
    was: [{ code: "ROLE_TOO_LOW", least: "owner" }],
    is: [],
  },
  reasons: [{ reason: "`ROLE_TOO_LOW` (least: owner)", change: "gone", members: "", subjects: ["admin", "owner"] }],
  causes: ["policies/cerbos/organization.yaml:9: the rule `create` requires `isAdmin` instead of `isOwner`"],
  approval: null,
};
const compared = { name: "main", commit: null, unit: "0".repeat(16) };
const diffOf = (...groups: readonly Told[]): PolicyDiff => {
  const isUnapproved = groups.some(({ direction }) => direction === "widened");
  const sides = { base: compared, head: compared };
  return { title: titleOf(groups), ...sides, groups, limits: [], isUnapproved, strayApprovals: [], tried: [] };
};
const told = (change: Partial<Told>): string => wholeOf(sentenceOf({ ...GROUP, ...change }));
const by = (words: string): Clause => ({ fact: "the subject", values: [words], words });

describe("A sentence of diff", () => {
  test("says who may now do what, and the whole of what must be so for that", () => {
    expect(told({})).toBe(
      "Admin and Owner may now `create_sector` on an organization while the organization's state is active or retired",
    );
    expect(told({ where: [[STATE, ROOM]], actions: ["rename"] })).toBe(
      "Admin and Owner may now `rename` an organization while (the organization's state is active or retired) and the number of enabled sectors is below the plan's limit of sectors (free 25)",
    );
    expect(told({ where: [[STATE], [ROOM]], roles: [] })).toBe(
      "Anyone may now `create_sector` on an organization while (the organization's state is active or retired) or (the number of enabled sectors is below the plan's limit of sectors (free 25))",
    );
    expect(told({ where: [[]] })).toBe("Admin and Owner may now `create_sector` on an organization");
  });

  test("is as clear about nobody, a service, whoever has no role, and a way through the model", () => {
    const denied: Partial<Told> = {
      reasons: [{ reason: "`NOT_SELF`", change: "new", members: "", subjects: [] }],
      access: "lost",
      where: [[]],
    };
    expect(told({ ...denied, direction: "narrowed", roles: [] })).toBe(
      "Nobody may any longer `create_sector` on an organization; denied with `NOT_SELF`",
    );
    expect(told({ ...denied, direction: "errors", roles: ["service", "none"] })).toBe(
      "A service and whoever has no role may no longer `create_sector` on an organization; no rule says why",
    );
    expect(told({ ...denied, direction: "errors", access: null })).toMatch(
      /^Admin and Owner still may not .*no rule says why$/,
    );
    const way = "any `editor` of the project (folder → project)";
    expect(told({ where: [[by(way)]], roles: [] })).toBe(
      "Any `editor` of the project (folder → project) may now `create_sector` on an organization",
    );
    const ways = ["any `editor` of the project", "any `author` of the file"];
    expect(told({ where: [[by(way), STATE], [by("any `author` of the file")]], roles: ["admin"], ways })).toBe(
      "Any `editor` of the project or any `author` of the file whose role is admin may now `create_sector` on an organization while (any `editor` of the project (folder → project) and (the organization's state is active or retired)) or (any `author` of the file)",
    );
  });

  test("names the relation that whoever it is about has in every case", () => {
    const viewer = { fact: "R.attr.relations.viewer", values: ["true"], words: "the subject may view it" };
    const about = { kind: "document", actions: ["view"], roles: [] };
    expect(told({ ...about, where: [[viewer, STATE]] })).toBe(
      "Whoever is `viewer` of the document may now `view` a document while the organization's state is active or retired",
    );
    expect(told({ ...about, where: [[viewer], [STATE]] })).toMatch(
      /^Anyone may now `view` a document while \(the subj/,
    );
    expect(told({ ...about, where: [[viewer]], direction: "narrowed" })).toBe(
      "Whoever is `viewer` of the document may no longer `view` a document",
    );
  });

  test("names the matrix where it is not the default one", () => {
    expect(told({ version: "strict" })).toMatch(/^In the matrix `strict` Admin and Owner may now/);
    const isNew = { version: "strict", isNewMatrix: true } as const;
    expect(told(isNew)).toMatch(/^In the new matrix `strict`, unlike the default one, Admin and Owner may `create/);
    expect(told({ ...isNew, direction: "narrowed" })).toMatch(/Admin and Owner may not/);
  });
});

describe("The title of a diff", () => {
  const titled = (...changes: readonly Partial<Told>[]): string =>
    titleOf(changes.map((each) => ({ ...GROUP, ...each })));

  test("counts permissions, an action of a role each, and says who loses any", () => {
    expect(titled({ roles: ["billing"] }, { roles: ["billing"], actions: ["rename", "view"] })).toBe(
      "Billing gains `create_sector` (organization), `rename` (organization) and `view` (organization); nobody loses any",
    );
    const more = ["rename", "view", "retire", "archive", "view_audit"];
    expect(titled({ roles: ["billing"] }, { roles: ["billing"], actions: more })).toBe(
      "Billing gains 6 permissions; nobody loses any",
    );
    expect(titled({}, { access: "lost", direction: "narrowed", roles: ["viewer"] })).toBe(
      "Admin and Owner gain `create_sector` (organization); Viewer loses `create_sector` (organization)",
    );
    expect(titled({ access: "widened" })).toBe(
      "Admin and Owner may `create_sector` on an organization in more cases; nobody loses any",
    );
    expect(titled({ access: "narrowed", direction: "narrowed", roles: [], actions: ["rename", "view"] })).toBe(
      "Whoever meets the conditions below may do `rename` (organization) and `view` (organization) in fewer cases; nobody gains any",
    );
  });

  test("says it when nothing is gained or lost, and the sums where many are concerned", () => {
    expect(titled()).toBe("Every decision is the same");
    expect(titled({ access: null, direction: "reasons" })).toBe("Nobody gains or loses anything");
    const many = ["viewer", "member", "billing", "admin", "owner"];
    const each = many.map((role, index) => ({ roles: [role], actions: many.slice(index) }));
    expect(titled(...each)).toBe("15 permissions are gained; nobody loses any");
    expect(titled({ isNewMatrix: true, version: "strict", access: "lost", direction: "narrowed" })).toBe(
      "In the new matrix `strict`, unlike the default one, Admin and Owner lose `create_sector` (organization); nobody gains or loses anything",
    );
  });
});

describe("A page of diff", () => {
  const denied: Told = { ...GROUP, direction: "reasons", access: null, where: [], kind: "sector" };

  test("begins with the title and the verdict, and tells each cause once with all that it does", () => {
    const text = markdownOf(diffOf(GROUP, { ...GROUP, actions: ["rename"], id: "ba9876543210" }, denied));
    expect(text).toMatch(
      /^## Admin and Owner gain `create_sector` \(organization\) and `rename` \(organization\); nobody loses any\n\n\*\*Not approved: 2 groups of cases widen/,
    );
    expect(text.match(/organization\.yaml:9/g)).toHaveLength(1);
    expect(text).toContain("- **Admin and Owner may now `create_sector` or `rename` on an organization while");
    expect(text).toContain("(`0123456789ab`, `ba9876543210`)");
    expect(text).toContain(
      "- `ROLE_TOO_LOW` (least: owner) is no longer among the reasons, for Admin and Owner, on `create_sector` (sector)",
    );
  });

  test("tells several cases as a list, each whole", () => {
    const text = markdownOf(diffOf({ ...GROUP, where: [[STATE, ROOM], [ROOM]] }));
    expect(text).toContain(
      "on an organization in each of these cases:** (`0123456789ab`)\n  - (the organization's state",
    );
    expect(text).toContain("  - the number of enabled sectors is below the plan's limit of sectors (free 25)\n");
    expect(text).toContain("  - e.g. while the organization's state is active\n");
  });

  test("ends with what to copy for an approval, which names nobody yet", () => {
    const text = terminalOf(diffOf(GROUP));
    const zeros = "0".repeat(16);
    expect(text)
      .toContain(`# Admin and Owner may now \`create_sector\` on an organization while the organization's state is active or retired
- { group: "0123456789ab", who: "", why: "", base: "${zeros}", head: "${zeros}" }`);
  });

  test("says below the verdict what was not tried, also where nothing is different", () => {
    const limits = ["sector, retire: too many states to try each; every pair of values was"];
    const untried = "Sector, retire: too many states to try each; every pair of values was.\n\n";
    const same = { ...diffOf(), limits };
    expect(terminalOf(same)).toMatch(
      /^Every decision is the same\n\nNot all was tried\. Sector, retire: .*\.\n\nFrom main/,
    );
    expect(markdownOf(same)).toContain(`**Not all was tried.** ${untried}`);
    const some = { ...diffOf({ ...GROUP, isWhole: false }), limits };
    expect(terminalOf(some)).toContain(`until it is approved.\n\nNot all was tried. ${untried}policies/cerbos/`);
    expect(terminalOf(some)).toContain("\n  - of the cases that were tried: every pair of values\n");
    expect(terminalOf(diffOf(GROUP))).not.toContain("tried. ");
    expect(terminalOf(diffOf(GROUP))).not.toContain("every pair");
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
  expect(told(0, 1, 25, 26)).toEqual(["1 or less", "25 or more", "missing"]);
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
