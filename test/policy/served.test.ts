import { afterAll, beforeAll, expect, test } from "@jest/globals";
import path from "node:path";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization } from "../support/world.ts";

const EXAMPLE = path.resolve(import.meta.dirname, "../../examples/authzen-certification/policies");

let at: TestGateway;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [EXAMPLE] });
});
afterAll(async () => await at.close());

test("a host's folder is served beside the built-in kinds, which decide as before", async () => {
  const ready = await at.shop.get("/readyz");
  expect(ready.body).toMatchObject({ status: "ready", kinds: { served: ["record", "user"], refused: [] } });
  const owner = await at.person("owner");
  const slug = await foundOrganization(owner);
  expect((await owner.get(`/v1/organizations/${slug}`)).status).toBe(200);
});
