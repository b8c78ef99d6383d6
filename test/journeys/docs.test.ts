/** The commands at the beginning of the page at /docs, pasted by somebody who has nothing else. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { runBlocks } from "../support/shell-blocks.ts";

let gateway: TestGateway;
let directory: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  directory = mkdtempSync(path.join(tmpdir(), "bailiwick-docs-"));
});
afterAll(async () => {
  await gateway.close();
  rmSync(directory, { recursive: true });
});

/** The first block of the page, as a browser would hand it over. */
async function pasted(): Promise<string> {
  const page = await (await fetch(`${gateway.url}/docs`)).text();
  const block = /<pre>(.*?)<\/pre>/s.exec(page)?.[1] ?? "";
  return block.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

test("the commands of the page found, invite, ask and retire, and each does what the page says", async () => {
  const commands = await pasted();
  const place = { url: gateway.url, stateDir: gateway.config.stateDir, cwd: directory };
  const [stdout = ""] = await runBlocks([{ commands }], place);
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => line.slice(-6)).join("")).toBe(
    " [200] [201] [201] [201] [201] [200] [200] [200] [200] [200] [200] [200] [200]",
  );
  const [rotate, retire, preflight, application, sector, organization] = lines
    .slice(-6)
    .map((line) => JSON.parse(line.slice(0, -6)) as Readonly<Record<string, unknown>>);
  expect([rotate?.["decision"], retire?.["decision"]]).toEqual([true, false]);
  expect(preflight).toMatchObject({ allowed: false, plan: expect.arrayContaining([expect.any(Object)]) });
  const paths = (preflight?.["plan"] as { path: string }[]).map((step) => step.path);
  expect(paths).toEqual([
    `/v1/organizations/acme/applications/${String(application?.["anchor"])}/retire`,
    `/v1/organizations/acme/sectors/${String(sector?.["id"])}/retire`,
    "/v1/organizations/acme/retire",
  ]);
  expect(organization?.["state"]).toBe("retired");
});
