/** A gateway whose model somebody else writes (OPENFGA_MODEL_ID): it takes the one that its policies mean, and no other. */
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import path from "node:path";
import { startGateway } from "../../src/assemble.ts";
import { ConfigError } from "../../src/config.ts";
import { createLog } from "../../src/http/log.ts";
import { buildModel, prepareStore, readModules } from "../../src/engines/openfga.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, POLICIES, RECORDS } from "../support/host-folder.ts";
import { storeOptions } from "../support/relay-world.ts";

jest.setTimeout(120_000); // a reload takes seconds of processor time

let records: FolderCopy;
let at: TestGateway;
let operator: Person;
let chosen: { readonly storeId: string; readonly modelId: string };
beforeAll(async () => {
  records = await copyFolder(RECORDS);
  const folders = [POLICIES, records.directory].map((folder) => path.join(folder, "openfga"));
  const model = buildModel(await readModules(folders));
  chosen = await prepareStore(await storeOptions({ model }));
  const settings = { OPENFGA_STORE_ID: chosen.storeId, OPENFGA_MODEL_ID: chosen.modelId };
  at = await startTestGateway({ hostPolicies: [records.directory], settings });
  operator = await at.service("operator", { scopes: ["platform:admin"] });
});
afterAll(async () => {
  await at.close();
  await records.remove();
});

test("The model that it names is taken, where it is that of the folders", async () => {
  expect((await operator.get("/readyz")).body).toMatchObject({
    status: "ready",
    policies: { model: chosen.modelId },
  });
});

test("Another one is refused at the start, which says in what it differs and what to do", async () => {
  const model = buildModel(await readModules([path.join(POLICIES, "openfga")]));
  const { modelId } = await prepareStore(await storeOptions({ storeId: chosen.storeId, model }));
  const { openfga } = at.config;
  if (openfga === null) throw new Error("the test's OpenFGA is not the embedded one");
  const starting = startGateway(
    { ...at.config, openfga: { ...openfga, modelId } },
    { report: () => undefined, log: createLog("silent") },
  );
  const error: unknown = await starting.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toMatch(
    /OPENFGA_MODEL_ID: it is not the model of the policies: .*type record is missing.*\. Write .*HOST_POLICIES/,
  );
});

const auditor = "define reader: [user]\n    define auditor: [user]";

test("A reload that changes the model is refused, and what was served goes on", async () => {
  const before = at.gateway.deps.unit;
  await records.edit("openfga/records.fga", (text) => text.replace("define reader: [user]", auditor));
  const { status, body } = await operator.post("/v1/platform/policies/reload");
  expect([status, body.code, body["detail"]]).toEqual([
    409,
    "POLICIES_REFUSED",
    expect.stringMatching(/OPENFGA_MODEL_ID.*type record is another one.*restart/),
  ]);
  expect(at.gateway.deps).toMatchObject({ unit: before, model: chosen.modelId });
  await records.edit("openfga/records.fga", (text) => text.replace(auditor, "define reader: [user]"));
});

test("A reload that does not change it goes through", async () => {
  const before = at.gateway.deps.unit;
  await records.edit("openfga/records.fga", (text) =>
    text.replace("define reader: [user]", "define reader: [user] # people"),
  );
  expect((await operator.post("/v1/platform/policies/reload")).status).toBe(200);
  expect(at.gateway.deps.unit).not.toBe(before);
  expect(at.gateway.deps.model).toBe(chosen.modelId);
});
