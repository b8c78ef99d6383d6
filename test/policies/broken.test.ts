import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const ROOT = path.join(import.meta.dirname, "../..");

/** One word of the policies names a word that there is none of: it is CEL, and Cerbos does not compile it. */
let broken: string;
beforeAll(async () => {
  broken = await mkdtemp(path.join(tmpdir(), "bailiwick-broken-"));
  await cp(path.join(ROOT, "policies"), broken, { recursive: true });
  const file = path.join(broken, "cerbos/sector.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace(/isOwner: .*/, "isOwner: V.nobody"));
});
afterAll(async () => await rm(broken, { recursive: true }));

test("check tells a stale table by file and line, writes nothing, and ends with exit status 2", async () => {
  const stale = await mkdtemp(path.join(tmpdir(), "bailiwick-stale-"));
  await cp(path.join(ROOT, "policies"), stale, { recursive: true });
  const file = path.join(stale, "decisions.md");
  const text = (await readFile(file, "utf8")).replace("| `rename` | when |", "| `rename` | yes |");
  await writeFile(file, text);
  const line = 1 + text.split("\n").findIndex((each) => each.includes("| `rename` | yes |"));
  const ended = promisify(execFile)(process.execPath, ["src/policy/main.ts", "--policies", stale], { cwd: ROOT });
  const stdout: unknown = expect.stringMatching(
    new RegExp(`^\\S*decisions\\.md:${line}:1: the table is not what the policies decide now\\. Run`, "m"),
  );
  await expect(ended).rejects.toMatchObject({ code: 2, stdout });
  expect(await readFile(file, "utf8")).toBe(text);
  await rm(stale, { recursive: true });
});

// That the command ends at all says that no Cerbos was left behind: the base's had started well.
test.each([
  ["explain", ["sector", "retire", "--policies"]],
  ["table", ["--policies"]],
  ["diff", ["policies"]],
])("%s tells what Cerbos does not compile by file and line, and writes nothing", async (verb, args) => {
  const table = await readFile(path.join(broken, "decisions.md"), "utf8");
  const ended = promisify(execFile)(process.execPath, ["src/policy/main.ts", verb, ...args, broken], {
    cwd: ROOT,
    timeout: 60_000,
  });
  const stderr: unknown = expect.stringMatching(/cerbos\/sector\.yaml:\d+:\d+: .*nobody/);
  await expect(ended).rejects.toMatchObject({ code: 2, stdout: "", stderr });
  expect(await readFile(path.join(broken, "decisions.md"), "utf8")).toBe(table);
});
