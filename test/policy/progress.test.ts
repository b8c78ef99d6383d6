import { expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { progressFrom } from "../../src/policy/progress.ts";
import { eventually } from "../support/eventually.ts";

test("The last words are said again while nothing is told, then the next ones, and nothing after the end", async () => {
  const lines: string[] = [];
  const progress = progressFrom("reading", (line) => lines.push(line), 5);
  await eventually(() => expect(lines.length).toBeGreaterThan(2));
  expect(lines.every((line) => /^\d+ s: reading$/.test(line))).toBe(true);
  progress.told("sector (1 of 7)");
  await eventually(() => expect(lines.at(-1)).toMatch(/^\d+ s: sector \(1 of 7\)$/));
  progress[Symbol.dispose]();
  const { length } = lines;
  const others: string[] = [];
  using other = progressFrom("another", (line) => others.push(line), 5);
  other.told("yet another");
  await eventually(() => expect(others.length).toBeGreaterThan(2));
  expect(lines).toHaveLength(length);
});

test("A verb that takes its time says so on its standard error, and nothing of it on its output", async () => {
  const run = promisify(execFile);
  const { stdout, stderr } = await run(process.execPath, ["src/policy/main.ts", "table", "--stdout"]);
  expect(stderr).toMatch(/^(\d+ s: .+\n)+$/);
  expect(stdout).not.toMatch(/^\d+ s: /m);
});
