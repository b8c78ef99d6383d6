import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { HostFolderError } from "../../src/policy/host-folder.ts";
import { type HostPolicies, readHostPolicies } from "../../src/policy/host-kinds.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, lineWith, POLICIES, RECORDS } from "../support/host-folder.ts";

const copies: FolderCopy[] = [];
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.remove();
});

async function copyOf(folder: string): Promise<FolderCopy> {
  const copy = await copyFolder(folder);
  copies.push(copy);
  return copy;
}

async function read(...folders: readonly (FolderCopy | string)[]): Promise<HostPolicies> {
  return await readHostPolicies(
    POLICIES,
    folders.map((folder) => (typeof folder === "string" ? folder : folder.directory)),
  );
}

const served = ({ kinds }: HostPolicies): string[] => [...kinds.served.keys()].sort();

describe("The kinds of a folder", () => {
  test("are what its line, its schema, its policies and its type say", async () => {
    const { kinds, problems, isCompiled } = await read(RECORDS, DOCUMENTS);
    expect([problems, isCompiled, kinds.refused.size]).toEqual([[], true, 0]);
    expect(kinds.served.get("record")).toMatchObject({
      type: "record",
      actions: ["delete", "read", "write"],
      resources: "stored",
      subjects: "stored",
      hasFloor: false,
      hangsUnderOrganization: true,
      askedRelations: ["owner", "viewer"],
      readsOrganizationState: false,
      sent: { action: new Set(["soft"]) },
      matrices: new Set(["default"]),
    });
    expect(kinds.served.get("document")).toMatchObject({ hasFloor: true, readsOrganizationState: true, sent: null });
    expect(kinds.served.get("user")).toMatchObject({ actions: [], askedRelations: [], matrices: new Set() });
  });

  test("take attributes by their schema, without what the gateway gives", async () => {
    const misfits = (await read(RECORDS)).kinds.served.get("record")?.misfits ?? (() => []);
    expect(misfits({ status: "active" })).toEqual([]);
    expect(misfits({})).toEqual([{ path: ["status"], problem: "is missing" }]);
    expect(misfits({ status: "lost" })).toEqual([
      { path: ["status"], problem: "must be equal to one of the allowed values" },
    ]);
    for (const reserved of ["relations", "sent", "organizationState", "colour", "constructor"]) {
      expect(misfits({ status: "active", [reserved]: {} })).toEqual([{ path: [reserved], problem: "is not declared" }]);
    }
  });

  test("have the matrices that they ship, each with a test and the same actions", async () => {
    const copy = await copyOf(RECORDS);
    const policy = await copy.read("cerbos/record.yaml");
    const tests = await copy.read("cerbos/record_test.yaml");
    for (const version of ["strict", "without_delete", "without_test"]) {
      await mkdir(path.join(copy.directory, "cerbos/matrices", version), { recursive: true });
      const text = policy.replace("version: default", `version: ${version}`);
      const lacks = version === "without_delete" ? text.slice(0, text.indexOf("    - name: delete")) : text;
      await copy.write(`cerbos/matrices/${version}/record.yaml`, lacks);
    }
    const strict = tests.replaceAll("kind: record,", "kind: record, policyVersion: strict,");
    await copy.write("cerbos/matrices/strict/record_test.yaml", strict.replaceAll("vdefault", "vstrict"));
    await copy.write("cerbos/matrices/without_delete/record_test.yaml", "");
    expect((await read(copy)).kinds.refused.get("record")).toContain("without_test/record_test.yaml: is missing");
    await rm(path.join(copy.directory, "cerbos/matrices/without_test"), { recursive: true });
    expect((await read(copy)).kinds.refused.get("record")).toContain(
      "without_delete/record.yaml: has no rule for the action delete",
    );
    await rm(path.join(copy.directory, "cerbos/matrices/without_delete"), { recursive: true });
    const whole = await read(copy);
    expect(whole.problems).toEqual([]);
    expect(whole.kinds.served.get("record")?.matrices).toEqual(new Set(["default", "strict"]));
  });
});

