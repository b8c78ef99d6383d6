/** A gateway with Cerbos of its operator's own: a reload switches between two, and a changed folder is noticed by embedded ones alone. */
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CerbosEngine, startCerbos } from "../../src/local/cerbos.ts";
import { writeBundle } from "../../src/policy/bundle.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";

jest.setTimeout(120_000); // a reload takes seconds of processor time

const RELOAD = "/v1/platform/policies/reload";

let top: string;
let policies: FolderCopy;
const engines: CerbosEngine[] = [];
const gateways: TestGateway[] = [];
beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), "bailiwick-standby-"));
  policies = await copyFolder(POLICIES);
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  for (const engine of engines) await engine.stop();
  await policies.remove();
  await rm(top, { recursive: true });
});

/** A Cerbos on what the folder holds now. */
async function served(port?: number): Promise<CerbosEngine> {
  const stateDir = path.join(top, String(engines.length));
  const bundle = path.join(stateDir, "bundle");
  await writeBundle(bundle, policies.directory, []);
  const engine = await startCerbos({ stateDir, policyDir: bundle, environment: process.env, port });
  engines.push(engine);
  return engine;
}

async function start(settings: Readonly<Record<string, string>>): Promise<[TestGateway, Person]> {
  const gateway = await startTestGateway({ settings: { POLICIES_DIR: policies.directory, ...settings } });
  gateways.push(gateway);
  return [gateway, await gateway.service("operator", { scopes: ["platform:admin"] })];
}

test("without a second one it is 409, and what is served stays", async () => {
  const first = await served();
  const [gateway, operator] = await start({ CERBOS_TARGET: first.target });
  const before = gateway.gateway.deps.unit;
  await writeVersion(policies, { least: "admin", sectors: 6 });
  const { status, body } = await operator.post(RELOAD);
  expect([status, body.code, body["detail"]]).toEqual([
    409,
    "STANDBY_MISSING",
    expect.stringContaining("CERBOS_STANDBY_TARGET"),
  ]);
  expect((await operator.post(`${RELOAD}?dryRun=true`)).body.code).toBe("STANDBY_MISSING");
  expect((await operator.get("/readyz")).body).toMatchObject({ status: "ready", policies: { unit: before } });
  await writeVersion(policies, { least: "admin", sectors: 25 }, { least: "admin", sectors: 6 });
});

test("with a second one that serves something else it is 409 and names both; with one that serves the folders the two trade places", async () => {
  const [first, second] = [await served(), await served()];
  const [gateway, operator] = await start({ CERBOS_TARGET: first.target, CERBOS_STANDBY_TARGET: second.target });
  const before = gateway.gateway.deps.unit;
  await writeVersion(policies, { least: "member", sectors: 5 });
  const unit = await policyUnit(policies.directory);
  const refused = await operator.post(RELOAD);
  expect([refused.status, refused.body.code]).toEqual([409, "STANDBY_DIFFERS"]);
  expect(refused.body["detail"]).toMatch(new RegExp(`${before}.*${unit}`));
  await second.stop();
  await served(second.port);
  const done = await eventually(async () => {
    const answer = await operator.post(RELOAD);
    expect(answer.status).toBe(200);
    return answer;
  });
  expect(done.body).toMatchObject({ unit, previous: { unit: before } });
  expect(gateway.gateway.served.current.target).toBe(second.target);
  expect((await operator.get("/readyz")).body).toMatchObject({ status: "ready", policies: { unit, served: unit } });

  // And back: the first is the second one now.
  await writeVersion(policies, { least: "admin", sectors: 25 }, { least: "member", sectors: 5 });
  expect((await operator.post(RELOAD)).body).toMatchObject({ unit: before, previous: { unit } });
  expect(gateway.gateway.served.current.target).toBe(first.target);
});

test("what is served by its name only is no reason to say that it is so: a gateway that is not ready is healed", async () => {
  const [first, second] = [await served(), await served()];
  await writeVersion(policies, { least: "member", sectors: 4 });
  const [gateway, operator] = await start({ CERBOS_TARGET: first.target, CERBOS_STANDBY_TARGET: second.target });
  const { unit } = gateway.gateway.deps;
  expect((await operator.get("/readyz")).status).toBe(503);
  for (const query of ["", "?dryRun=true"]) {
    expect((await operator.post(RELOAD + query)).body.code).toBe("STANDBY_DIFFERS");
  }
  await second.stop();
  await served(second.port);
  expect((await operator.post(`${RELOAD}?dryRun=true`)).status).toBe(200);
  expect(gateway.gateway.served.current.target).toBe(first.target);
  expect((await operator.post(RELOAD)).status).toBe(200);
  expect((await operator.get("/readyz")).body).toMatchObject({ status: "ready", policies: { unit, served: unit } });
  expect(gateway.gateway.served.current.target).toBe(second.target);
  // By name nothing was deployed but at the start.
  const events = await gateway.sql("select target_id from audit_events where action = 'policies.deploy'");
  expect(events).toEqual([{ target_id: unit }]);
  await writeVersion(policies, { least: "admin", sectors: 25 }, { least: "member", sectors: 4 });
});

test("a start takes the one of the two that serves the folders", async () => {
  const first = await served();
  await writeVersion(policies, { least: "member", sectors: 4 });
  const second = await served();
  const [gateway, operator] = await start({ CERBOS_TARGET: first.target, CERBOS_STANDBY_TARGET: second.target });
  expect(gateway.gateway.served.current.target).toBe(second.target);
  expect((await operator.get("/readyz")).body).toMatchObject({ status: "ready" });
  await writeVersion(policies, { least: "admin", sectors: 25 }, { least: "member", sectors: 4 });
});

test("in development a changed folder is served by itself; a broken one is told, with file and line, and changes nothing", async () => {
  const told: string[] = [];
  const settings = { POLICIES_DIR: policies.directory, POLICIES_WATCH: "true", CERBOS_TARGET: "" };
  const gateway = await startTestGateway({ settings, logged: (line) => told.push(line) });
  gateways.push(gateway);
  const before = gateway.gateway.deps.unit;
  await policies.edit("plans.yaml", (text) => text.replace("sectors: 25, ", ""));
  const isTold = (line: string): boolean => /policies\.not_replaced.*plans\.yaml:\d+:\d+: .*sectors/.test(line);
  await eventually(() => expect(told.some(isTold)).toBe(true), 60_000);
  expect(gateway.gateway.deps.unit).toBe(before);
  await policies.edit("plans.yaml", (text) => text.replace("applications: 25, ", "applications: 25, sectors: 3, "));
  const unit = await policyUnit(policies.directory);
  await eventually(() => expect(gateway.gateway.deps.unit).toBe(unit), 60_000);
  expect(told.some((line) => line.includes("policies.served") && line.includes(unit))).toBe(true);
});
