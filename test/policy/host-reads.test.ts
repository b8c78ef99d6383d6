import { beforeAll, describe, expect, test } from "@jest/globals";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { HostKind } from "../../src/entities/host-kinds.ts";
import { readHostPolicies } from "../../src/policy/host-kinds.ts";
import { relationsReadBy } from "../../src/policy/host-reads.ts";
import { readPolicyDocument } from "../../src/policy/review/documents.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";

const ANY = null;

interface Parts {
  readonly importDerivedRoles?: readonly string[];
  readonly variables?: unknown;
}

/** What the one rule reads whose condition this is. */
function readBy(condition: unknown, parts: Parts = {}): readonly string[] | null | undefined {
  const rules = [{ actions: ["view"], effect: "EFFECT_ALLOW", ...(condition !== undefined && { condition }) }];
  const text = stringify({ resourcePolicy: { resource: "thing", version: "default", ...parts, rules } });
  const document = readPolicyDocument("thing.yaml", text);
  if (document === null || !("rules" in document)) throw new Error(text);
  return relationsReadBy(document).get("view");
}

const expr = (text: string): object => ({ match: { expr: text } });

describe("The relations that can decide about an action", () => {
  test("are those that its condition names, in whatever form, each once", () => {
    const of = [{ expr: "R.attr.relations.viewer" }, { any: { of: [{ expr: "!R.attr.relations.blocked" }] } }];
    expect(readBy({ match: { all: { of: [...of, { none: { of } }] } } })).toEqual(["blocked", "viewer"]);
    expect(readBy(expr("has(R.attr.relations.viewer) && R.attr.relations.viewer == true"))).toEqual(["viewer"]);
    expect(readBy(undefined)).toEqual([]);
    expect(readBy(expr('R.attr.state == "open" && R.attr.sent.action.soft && P.attr.level > 3'))).toEqual([]);
    expect(readBy(expr('"viewer" in R.attr.tags && "at_least_admin" in runtime.effectiveDerivedRoles'))).toEqual([]);
  });

  test.each([
    'R.attr.relations["viewer"]',
    "R.attr . relations . viewer",
    "request.resource.attr.relations.viewer",
    "R.attr.relations.viewer // or\n || false",
  ])("are told however they are written: %j", (text) => {
    expect(readBy(expr(text))).toEqual(["viewer"]);
  });

  test("are those of the variables that it names, of what these name, and of no others", () => {
    const local = {
      isViewer: "R.attr.relations.viewer",
      isEditor: "V.isViewer && variables.isAuthor",
      isAuthor: "R.attr.relations.author",
      isRound: "V.isRound || R.attr.relations.owner",
      unlessOwner: 'R.attr.relations.owner ? [] : [{"code": "NOT_RELATED"}]',
    };
    expect(readBy(expr("V.isEditor"), { variables: { local } })).toEqual(["author", "viewer"]);
    expect(readBy(expr("V.isRound"), { variables: { local } })).toEqual(["owner"]);
    expect(readBy(expr("V.isViewer"), { variables: { local }, importDerivedRoles: ["ranks"] })).toEqual(["viewer"]);
  });

  test.each([
    "R.attr.relations",
    "R.attr.relations.exists(name, R.attr.title == name)",
    "R.attr.relations.exists  (name, true)",
    "R.attr.relations.exists // all of them\n (name, true)",
    "R.attr.relations.?viewer.orValue(false)",
    "R.attr.?relations.viewer",
    "R.attr.`relations`.viewer",
    "size(R.attr) > 3",
    'R.attr["rel" + "ations"].viewer',
    "R.attr.all(name, name == R.attr.title)",
    "[R].exists(it, it.attr.title == R.attr.title)",
    '[request].exists(it, it["resource"].id == "x")',
    "V.isViewer && V[R.attr.title]",
    "V.unknown",
    "V.whole.viewer",
    "V.exists(name, V.isViewer)",
  ])("are any of them where it says %j", (text) => {
    const variables = { local: { isViewer: "R.attr.relations.viewer", whole: "R.attr.relations" } };
    expect(readBy(expr("V.isViewer"), { variables })).toEqual(["viewer"]);
    expect(readBy(expr(`${text} && V.isViewer`), { variables })).toBe(ANY);
    const within = { local: { ...variables.local, within: text } };
    expect(readBy(expr("V.within"), { variables: within })).toBe(ANY);
    expect(readBy(expr("V.isViewer"), { variables: within })).toEqual(["viewer"]);
  });

  test("are any of them where variables or derived roles come from elsewhere", () => {
    expect(readBy(expr("V.isShared"), { variables: { import: ["shared"], local: {} } })).toBe(ANY);
    expect(readBy(expr("C.shared == R.attr.state"))).toBe(ANY);
    expect(readBy(expr("V.isViewer &&"), { variables: { local: { isViewer: "R.attr.relations.viewer" } } })).toBe(ANY);
    expect(readBy(expr("true"), { importDerivedRoles: ["ranks", "others"] })).toBe(ANY);
  });

  test("are none of the built-in ranks: they have no conditions", async () => {
    const roles: unknown = parse(await readFile(path.join(POLICIES, "cerbos/roles.yaml"), "utf8"));
    expect(roles).toMatchObject({ derivedRoles: { name: "ranks" } });
    expect(JSON.stringify(roles)).not.toMatch(/condition|variables|R\.attr/);
  });
});