describe("What is refused alone", () => {
  const LINES: readonly (readonly [what: string, line: string, problem: string])[] = [
    ["a built-in name", "sector: {}", "sector is a built-in name; give the kind another one"],
    ["a built-in type's name", "fence: {}", "fence is a built-in name"],
    ["the subject's name", "principal: {}", "principal is a built-in name"],
    ["a name with a capital", "Thing: {}", '"Thing" cannot name a kind'],
    ["a name of 51", `${"a".repeat(51)}: {}`, "cannot name a kind: a-z, 0-9 and _, a letter first, 50 at most"],
    ["a floor's name", "thing_floor: {}", "no kind may end in _floor"],
    ["a test's name", "thing_test: {}", "no kind may end in _test"],
    ["a keeping that is none", "kept: { resources: elsewhere }", "kept.resources: expected stored or sent"],
    ["a member that is none", "owned: { owners: stored }", 'owned: Unrecognized key: "owners"'],
    ["a type that no module defines", "thing: {}", "no module in openfga/ defines the type thing"],
    ["a name of 50, that no module defines", `${"b".repeat(50)}: {}`, "no module in openfga/ defines the type bbb"],
  ];
  let copy: FolderCopy;
  let all: HostPolicies;
  beforeAll(async () => {
    copy = await copyFolder(RECORDS);
    await copy.edit("kinds.yaml", (text) => `${text}${LINES.map(([, line]) => `${line}\n`).join("")}`);
    all = await read(copy);
  });
  afterAll(async () => await copy.remove());

  test.each(LINES)("a line with %s", async (_what, line, problem) => {
    const at = lineWith(await copy.read("kinds.yaml"), line);
    expect(all.problems.filter((each) => each.startsWith(`${copy.directory}/kinds.yaml:${at}: `))).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  test("and the record beside them is served, as is the built-in kind whose name was taken", () => {
    expect(served(all)).toEqual(["record", "user"]);
    expect(all.problems).toHaveLength(LINES.length);
    expect([...all.kinds.refused.keys()]).not.toContain("sector");
  });

  test.each([
    ["a test", "cerbos/document_test.yaml", "document_test.yaml: is missing: a policy has a test beside it"],
    ["a floor's test", "cerbos/document_floor_test.yaml", "document_floor_test.yaml: is missing"],
    ["its matrix", "cerbos/document.yaml", "cerbos/document.yaml: is missing"],
    [
      "its schema",
      "cerbos/_schemas/document.json",
      "_schemas/document.json: is missing: it says what is stored of document",
    ],
  ])("a kind without %s", async (_what, file, problem) => {
    const copy = await copyOf(DOCUMENTS);
    await rm(path.join(copy.directory, file));
    const all = await read(copy);
    expect(all.kinds.refused.get("document")).toContain(problem);
    expect(served(all)).toEqual(["folder", "group", "project"]);
  });

  test("a kind whose floor knows other actions", async () => {
    const copy = await copyOf(DOCUMENTS);
    await copy.edit("cerbos/document_floor.yaml", (text) => text.replace("actions: [share]", "actions: [send]"));
    const all = await read(copy);
    const why = all.kinds.refused.get("document");
    expect(why).toContain("document_floor.yaml: has no rule for the action share, which the matrix has");
    expect(why).toContain("document_floor.yaml: has a rule for the action send, which the matrix has not");
    expect(served(all)).toEqual(["folder", "group", "project"]);
  });

  test("a type of the model without a line, a policy without a line, a file that nobody reads", async () => {
    const copy = await copyOf(DOCUMENTS);
    await copy.edit("kinds.yaml", (text) => text.replace("group: {}\n", ""));
    await copy.write("cerbos/stray.yaml", "");
    await copy.write("cerbos/record.yml", "");
    const { kinds, problems } = await read(copy);
    expect([...kinds.served.keys()]).toEqual(["project", "folder", "document"]);
    expect(kinds.refused.get("group")).toContain("_schemas/group.json: kinds.yaml has no line for group");
    expect(kinds.refused.get("stray")).toContain("cerbos/stray.yaml: kinds.yaml has no line for stray");
    expect(problems).toContain(`${copy.directory}/cerbos/record.yml: is no file that is read here; look at its name`);
  });
});

describe("What takes its folder with it, and no other", () => {
  test("a module that is wrong, with its line", async () => {
    const copy = await copyOf(RECORDS);
    await copy.edit("openfga/records.fga", (text) => text.replace("owner: [user]", "owner: [user:*]"));
    const all = await read(copy, DOCUMENTS);
    expect(served(all)).toEqual(["document", "folder", "group", "project"]);
    for (const kind of ["record", "user"]) {
      expect(all.kinds.refused.get(kind)).toContain(
        `${copy.directory}/openfga/records.fga:9: user:* would relate everybody`,
      );
    }
  });

  test("lines that cannot be read: every kind that its files are named after", async () => {
    const copy = await copyOf(RECORDS);
    await copy.edit("kinds.yaml", (text) => `${text}record: [\n`);
    const all = await read(copy, DOCUMENTS);
    expect(served(all)).toEqual(["document", "folder", "group", "project"]);
    expect([...all.kinds.refused.keys()].sort()).toEqual(["record", "user"]);
    expect(all.problems[0]).toMatch(/kinds\.yaml:5: /);
  });

  test("a type that a folder before it has", async () => {
    const copy = await copyOf(DOCUMENTS);
    await copy.edit("openfga/documents.fga", (text) => `${text}\ntype user\n`);
    const all = await read(RECORDS, copy);
    expect(served(all)).toEqual(["record", "user"]);
    expect(all.kinds.refused.get("document")).toContain("the type `user` is a duplicate");
    const other = await read(copy, DOCUMENTS);
    expect(served(other)).toEqual(["document", "folder", "group", "project"]); // the copy's
    expect([...other.kinds.refused.keys()]).toEqual(["user"]);
    expect(other.problems.filter((each) => each.startsWith(DOCUMENTS)).join()).toContain("`document` is a duplicate");
  });

  test("test data that is broken", async () => {
    const copy = await copyOf(DOCUMENTS);
    await copy.edit("cerbos/testdata/principals.yaml", (text) => text.replace("principals:", "people:"));
    const all = await read(copy, RECORDS);
    expect(served(all)).toEqual(["group", "record", "user"]);
  });
});

test("a folder that is not there, or is none, is a wrong setting", async () => {
  await expect(read(path.join(POLICIES, "nowhere"))).rejects.toThrow(HostFolderError);
  await expect(read(POLICIES)).rejects.toThrow("it has no kinds.yaml");
});

test("the policy unit covers a host's policies, schemas, model and lines, and not its tests", async () => {
  const copy = await copyOf(RECORDS);
  const unit = async (): Promise<string> => await policyUnit(POLICIES, [copy.directory]);
  const first = await policyUnit(POLICIES, [RECORDS]);
  expect(first).toBe(await unit());
  expect(first).not.toBe(await policyUnit(POLICIES));
  const units = new Set([first]);
  for (const file of ["cerbos/record.yaml", "cerbos/_schemas/user.json", "openfga/records.fga", "kinds.yaml"]) {
    await copy.edit(file, (text) => `${text}\n`);
    units.add(await unit());
  }
  expect(units.size).toBe(5);
  await copy.edit("cerbos/record_test.yaml", (text) => `${text}\n`);
  units.add(await unit());
  expect(units.size).toBe(5);
});
