/** What is served is replaced whole, or not at all: by a gateway with an embedded Cerbos. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { cp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { connectCerbos } from "../../src/engines/cerbos.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { eventually } from "../support/eventually.ts";
import { copyFolder, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";
import { addMember, decide, foundOrganization, must } from "../support/world.ts";

const RELOAD = "/v1/platform/policies/reload";

let policies: FolderCopy;
let records: FolderCopy;
let at: TestGateway;
let operator: Person;
let viewer: Person;
let slug: string;
beforeAll(async () => {
  policies = await copyFolder(POLICIES);
  records = await copyFolder(RECORDS);
  const settings = { POLICIES_DIR: policies.directory };
  at = await startTestGateway({ hostPolicies: [records.directory], settings });
  operator = await at.service("operator", { scopes: ["platform:admin"] });
  const owner = await at.person("owner");
  viewer = await at.person("viewer");
  slug = await foundOrganization(owner);
  await addMember(owner, slug, viewer, "viewer");
});
afterAll(async () => {
  await at.close();
  await policies.remove();
  await records.remove();
});

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

const unitInFolders = async (): Promise<string> => await policyUnit(policies.directory, [records.directory]);
const sets = async (): Promise<string[]> => await readdir(path.join(at.config.stateDir, "policy-set"));

/** What an answer is made of: the hash that it names, a reason of Cerbos', a fact of the gateway's. */
async function answered(): Promise<unknown[]> {
  const { context } = await decide(at, viewer, "create_sector", ["organization", slug]);
  const told = context as unknown as { unit: string; reasons: { least: string }[]; facts: { resource: Facts } };
  return [told.unit, told.reasons[0]?.least, told.facts.resource["maxSectors"]];
}
type Facts = Readonly<Record<string, unknown>>;

async function readyz(): Promise<Answered> {
  return await at.shop.get("/readyz");
}

describe("A reload", () => {
  test("replaces policies and plans together; answer, /readyz, metrics and the next decision name the new unit", async () => {
    const before = await unitInFolders();
    expect(await answered()).toEqual([before, "admin", 25]);
    const old = at.gateway.served.current;
    await writeVersion(policies, { least: "member", sectors: 7 });
    const unit = await unitInFolders();
    const { status, body } = await operator.post(RELOAD);
    const previous = { unit: before, commit: null };
    expect([status, body]).toEqual([200, { unit, commit: null, previous, refused: [] }]);
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
    const events = await at.sql("select 1 from audit_events where action = 'policies.deploy'");
    await writeVersion(policies, { least: "member", sectors: 7 });
    const { status, body, headers } = await operator.post(`${RELOAD}?dryRun=true`);
    expect([status, body["unit"], headers.get("bailiwick-dry-run")]).toEqual([200, await unitInFolders(), "true"]);
    expect([await answered(), at.gateway.served.current.target]).toEqual([before, target]);
    expect(await at.sql("select 1 from audit_events where action = 'policies.deploy'")).toHaveLength(events.length);
  });

  test("of folders that hold what is served already is one, starts nothing, and no deploy", async () => {
    const { target } = at.gateway.served.current;
    const events = await at.sql("select 1 from audit_events where action = 'policies.deploy'");
    const { status, body } = await operator.post(RELOAD);
    const unit = await unitInFolders();
    expect([status, body["unit"], body["previous"]]).toEqual([200, unit, { unit, commit: null }]);
    expect(at.gateway.served.current.target).toBe(target);
    expect(await at.sql("select 1 from audit_events where action = 'policies.deploy'")).toHaveLength(events.length);
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
    await break_();
    const { status, body } = await operator.post(RELOAD);
    expect([status, body.code, body["detail"]]).toEqual([409, "POLICIES_REFUSED", expect.stringMatching(told)]);
    expect(String(body["detail"])).not.toContain(policies.directory);
    expect([await answered(), at.gateway.served.current.target, await sets()]).toEqual(before);
    expect((await readyz()).body).toMatchObject({ status: "ready" });
  });
});
