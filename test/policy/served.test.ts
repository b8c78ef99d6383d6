import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadPolicies } from "../../src/assemble.ts";
import { ConfigError } from "../../src/config.ts";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { createLog } from "../../src/http/log.ts";
import { startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { openPolicySet, type PolicyFile } from "../../src/policy/policy-set.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { testEngines } from "../support/test-engines.ts";
import { foundOrganization } from "../support/world.ts";

let broken: FolderCopy;
let at: TestGateway;
const lines: string[] = [];
beforeAll(async () => {
  broken = await copyFolder(DOCUMENTS);
  await broken.edit("cerbos/folder.yaml", (text) => text.replace("effect: EFFECT_ALLOW", "effect: EFFECT_DENY"));
  at = await startTestGateway({
    hostPolicies: [RECORDS, broken.directory],
    logged: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await at.close();
  await broken.remove();
});

describe("A gateway with a host's folders", () => {
  const question = {
    kind: "record",
    matrix: "default",
    hasFloor: false,
    role: "none",
    subject: { role: "admin" },
    attributes: { status: "archived", relations: { owner: false, viewer: false } },
    actions: ["read", "write", "delete"],
  } as const;

  test("is ready, and says which unit Cerbos serves, which kinds, and which not", async () => {
    const unit = await policyUnit(POLICIES, [RECORDS, broken.directory]);
    expect((await at.shop.get("/readyz")).body).toMatchObject({
      status: "ready",
      policies: { unit, commit: null, model: at.gateway.deps.model, served: unit },
      kinds: { served: ["record", "user", "project", "document", "group"], refused: ["folder"] },
    });
  });

  test("says why one is refused, with file and line, in the log", () => {
    const refused = lines.filter((line) => line.includes('"policies.refused"'));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/cerbos\/folder\.yaml:\d+: resourcePolicy\.rules\.0\.effect: expected EFFECT_ALLOW/);
  });

  test("has the unit in every line of the log since it serves it, and the commit and the model in the first of them", async () => {
    const { unit, commit, model } = at.gateway.deps;
    const said = lines.flatMap((line) =>
      line.startsWith("{") ? [JSON.parse(line) as { event?: string; unit?: string }] : [],
    );
    const from = said.findIndex(({ event }) => event === "policies.served");
    expect(said[from]).toMatchObject({ unit, commit, model });
    await at.shop.get("/livez");
    await eventually(() => expect(lines.at(-1)).toContain('"answered"'));
    const since = lines
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as { unit?: string }] : []))
      .slice(from);
    expect(since.length).toBeGreaterThan(1);
    expect(since.filter((line) => line.unit !== unit)).toEqual([]);
  });

  test("decides about a host's kind by the host's policy, and about the built-in ones as before", async () => {
    const verdicts = await at.gateway.deps.judge(question, 5_000);
    expect([...verdicts].map(([action, { allowed }]) => [action, allowed])).toEqual([
      ["read", true],
      ["write", true],
      ["delete", false],
    ]);
    const clerk = await at.gateway.deps.judge({ ...question, subject: { role: "clerk" } }, 5_000);
    expect(clerk.get("write")).toMatchObject({ allowed: false, reasons: [{ code: "RECORD_ARCHIVED" }] });
    const owner = await at.person("owner");
    const slug = await foundOrganization(owner);
    expect((await owner.get(`/v1/organizations/${slug}`)).status).toBe(200);
    const stranger = await at.person("stranger");
    expect((await stranger.get(`/v1/organizations/${slug}`)).status).toBe(403);
  });

  test("knows the rules of what is served, floor and matrix", () => {
    const { rulesFor } = at.gateway.deps;
    expect(rulesFor("default", "record", "read")).toMatchObject([{ from: "matrix", name: "record#read" }]);
    expect(rulesFor("default", "document", "edit")).toMatchObject([
      { from: "matrix", name: "document#edit" },
      { from: "floor", name: "document_floor#edit" },
    ]);
    expect(rulesFor("default", "folder", "view")).toEqual([]);
  });

  test("has the host's types in its model", async () => {
    const { openfga } = at.engines;
    const answer = await fetch(`${openfga.apiUrl}/stores/${at.storeId}/authorization-models?page_size=1`, {
      headers: { authorization: `Bearer ${openfga.presharedKey}` },
    });
    const { authorization_models: models } = (await answer.json()) as {
      authorization_models: { type_definitions: { type: string }[] }[];
    };
    const types = models[0]?.type_definitions.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(["organization", "user", "record", "folder"]));
  });

  test("serves one folder of STATE_DIR, with the built-in policies and the host's, and without tests", async () => {
    const sets = path.join(at.config.stateDir, "policy-set");
    const [set, ...others] = await readdir(sets);
    expect(others).toEqual([]);
    const files = await readdir(path.join(sets, set ?? ""), { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining(["sector.yaml", "host-0/record.yaml", "host-1/document.yaml", "_schemas/record.json"]),
    );
    expect(files.filter((file) => /_test|testdata|folder/.test(file))).toEqual([]);
  });

  test("does not start where a folder is not there", async () => {
    const config = { ...at.config, hostPolicies: [path.join(RECORDS, "nowhere")] };
    const loading = loadPolicies(config, { report: () => undefined, log: createLog("silent") });
    await expect(loading).rejects.toThrow(ConfigError);
  });
});

