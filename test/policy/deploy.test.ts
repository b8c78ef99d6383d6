/** A start on other policies is a deploy: the platform's log tells it (K8). */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Gateway, startGateway } from "../../src/assemble.ts";
import { createLog } from "../../src/http/log.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, POLICIES } from "../support/host-folder.ts";
import { writeVersion } from "../support/policy-versions.ts";
import { must } from "../support/world.ts";

let policies: FolderCopy;
let at: TestGateway;
beforeAll(async () => {
  policies = await copyFolder(POLICIES);
  at = await startTestGateway({ settings: { POLICIES_DIR: policies.directory } });
});
afterAll(async () => {
  await at.close();
  await policies.remove();
});

/** Another gateway on this ledger, or the same one after a restart. */
const start = async (): Promise<Gateway> =>
  await startGateway(at.config, { report: () => undefined, log: createLog("silent") });

async function deploys(): Promise<unknown[]> {
  const operator = await at.service("operator", { scopes: ["platform:admin"] });
  const { body } = must(await operator.get("/v1/platform/audit?action=policies.deploy"), 200);
  return (body.items as unknown[]).toReversed();
}

const told = (of: Gateway): object => {
  const { unit, commit, model } = of.deps;
  return { unit, commit, model };
};

test("The first start of all is told, with nothing before it; one on the same policies is none", async () => {
  const first = {
    actor: { kind: "system", id: "system", alias: null },
    ...{ action: "policies.deploy", target: { kind: "policies", id: at.gateway.deps.unit, alias: null } },
    ...{ before: null, after: told(at.gateway), unit: at.gateway.deps.unit, rule: null, matrix: null, requestId: null },
  };
  expect(await deploys()).toMatchObject([first]);
  await (await start()).close();
  expect(await deploys()).toHaveLength(1);
});

test("A start on other policies is told with both units; of several at once one tells it", async () => {
  const before = told(at.gateway);
  await writeVersion(policies, { least: "admin", sectors: 26 });
  const gateways = await Promise.all([start(), start(), start()]);
  const [restarted] = gateways;
  expect((await deploys()).slice(1)).toMatchObject([{ before, after: told(restarted), actor: { kind: "system" } }]);
  for (const gateway of gateways) await gateway.close();
});
