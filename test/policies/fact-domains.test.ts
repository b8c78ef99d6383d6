import { describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ACTIONS, KINDS } from "../../src/entities/kinds.ts";
import { factDomainsOf, readFactDomains } from "../../src/policy/fact-domains.ts";
import { readRules } from "../../src/policy/rules.ts";

const POLICIES = path.join(import.meta.dirname, "../../policies");

describe("What the facts of a kind can be", () => {
  test("stands in its schema: what is enumerated, true or false, or a whole number", () => {
    const schema = {
      type: "object",
      properties: {
        state: { enum: ["draft", "final", null] },
        organizationState: { type: "string" },
        pinned: { type: "boolean" },
        mine: { type: "boolean", readOnly: true },
        size: { type: "integer", minimum: 0, maximum: 9 },
        title: { type: "string" },
        relations: { type: "object", properties: { viewer: { type: "boolean" } } },
        sent: {
          type: "object",
          properties: { action: { type: "object", properties: { soft: { type: "boolean" } } } },
        },
      },
    };
    const each = [false, true];
    expect(factDomainsOf(schema)).toEqual([
      { path: ["state"], values: { each: ["draft", "final", null] }, isFixed: false },
      { path: ["organizationState"], values: { each: ["active", "retired", "archived"] }, isFixed: false },
      { path: ["pinned"], values: { each }, isFixed: false },
      { path: ["mine"], values: { each }, isFixed: true },
      { path: ["size"], values: { least: 0, most: 9 }, isFixed: false },
      { path: ["relations", "viewer"], values: { each }, isFixed: false },
      { path: ["sent", "action", "soft"], values: { each }, isFixed: false },
    ]);
    expect(factDomainsOf("not a schema")).toEqual([]);
  });

  test("is known for every built-in kind, and for a host's", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-schemas-"));
    try {
      await mkdir(path.join(folder, "cerbos", "_schemas"), { recursive: true });
      const file = path.join(folder, "cerbos", "_schemas", "memo.json");
      await writeFile(file, JSON.stringify({ properties: { open: { type: "boolean" } } }));
      const domains = await readFactDomains(POLICIES, [file, path.join(folder, "cerbos", "memo.yaml")]);
      for (const kind of KINDS) expect([kind, domains.get(kind)?.length]).toEqual([kind, expect.any(Number)]);
      expect(domains.get("sector")).toContainEqual({
        ...{ path: ["state"], values: { each: ["enabled", "retired"] }, isFixed: false },
      });
      expect(domains.get("memo")).toMatchObject([{ path: ["open"] }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("cannot be changed by anybody where it follows from who the two are, and only there", async () => {
    const domains = await readFactDomains(POLICIES);
    const fixed = [...domains].flatMap(([kind, facts]) =>
      facts.filter(({ isFixed }) => isFixed).map(({ path: [name] }) => `${kind}.${name}`),
    );
    expect(fixed.sort()).toEqual([
      ...["account.self", "invitation.invitee", "member.self", "transfer.offerer", "transfer.recipient"],
    ]);
  });
});

test("every condition of every built-in rule is a word with reasons of its own", async () => {
  const rulesFor = await readRules(POLICIES);
  for (const kind of KINDS) {
    for (const action of ACTIONS[kind]) {
      for (const { name, conditions } of rulesFor("default", kind, action)) {
        for (const { name: word, codes } of conditions ?? [{ name: "", codes: [] }]) {
          expect([name, word, codes.length]).toEqual([name, expect.stringMatching(/^(is|has)/), expect.any(Number)]);
          expect([name, word, codes]).not.toEqual([name, word, []]);
        }
      }
    }
  }
});