test("A gateway whose Cerbos serves another unit is not ready, and says at its start and in /readyz which", async () => {
  const told: string[] = [];
  const logged = (line: string): void => void told.push(line);
  const other = await startTestGateway({ hostPolicies: [RECORDS], engines: testEngines(), logged });
  const [expected, served] = [await policyUnit(POLICIES, [RECORDS]), await policyUnit(POLICIES)];
  const { status, body } = await other.shop.get("/readyz");
  expect([status, body]).toMatchObject([503, { status: "unavailable", policies: { unit: expected, served } }]);
  expect(told.filter((line) => line.includes("policies.not_served"))).toEqual([
    expect.stringMatching(new RegExp(`${expected}.*${served}|${served}.*${expected}`)),
  ]);
  await other.close();
});

describe("A policy set", () => {
  const record: PolicyFile = { from: path.join(RECORDS, "cerbos/record.yaml"), to: "host-0/record.yaml" };
  let stateDir: string;
  beforeAll(async () => {
    stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-set-50%-"));
  });
  afterAll(async () => await rm(stateDir, { recursive: true }));

  const set = { policiesDir: POLICIES, files: [record], unit: "0123456789abcdef" };

  test("is never the folder itself: a copy without tests, with the canary", async () => {
    const empty = await openPolicySet(stateDir, { ...set, files: [] });
    const names = await readdir(path.join(POLICIES, "cerbos"), { recursive: true });
    const decide = names.filter((name) => !/_test\.yaml$|testdata/.test(name));
    expect((await readdir(empty.folder, { recursive: true })).sort()).toEqual(
      [...decide, "bailiwick_canary.yaml"].sort(),
    );
    await empty.remove();
    expect(await readdir(path.join(stateDir, "policy-set"))).toEqual([]);
  });

  test("replaces that of an earlier start only when it is served", async () => {
    const first = await openPolicySet(stateDir, set);
    const second = await openPolicySet(stateDir, set);
    expect(await readdir(path.join(stateDir, "policy-set"))).toHaveLength(2);
    await second.removeOthers();
    expect(await readdir(path.join(stateDir, "policy-set"))).toEqual([path.basename(second.folder)]);
    expect(first.folder).not.toBe(second.folder);
  });

  test("that cannot be written whole leaves nothing behind", async () => {
    const before = await readdir(path.join(stateDir, "policy-set"));
    const files = [{ from: path.join(stateDir, "nowhere.yaml"), to: "host-0/nowhere.yaml" }];
    await expect(openPolicySet(stateDir, { ...set, files })).rejects.toThrow("ENOENT");
    expect(await readdir(path.join(stateDir, "policy-set"))).toEqual(before);
  });

  test("as a bundle is what a Cerbos starts on; a broken kind, or a folder that is in use, leaves nothing behind", async () => {
    const bundle = path.join(stateDir, "bundle");
    await expect(writeBundle(bundle, POLICIES, [broken.directory])).rejects.toThrow("folder.yaml");
    await expect(readdir(bundle)).rejects.toThrow("ENOENT");
    const { unit, kinds } = await writeBundle(bundle, POLICIES, [RECORDS]);
    expect(kinds).toEqual(["record", "user"]);
    await expect(writeBundle(bundle, POLICIES, [RECORDS])).rejects.toThrow("is not empty");
    await expect(writeBundle(stateDir, POLICIES, [], { replaces: true })).rejects.toThrow("no bundle");
    expect(await writeBundle(bundle, POLICIES, [RECORDS], { replaces: true })).toEqual({
      unit,
      kinds,
      isCompiled: true,
    });
    const cerbos = await startCerbos({ stateDir, policyDir: bundle, environment: process.env });
    const connection = connectCerbos(cerbos.target, false);
    expect([unit, await connection.unit(5_000)]).toEqual([await policyUnit(POLICIES, [RECORDS]), unit]);
    connection.close();
    await cerbos.stop();
  });
});
