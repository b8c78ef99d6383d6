/** What is served is replaced whole, or not at all: by a gateway with an embedded Cerbos. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { cp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { eventually } from "../support/eventually.ts";
import type { Answered, Person, TestGateway } from "../support/gateway.ts";
import { type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";
import { RELOAD, type ReloadWorld, startReloadWorld } from "../support/reload-world.ts";
import { must } from "../support/world.ts";

const told: string[] = [];
let world: ReloadWorld;
let policies: FolderCopy;
let records: FolderCopy;
let at: TestGateway;
let operator: Person;
beforeAll(async () => {
  world = await startReloadWorld({ logged: (line) => told.push(line) });
  ({ policies, records, at, operator } = world);
});
afterAll(async () => await world.close());

/** Each test begins with the folders as they are shipped, served. */
beforeEach(async () => must(await operator.post(RELOAD), 200));
afterEach(async () => {
  for (const [from, { directory }] of [
    [POLICIES, policies],
    [RECORDS, records],
  ] as const) {
    await rm(directory, { recursive: true, force: true });
    await cp(from, directory, { recursive: true });
  }
});

const unitInFolders = async (): Promise<string> => await world.unitInFolders();
const sets = async (): Promise<string[]> => await readdir(path.join(at.config.stateDir, "policy-set"));
const copies = async (): Promise<string[]> => await readdir(path.join(at.config.stateDir, "policy-snapshots"));
const deploys = async (): Promise<unknown[]> =>
  await at.sql("select before, after from audit_events where action = 'policies.deploy' order by version");
const notReplaced = (): string[] => told.filter((line) => line.includes('"policies.not_replaced"'));

/** What an answer is made of: the hash that it names, a reason of Cerbos', a fact of the gateway's. */
async function answered(): Promise<unknown[]> {
  const { unit, least, sectors } = await world.askBuiltIn();
  return [unit, least, sectors];
}

async function readyz(): Promise<Answered> {
  return await at.shop.get("/readyz");
}

