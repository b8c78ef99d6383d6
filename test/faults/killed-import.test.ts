/** A gateway is killed while an import runs: what it has stored is whole, and the same lines again complete it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { documentLine, sendLines } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayHome, makeGatewayHome } from "../support/gateway-process.ts";
import { expectGraphHoldsLedger } from "../support/graph.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { testEngines } from "../support/test-engines.ts";
import { foundOrganization, must } from "../support/world.ts";

const LONG_MS = 120_000;
const LINES = process.env["BAILIWICK_FULL"] === "1" ? 1_500 : 750;

let home: GatewayHome;
beforeAll(async () => {
  const cerbos = testEngines().hostCerbos[DOCUMENTS] ?? "";
  home = await makeGatewayHome({ HOST_POLICIES: DOCUMENTS, CERBOS_TARGET: cerbos });
});
afterAll(async () => {
  await home.close();
});

test("a gateway that is killed within an import, again and again, leaves nothing half done", async () => {
  let running = await home.start();
  const owner = await home.person(running, "owner");
  const slug = await foundOrganization(owner);
  const keeper = await home.service("keeper", ["entities:write", "authz:evaluate"], [slug]);
  const lines = Array.from({ length: LINES }, (_, index) => documentLine(`d-${index}`, "owner"));
  const count = async (): Promise<number> => (await home.sql("select from entities where is_stored")).length;
  for (const until of [1, LINES / 3]) {
    const importing = sendLines(`${running.url}/v1/organizations/${slug}/entities`, keeper, lines);
    const broken = expect(importing).rejects.toThrow(); // its answer breaks off
    await eventually(async () => expect(await count()).toBeGreaterThanOrEqual(until), LONG_MS);
    await running.kill();
    await broken;
    expect(await count()).toBeLessThan(LINES);
    const torn =
      "select from entities e where is_stored and not exists (select from entity_relations r where r.object = e.surrogate)";
    expect(await home.sql(torn)).toEqual([]);
    running = await home.start();
  }
  const before = await count();
  const told = await sendLines(`${running.url}/v1/organizations/${slug}/entities`, keeper, lines);
  expect(told.at(-1)).toEqual({ done: { lines: LINES, stored: LINES - before, unchanged: before, refused: 0 } });
  await eventually(async () => await expectGraphHoldsLedger(home));
  const question = {
    subject: { type: "account", id: "owner" },
    action: { name: "view" },
    resource: { type: "document", id: "d-0" },
  };
  const answer = await keeper.at(running.url).post(`/o/${slug}/access/v1/evaluation`, question);
  expect(must(answer, 200).body["decision"]).toBe(true);
  await running.kill();
});
