/** The README's tour, word for word: its commands are run, and print what stands below them. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { blocksIn, ROOT, runBlocks, settled } from "../support/shell-blocks.ts";

const README = readFileSync(path.join(ROOT, "README.md"), "utf8");
const TOUR = README.slice(README.indexOf("## The tour"), README.indexOf("## What there is"));

let gateway: TestGateway;
let directory: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  directory = mkdtempSync(path.join(tmpdir(), "bailiwick-readme-"));
});
afterAll(async () => {
  await gateway.close();
  rmSync(directory, { recursive: true });
});

test("the commands of the tour print what the README says", async () => {
  const blocks = blocksIn(TOUR);
  expect(blocks.length).toBeGreaterThan(5);
  const printed = await runBlocks(blocks, { url: gateway.url, stateDir: gateway.config.stateDir, cwd: directory });
  expect(printed.map(settled)).toEqual(blocks.map((block) => settled(block.printed)));
});