describe("Of a kind", () => {
  let kind: HostKind | undefined;
  beforeAll(async () => {
    kind = (await readHostPolicies(POLICIES, [DOCUMENTS])).kinds.served.get("document");
  });

  test("they are those of its matrix, as the schema has them", () => {
    const deciding = (action: string): unknown => kind?.decidingRelations("default", action);
    expect([deciding("view"), deciding("edit")]).toEqual([
      ["viewer", "insider"],
      ["editor", "insider"],
    ]);
    expect(deciding("share")).toEqual(["manager", "insider"]);
  });

  test("they are all of them of an action, or a version, that nobody knows", () => {
    const all = kind?.askedRelations;
    expect(all).toHaveLength(4);
    expect(kind?.decidingRelations("default", "fly")).toEqual(all);
  });

  test("they are those of its floor too", async () => {
    const served = await kindIn(DOCUMENTS, "document", async (copy) => {
      const read = 'R.attr.state == "open" || (false && R.attr.relations.manager)';
      await copy.edit("cerbos/document_floor.yaml", (text) => text.replace('R.attr.state == "open"', read));
    });
    expect(served.decidingRelations("default", "edit")).toEqual(["manager", "editor", "insider"]);
    expect(served.decidingRelations("default", "view")).toEqual(["viewer", "insider"]);
  });

  test("they are those of the matrix that is meant, and of no other version's", async () => {
    const served = await kindIn(RECORDS, "record", async (copy) => {
      const policy = (await copy.read("cerbos/record.yaml")).replace("version: default", "version: strict");
      const tests = (await copy.read("cerbos/record_test.yaml")).replaceAll("vdefault", "vstrict");
      await mkdir(path.join(copy.directory, "cerbos/matrices/strict"), { recursive: true });
      const more = policy.replace(
        'R.attr.status == "active"',
        'R.attr.status == "active" || (false && R.attr.relations.viewer)',
      );
      await copy.write("cerbos/matrices/strict/record.yaml", more);
      const strict = tests.replaceAll("kind: record,", "kind: record, policyVersion: strict,");
      await copy.write("cerbos/matrices/strict/record_test.yaml", strict);
    });
    expect(served.decidingRelations("default", "write")).toEqual(["owner"]);
    expect(served.decidingRelations("strict", "write")).toEqual(["owner", "viewer"]);
  });
});

async function kindIn(from: string, type: string, change: (copy: FolderCopy) => Promise<void>): Promise<HostKind> {
  const copy = await copyFolder(from);
  try {
    await change(copy);
    const { kinds, problems } = await readHostPolicies(POLICIES, [copy.directory]);
    const kind = kinds.served.get(type);
    if (kind === undefined) throw new Error(problems.join());
    return kind;
  } finally {
    await copy.remove();
  }
}
