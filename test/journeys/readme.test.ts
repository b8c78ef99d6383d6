/** The README's tour, word for word: its commands are run, and print what stands below them. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const README = readFileSync(path.join(ROOT, "README.md"), "utf8");
const TOUR = README.slice(README.indexOf("## The tour"), README.indexOf("## What there is"));
const END = "-- end of block --";

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

/** Ids, times and the policy unit are others each time. */
function settled(text: string): string {
  return text
    .replaceAll(/\b(app|sec|inv)-[0-9a-z]{20}\b/g, "$1-…")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "…")
    .replaceAll(/"unit":"[0-9a-f]{16}"/g, '"unit":"…"')
    .trim();
}

test("the commands of the tour print what the README says", async () => {
  const blocks = [...TOUR.matchAll(/```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)];
  expect(blocks.length).toBeGreaterThan(5);
  const script = blocks.map((block) => `${block[1] ?? ""}echo '${END}'`).join("\n");
  const here = script
    .replaceAll("http://127.0.0.1:8080", gateway.url)
    .replaceAll("npm run -s token --", `'${process.execPath}' '${path.join(ROOT, "src/local/token.ts")}'`);
  const environment = { PATH: process.env["PATH"], STATE_DIR: gateway.config.stateDir };
  const { stdout } = await promisify(execFile)("bash", ["-e", "-c", here], { cwd: directory, env: environment });
  const printed = stdout.split(`${END}\n`).slice(0, -1);
  expect(printed.map(settled)).toEqual(blocks.map((block) => settled(block[2] ?? "")));
});
