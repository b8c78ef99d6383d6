/** A machine without a Cerbos to compile with, as the image is: what can be read is checked all the same, and the rest is said. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CerbosEngine, startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { servingFindings } from "../../src/policy/check.ts";
import { canCompile } from "../../src/policy/host-compile.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";
import { OF_THE_SUBJECT } from "./review/unseen-changes.ts";

const RELOAD = "/v1/platform/policies/reload";
const NEXT = { least: "member", sectors: 7 } as const;

let top: string;
let policies: FolderCopy;
let standby: CerbosEngine;
let at: TestGateway;
let operator: Person;
const lines: string[] = [];
const { arch } = process;
const beArch = (value: string): void => void Object.defineProperty(process, "arch", { value });
beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-uncompiled-"));
  policies = await copyFolder(POLICIES);
  await writeVersion(policies, NEXT);
  const policyDir = path.join(top, "bundle");
  await writeBundle(policyDir, policies.directory, []);
  await writeVersion(policies, { least: "admin", sectors: 25 }, NEXT);
  standby = await startCerbos({ stateDir: path.join(top, "state"), policyDir, environment: process.env });
  beArch("none"); // of which there is no Cerbos
  const settings = { POLICIES_DIR: policies.directory, CERBOS_STANDBY_TARGET: standby.target };
  at = await startTestGateway({ settings, logged: (line) => lines.push(line) });
  operator = await at.service("operator", { scopes: ["platform:admin"] });
});
afterAll(async () => {
  await at.close();
  beArch(arch);
  await standby.stop();
  await policies.remove();
  await rm(top, { recursive: true });
});

const notCompiled = (): string[] => lines.filter((line) => line.includes('"policies.not_compiled"'));

async function refused(file: string, change: (text: string) => string): Promise<string> {
  const before = await policies.read(file);
  await policies.edit(file, change);
  const { status, body } = await operator.post(RELOAD);
  await policies.write(file, before);
  expect([status, body.code]).toEqual([409, "POLICIES_REFUSED"]);
  return String(body["detail"]);
}

test("its start says that nothing was compiled", () => {
  expect([canCompile(), notCompiled().length]).toEqual([false, 1]);
});

test("its reload refuses what can be read to be wrong, with file and line", async () => {
  const deny = (text: string): string => text.replace("EFFECT_ALLOW", "EFFECT_DENY");
  expect(await refused("cerbos/sector.yaml", deny)).toMatch(/^POLICIES_DIR\/cerbos\/sector\.yaml:\d+:\d+: .*DENY/);
  const twice = (text: string): string => text.replace("actions: [rename]", "actions: [rename, retire]");
  expect(await refused("cerbos/sector.yaml", twice)).toMatch(/2 rules are about the action retire/);
});

test("its reload refuses a file that Cerbos would load and nobody reads", async () => {
  await policies.write("cerbos/subject.yml", OF_THE_SUBJECT);
  const { status, body } = await operator.post(RELOAD);
  await rm(path.join(policies.directory, "cerbos/subject.yml"));
  expect([status, body["detail"]]).toEqual([
    409,
    expect.stringMatching(/^POLICIES_DIR\/cerbos\/subject\.yml:1:1: Cerbos would load it/),
  ]);
});

test("its reload of what is right says again that nothing was compiled, and for which unit", async () => {
  await writeVersion(policies, NEXT);
  const { status, body } = await operator.post(RELOAD);
  await writeVersion(policies, { least: "admin", sectors: 25 }, NEXT);
  expect(status).toBe(200);
  const [, second] = notCompiled();
  expect(second).toContain(String(body["unit"]));
});

test("tests of the policies that fail are found where there is a Cerbos, and there alone", async () => {
  const other = await copyFolder(POLICIES);
  await other.edit("cerbos/sector.yaml", (text) => text.replace("ownerCount == 1", "ownerCount == 2"));
  expect(await servingFindings(other.directory)).toEqual([]);
  beArch(arch);
  const found = await servingFindings(other.directory).finally(() => beArch("none"));
  expect(found.map(({ problem }) => problem)).toContainEqual(expect.stringContaining("the test"));
  await other.remove();
});

test("a bundle says that it was not compiled; of a host's kinds, which are compiled one by one, there is none", async () => {
  const target = path.join(top, "another");
  const { unit, isCompiled } = await writeBundle(target, POLICIES, []);
  expect(isCompiled).toBe(false);
  expect(await readFile(path.join(target, "bailiwick_canary.yaml"), "utf8")).toContain(unit);
  await expect(writeBundle(path.join(top, "third"), POLICIES, [RECORDS])).rejects.toThrow("there is no Cerbos");
});
