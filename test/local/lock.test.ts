import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tryLock } from "../../src/local/lock.ts";
import { markOf, thisProcess, type ProcessMark } from "../../src/local/process-mark.ts";
import { newStateDir, removeStateDir } from "../support/engine-processes.ts";

let stateDir: string;
let path: string;

beforeEach(() => {
  stateDir = newStateDir();
  path = join(stateDir, "lock");
});
afterEach(() => removeStateDir(stateDir));

function writeLock(holder: ProcessMark): void {
  writeFileSync(path, JSON.stringify({ holder, gateway: holder, nonce: "0" }));
}

test("one at a time; released, it is free", () => {
  const first = tryLock(path, thisProcess());
  expect(tryLock(path, thisProcess())).toMatchObject({ taken: false, by: { holder: { pid: process.pid } } });
  if (first.taken) first.release();
  const second = tryLock(path, thisProcess());
  expect(second.taken).toBe(true);
  // Released twice: what is there now is somebody else's.
  if (first.taken) first.release();
  expect(tryLock(path, thisProcess()).taken).toBe(false);
});

test("a holder that runs keeps it; once it has ended, the lock is stale", async () => {
  const holder = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(holder, "spawn");
  const mark = markOf(Number(holder.pid));
  expect(mark).toBeDefined();
  if (mark === undefined) return;
  writeLock(mark);
  expect(tryLock(path, thisProcess())).toMatchObject({ taken: false, by: { holder: mark } });
  const exit = once(holder, "exit");
  holder.kill("SIGKILL");
  await exit;
  expect(tryLock(path, thisProcess()).taken).toBe(true);
  expect(readdirSync(stateDir).sort()).toEqual(["lock", "policies"]);
});

test("a pid that has been given to another process since is no holder", () => {
  writeLock({ ...thisProcess(), started: "long ago" });
  expect(tryLock(path, thisProcess()).taken).toBe(true);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ holder: thisProcess() });
});

test("a file that is no lock is swept aside", () => {
  writeFileSync(path, "");
  expect(tryLock(path, thisProcess()).taken).toBe(true);
});
