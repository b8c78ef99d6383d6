import { describe, expect, test } from "@jest/globals";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { relationsNeededBy, rolesNeededBy } from "../../src/policy/needs.ts";
import { readHostPolicies } from "../../src/policy/host-kinds.ts";
import { ranksIn, rolesOf } from "../../src/policy/ranks.ts";
import { type PolicyDocument, readPolicyDocument } from "../../src/policy/review/documents.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";

const local = {
  isViewer: "R.attr.relations.viewer",
  isEditor: "V.isViewer && R.attr.relations.editor",
  isEither: "V.isViewer || R.attr.relations.owner",
  isCleared: 'R.attr.classification == "internal" || R.attr.relations.insider',
  isRound: "V.isRound || V.isViewer",
};

/** The policy whose one rule has this condition. */
function policyWith(condition: unknown, parts: object = {}): PolicyDocument {
  const rules = [{ actions: ["view"], effect: "EFFECT_ALLOW", ...(condition !== undefined && { condition }) }];
  const resourcePolicy = { resource: "thing", version: "default", variables: { local }, ...parts, rules };
  const document = readPolicyDocument("thing.yaml", stringify({ resourcePolicy }));
  if (document === null || !("rules" in document)) throw new Error("no policy");
  return document;
}

function neededBy(condition: unknown, parts?: object): readonly string[] | null | undefined {
  return relationsNeededBy(policyWith(condition, parts)).get("view");
}

const all = (...expressions: readonly string[]): object => ({
  match: { all: { of: expressions.map((expr) => ({ expr })) } },
});

describe("An action needs a relation", () => {
  test.each([
    [["viewer"], all("V.isViewer")],
    [["viewer"], all("V.isCleared", 'R.attr.state == "open"', "V.isViewer")],
    [["viewer"], { match: { expr: "R.attr.relations.viewer" } }],
    [["viewer"], all('R.attr.state == "open" && (R.attr.relations["viewer"] == true)')],
    [["viewer"], all("V.isEither", "V.isViewer")],
    [["owner", "viewer"], all("V.isEither")],
    [["viewer"], all("V.isEditor && true")],
    [["viewer"], all("V.isViewer || V.isEditor")],
  ])("%j by %j", (needed, condition) => {
    expect(neededBy(condition)).toEqual(needed);
  });
});

describe("An action needs no relation", () => {
  test.each([
    ["that has no condition", undefined],
    ["that something else allows as well", all('R.attr.state == "open" || V.isViewer')],
    ["that attributes alone may allow", all("V.isCleared")],
    ["whose condition is one of several", { match: { any: { of: [{ expr: "V.isViewer" }, { expr: "true" }] } } }],
    ["that its absence allows", all("!V.isViewer")],
    ["that its absence allows, in a list", { match: { none: { of: [{ expr: "V.isViewer" }] } } }],
    ["that is compared with false", all("V.isViewer == false")],
    ["that is compared with another", all("V.isViewer == R.attr.relations.editor")],
    ["that is only asked whether it is told", all("has(R.attr.relations.viewer)")],
    ["whose name an attribute has, with its dots", all('R.attr["relations.viewer"]')],
    ["that is one of two answers", all("V.isViewer ? true : true")],
    ["whose word leads back to itself", all("V.isRound")],
    ["that ranks allow", all('"at_least_admin" in runtime.effectiveDerivedRoles || V.isViewer')],
    ["whose condition is no expression", all("V.isViewer &&")],
    ["that a word decides that is not there", all("V.isViewer", "V.unknown")],
  ])("%s", (_which, condition) => {
    expect(neededBy(condition)).toBeNull();
  });

  test("where derived roles come from elsewhere", () => {
    expect(neededBy(all("V.isViewer"), { importDerivedRoles: ["ranks"] })).toEqual(["viewer"]);
    expect(neededBy(all("V.isViewer"), { importDerivedRoles: ["others"] })).toBeNull();
  });
});

const RANKS = `
derivedRoles:
  name: ranks
  definitions:
    - { name: at_least_admin, parentRoles: [admin, owner] }
    - { name: at_least_owner, parentRoles: [owner] }
    - { name: any_member, parentRoles: [viewer, member, billing, admin, owner] }
    - { name: any_service, parentRoles: [service] }
    - { name: anybody, parentRoles: [none, viewer] }
    - { name: everybody, parentRoles: ["*"] }
    - { name: twice, parentRoles: [owner] }
    - { name: twice, parentRoles: [viewer] }
`;
const has = (rank: string): string => `"${rank}" in runtime.effectiveDerivedRoles`;

