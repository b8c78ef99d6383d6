import { beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { buildModel, ModelError, type ModelModule, readModules } from "../../src/engines/openfga-model.ts";
import { readTypes } from "../../src/policy/host-model.ts";
import { DOCUMENTS, POLICIES } from "../support/host-folder.ts";

let core: ModelModule[];
beforeAll(async () => {
  core = await readModules([path.join(POLICIES, "openfga")]);
});

function moduleOf(body: string, name = "host.fga"): ModelModule {
  return { name, contents: `module host\n\n${body}\n` };
}

/** What is wrong, as `line: problem`. */
function problemsOf(...modules: ModelModule[]): string[] {
  try {
    readTypes(core, modules);
    return [];
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return error.problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`);
  }
}

describe("A host's module", () => {
  test("adds its types: what is written of each, what is derived, and whether the gateway hangs it under its organization", async () => {
    const types = readTypes(core, await readModules([path.join(DOCUMENTS, "openfga")]));
    expect([...types.keys()]).toEqual(["group", "project", "folder", "document"]);
    const { relations, written, hangsUnderOrganization } = types.get("project") ?? {};
    expect(hangsUnderOrganization).toBe(true);
    expect([...(relations ?? [])]).toEqual(["organization", "contributor", "leader", "manager", "editor", "viewer"]);
    const people = [
      { type: "account", relation: null },
      { type: "group", relation: "member" },
    ];
    expect(Object.fromEntries(written ?? [])).toEqual({ contributor: people, leader: people });
    expect(types.get("document")?.hangsUnderOrganization).toBe(false);
  });

  const relation = (definition: string): string =>
    `type group\n  relations\n    define member: [account]\n\ntype thing\n  relations\n    define ${definition}`;
  const AT = "host.fga:9: ";

  test.each([
    ["everybody", "open: [account:*]", "account:* would relate everybody"],
    [
      "everybody of a derived one",
      "open: [account, group:*] or member\n    define member: [account]",
      "group:* would relate everybody",
    ],
    [
      "an organization",
      "of: [organization]",
      "only the gateway relates things to a built-in organization; derive, such as: define of: admin from organization",
    ],
    ["an organization's people", "of: [organization#owner]", "derive, such as: define of: owner from organization"],
    ["a sector", "of: [sector]", "only the gateway relates things to a built-in sector"],
    ["the relay's fence", "of: [fence]", "only the gateway relates things to a built-in fence"],
    [
      "something else as its organization",
      "organization: [group]",
      "the relation organization is the gateway's to write",
    ],
    [
      "more than its organization",
      "organization: [organization, group]",
      "the relation organization is the gateway's to write",
    ],
    [
      "a derived organization",
      "organization: [organization] or parent\n    define parent: [thing]",
      "the relation organization is the gateway's to write",
    ],
    ["a type that is not there", "of: [nobody]", "`nobody` is not a valid type"],
    ["itself", "a: [account] or b\n    define b: a", "a is derived from itself"],
    ["a name that is none of ours", "Owner: [account]", "a relation is named in a-z, 0-9 and _"],
    ["a name that is too long", `${"a".repeat(51)}: [account]`, "{1,50}"],
  ])("that relates to %s is refused at its line", (_what, definition, problem) => {
    const [first] = problemsOf(moduleOf(relation(definition)));
    expect(first).toContain(AT);
    expect(first).toContain(problem);
  });

  test.each([
    ["a name of 50", `${"a".repeat(50)}: [account]`],
    [
      "somebody by way of the organization",
      "organization: [organization]\n    define manager: [account] or admin from organization",
    ],
    ["things of its own type, to any depth", "parent: [thing]\n    define viewer: [account] or viewer from parent"],
  ])("that relates to %s is taken", (_what, definition) => {
    expect(problemsOf(moduleOf(relation(definition)))).toEqual([]);
  });

  test("with a condition is refused, used or not", () => {
    const condition = "condition in_hours(hour: int) {\n  hour < 18\n}";
    const [first, second] = problemsOf(moduleOf(`${relation("open: [account with in_hours]")}\n\n${condition}`));
    expect(first).toContain("host.fga:11: the condition in_hours: conditions read what is not in the ledger");
    expect(second).toContain(`${AT}with in_hours: conditions read what is not in the ledger`);
    expect(problemsOf(moduleOf(`type thing\n\n${condition}`))).toHaveLength(1);
  });

  test.each([
    [
      "defines a built-in type",
      "type sector",
      "host.fga:3: the relationship model is wrong: the type `sector` is a duplicate",
    ],
    [
      "extends a built-in type",
      "extend type organization\n  relations\n    define president: [account]",
      'host.fga:3: a module extends the built-in type "organization"',
    ],
    ["is no module", "typ thing", "host.fga:3: the relationship model is wrong"],
  ])("that %s is refused at its line", (_what, body, problem) => {
    expect(problemsOf(moduleOf(body))[0]).toContain(problem);
  });

  test("calls itself core: refused at its line", () => {
    const [first] = problemsOf({ name: "host.fga", contents: "# mine\nmodule core\ntype thing\n" });
    expect(first).toContain('host.fga:2: only core.fga may call itself "module core"');
  });

  test("that brings the hundredth type is taken, the next one is not", () => {
    const before = buildModel(core).type_definitions.length;
    const types = (count: number): ModelModule =>
      moduleOf(Array.from({ length: count }, (_each, index) => `type thing_${index}`).join("\n"));
    expect(problemsOf(types(100 - before))).toEqual([]);
    expect(problemsOf(types(101 - before))).toEqual(["host.fga:null: with it there are 101 types; OpenFGA takes 100"]);
  });
});