describe("A reload", () => {
  test("replaces policies and plans together; answer, /readyz, metrics and the next decision name the new unit", async () => {
    const before = await unitInFolders();
    expect(await answered()).toEqual([before, "admin", 25]);
    const old = at.gateway.served.current;
    const { model } = at.gateway.deps;
    await writeVersion(policies, { least: "member", sectors: 7 });
    const unit = await unitInFolders();
    const { status, body } = await operator.post(RELOAD);
    const previous = { unit: before, commit: null };
    expect([status, body]).toEqual([200, { unit, commit: null, previous, refused: [] }]);
    const told = { before: { ...previous, model }, after: { unit, commit: null, model } };
    expect((await deploys()).at(-1)).toEqual(told);
    const { body: log } = must(await operator.get("/v1/platform/audit?action=policies.deploy&page_size=1"), 200);
    expect(log.items).toMatchObject([{ ...told, actor: { kind: "client" }, target: { id: unit }, unit }]);
    expect(await answered()).toEqual([unit, "member", 7]);
    expect((await readyz()).body).toMatchObject({ status: "ready", policies: { unit, served: unit } });
    const metrics = await (await fetch(`${at.url}/metrics`)).text();
    expect(metrics.match(/^bailiwick_info\{.*$/gm)).toEqual([expect.stringContaining(`unit="${unit}"`)]);
    await eventually(async () => expect(await sets()).toHaveLength(1));
    const gone = connectCerbos(old.target, false);
    await expect(gone.unit(1_000)).rejects.toMatchObject({ code: "CANNOT_DECIDE" });
    gone.close();
  });

  test("as a dry run checks alone: nothing is started, served or told", async () => {
    const [before, target] = [await answered(), at.gateway.served.current.target];
    const events = await deploys();
    await writeVersion(policies, { least: "member", sectors: 7 });
    const { status, body, headers } = await operator.post(`${RELOAD}?dryRun=true`);
    expect([status, body["unit"], headers.get("bailiwick-dry-run")]).toEqual([200, await unitInFolders(), "true"]);
    expect([await answered(), at.gateway.served.current.target]).toEqual([before, target]);
    expect(await deploys()).toEqual(events);
  });

  test("of folders that hold what is served already is one, starts nothing, and no deploy", async () => {
    const { target } = at.gateway.served.current;
    const events = await deploys();
    const { status, body } = await operator.post(RELOAD);
    const unit = await unitInFolders();
    expect([status, body["unit"], body["previous"]]).toEqual([200, unit, { unit, commit: null }]);
    expect(at.gateway.served.current.target).toBe(target);
    expect(await deploys()).toEqual(events);
  });

  test("writes a model that changed, and decides by its id from then on", async () => {
    const before = at.gateway.deps.model;
    const auditor = (text: string): string =>
      text.replace("define reader: [user]", "define reader: [user]\n    define auditor: [user]");
    await records.edit("openfga/records.fga", auditor);
    must(await operator.post(RELOAD), 200);
    const { model } = at.gateway.deps;
    expect(model).not.toBe(before);
    expect((await readyz()).body).toMatchObject({ status: "ready", policies: { model } });
  });

  test("beside another one is refused, and that one goes through", async () => {
    await writeVersion(policies, { least: "admin", sectors: 8 });
    const both = await Promise.all([operator.post(RELOAD), operator.post(RELOAD)]);
    expect(both.map(({ status, body }) => [status, body.code]).sort()).toEqual([
      [200, undefined],
      [409, "RELOAD_UNDER_WAY"],
    ]);
    expect(await answered()).toEqual([await unitInFolders(), "admin", 8]);
  });

  test("is for the scope platform:admin alone", async () => {
    const other = await at.service("shop", { scopes: ["authz:evaluate"] });
    expect((await other.post(RELOAD)).body).toMatchObject({ code: "SCOPE_MISSING" });
  });
});

describe("What cannot be served leaves everything as it is, and the answer says where it is wrong", () => {
  const breaks: readonly [what: string, break_: () => Promise<void>, told: RegExp][] = [
    [
      "a policy that is no YAML",
      async () => await policies.edit("cerbos/sector.yaml", (text) => text.replace("  rules:", "  rules: [")),
      /sector\.yaml:\d+/,
    ],
    [
      "a condition that is no CEL",
      async () => await policies.edit("cerbos/sector.yaml", (text) => text.replace("ownerCount == 1", "ownerCount ==")),
      /sector\.yaml/,
    ],
    [
      "a policy whose tests fail",
      async () =>
        await policies.edit("cerbos/sector.yaml", (text) => text.replace("ownerCount == 1", "ownerCount == 2")),
      /sector_test\.yaml/,
    ],
    [
      "a plan without a limit",
      async () => await policies.edit("plans.yaml", (text) => text.replace("sectors: 25, ", "")),
      /POLICIES_DIR\/plans\.yaml:\d+:\d+: .*sectors/,
    ],
    [
      "plans that are no YAML",
      async () => await policies.edit("plans.yaml", (text) => text.replace("free: {", "free: {{")),
      /POLICIES_DIR\/plans\.yaml:\d+:\d+: /,
    ],
    [
      "a model that is wrong",
      async () => await policies.edit("openfga/core.fga", (text) => `${text}\n    define\n`),
      /core\.fga:\d+/,
    ],
    [
      "a host's kind that works now, and would be refused",
      async () => await records.edit("cerbos/record.yaml", (text) => text.replace("EFFECT_ALLOW", "EFFECT_DENY")),
      /HOST_POLICIES\[0\]\/cerbos\/record\.yaml:\d+: .*EFFECT_ALLOW/,
    ],
    ["a folder that is gone", async () => await rm(records.directory, { recursive: true }), /folder/],
  ];
  test.each(breaks)("%s", async (_what, break_, told) => {
    const before = [await answered(), at.gateway.served.current.target, await sets()];
    const lines = notReplaced().length;
    await break_();
    const { status, body } = await operator.post(RELOAD);
    expect([status, body.code, body["detail"]]).toEqual([409, "POLICIES_REFUSED", expect.stringMatching(told)]);
    expect(String(body["detail"])).not.toContain(policies.directory);
    expect(notReplaced().slice(lines)).toEqual([expect.stringContaining('"code":"POLICIES_REFUSED","problem":')]);
    expect([await answered(), at.gateway.served.current.target, await sets()]).toEqual(before);
    expect(await copies()).toEqual([]);
    expect((await readyz()).body).toMatchObject({ status: "ready" });
  });

  test("as a dry run too; that leaves no line in the log, since nothing was to be replaced", async () => {
    const lines = notReplaced().length;
    await rm(records.directory, { recursive: true });
    const { status, body } = await operator.post(`${RELOAD}?dryRun=true`);
    expect([status, body.code, notReplaced().length]).toEqual([409, "POLICIES_REFUSED", lines]);
  });
});