describe("An action needs a role", () => {
  const words = {
    isOwner: has("at_least_owner"),
    isAdminOrViewer: `V.isAdmin || V.isViewer`,
    isAdmin: has("at_least_admin"),
  };
  test.each([
    [["admin", "owner"], all(has("at_least_admin"))],
    [["owner"], all("V.isAdmin", "V.isOwner", "R.attr.ownerCount == 1")],
    [["admin", "owner"], all(`V.isOwner || ${has("at_least_admin")} == true`)],
    [[], all(has("any_service"))],
    [["billing", "member", "owner", "viewer", "admin"].sort(), all(`V.isOwner || ${has("any_member")}`)],
    [null, all("V.isAdminOrViewer")],
    [null, all(`!(${has("at_least_admin")})`)],
    [null, all(has("anybody"))],
    [null, all(has("everybody"))],
    [null, all(has("twice"))],
    [null, all(has("unheard_of"))],
    [null, all('"at_least_admin" in R.attr.ranks')],
    [null, all("runtime.effectiveDerivedRoles in R.attr.ranks")],
    [null, { match: { any: { of: [{ expr: "V.isOwner" }, { expr: "true" }] } } }],
  ])("%j by %j", (needed, condition) => {
    const policy = policyWith(condition, { variables: { local: { ...local, ...words } } });
    expect(rolesNeededBy(policy, rolesOf(ranksIn(RANKS))).get("view")).toEqual(needed);
  });

  test("none where derived roles come from elsewhere", () => {
    const policy = policyWith(all(has("at_least_admin")), { importDerivedRoles: ["ranks", "others"] });
    expect(rolesNeededBy(policy, rolesOf(ranksIn(RANKS))).get("view")).toBeNull();
  });
});

describe("Of a kind", () => {
  test("it is what the matrix needs, and what its rules read beside that and lies within it", async () => {
    const targets = await targetsIn(DOCUMENTS, "document");
    expect([targets("view"), targets("share"), targets("fly")]).toEqual([
      ["document#viewer", "document#insider"],
      ["document#manager"],
      null,
    ]);
  });

  test("or else the floor, for both must allow", async () => {
    const targets = await targetsIn(DOCUMENTS, "document", async (copy) => {
      await copy.edit("cerbos/document.yaml", (text) => text.replace(/^( +isEditor: .*)$/m, "$1 || false"));
      await copy.edit("cerbos/document_floor.yaml", (text) => {
        return text.replace(/^( +isOpen: )(.*)$/m, "$1R.attr.relations.manager && $2");
      });
      await copy.write("cerbos/document_floor_test.yaml", stringify(VIEWED));
    });
    expect([targets("edit"), targets("view")]).toEqual([["document#manager"], ["document#viewer", "document#insider"]]);
  });

  test("of several matrices, what any of them does with: an organization has one of them", async () => {
    const targetsWith = async (owner: string): Promise<unknown> => {
      const targets = await targetsIn(RECORDS, "record", async (copy) => {
        const policy = (await copy.read("cerbos/record.yaml")).replace("version: default", "version: strict");
        const tests = (await copy.read("cerbos/record_test.yaml")).replaceAll("vdefault", "vstrict");
        await mkdir(path.join(copy.directory, "cerbos/matrices/strict"), { recursive: true });
        const strict = policy.replace(/^( +isOwner: ).*$/m, `$1${owner}`);
        await copy.write("cerbos/matrices/strict/record.yaml", strict);
        const versioned = tests.replaceAll("kind: record,", "kind: record, policyVersion: strict,");
        await copy.write("cerbos/matrices/strict/record_test.yaml", versioned);
      });
      return targets("delete");
    };
    const owner = "R.attr.relations.owner";
    expect(await targetsWith(owner)).toEqual(["record#owner"]);
    const both = `${owner} || (R.attr.relations.viewer && ${owner})`;
    expect(await targetsWith(both)).toEqual(["record#owner", "record#viewer"]);
    expect(await targetsWith(`${owner} || false`)).toBeNull();
  });
});

/** Which relations of its resources a search for what somebody may do looks at. */
async function targetsIn(
  from: string,
  type: string,
  change: (copy: FolderCopy) => Promise<void> = async () => await Promise.resolve(),
): Promise<(action: string) => readonly string[] | null> {
  const copy = await copyFolder(from);
  try {
    await change(copy);
    const { kinds, problems } = await readHostPolicies(POLICIES, [copy.directory]);
    expect(problems).toEqual([]);
    return (action) => kinds.served.get(type)?.reachFor(action, "account")?.targets ?? null;
  } finally {
    await copy.remove();
  }
}

const DOCUMENT = {
  ...{ title: "Permit", state: "open", classification: "internal", organizationState: "active" },
  relations: { manager: false, editor: false, viewer: false, insider: false },
};
const VIEWED = {
  name: "Document floor",
  principals: { anybody: { id: "-", roles: ["none"] } },
  resources: { one: { id: "-", kind: "document_floor", attr: DOCUMENT } },
  tests: [
    {
      name: "Everybody, as far as the floor goes",
      input: { principals: ["anybody"], resources: ["one"], actions: ["view"] },
      expected: [{ principal: "anybody", resource: "one", actions: { view: "EFFECT_ALLOW" } }],
    },
  ],
};
