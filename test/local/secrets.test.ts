import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { secretsOf } from "../../src/local/secrets.ts";
import { newStateDir, removeStateDir } from "../support/engine-processes.ts";

let stateDir: string;
beforeEach(() => {
  stateDir = newStateDir();
});
afterEach(() => removeStateDir(stateDir));

test("secrets are made once, differ from each other and from another directory's, and only their owner may read them", () => {
  const first = secretsOf(stateDir);
  expect(secretsOf(stateDir)).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(3);
  expect(Buffer.from(first.masterSecret, "base64url")).toHaveLength(32);
  expect(statSync(join(stateDir, "secrets.json")).mode & 0o777).toBe(0o600);
  const other = newStateDir();
  expect(secretsOf(other).masterSecret).not.toBe(first.masterSecret);
  removeStateDir(other);
});

test("a file that is not ours is refused, not replaced", () => {
  const good = secretsOf(stateDir);
  for (const content of ["", "{}", "{not json", JSON.stringify({ ...good, masterSecret: "short" })]) {
    writeFileSync(join(stateDir, "secrets.json"), content);
    expect(() => secretsOf(stateDir)).toThrow(expect.objectContaining({ code: "SECRETS_UNUSABLE" }));
  }
});

test("a restore that was interrupted is not taken for a new directory; one that had not touched anything stops nobody", () => {
  mkdirSync(join(stateDir, "restoring"));
  expect(() => secretsOf(stateDir)).toThrow(/a restore into .* was interrupted. Run npm run restore again/);
  rmSync(join(stateDir, "restoring"), { recursive: true });
  const good = secretsOf(stateDir);
  mkdirSync(join(stateDir, "restoring"));
  expect(secretsOf(stateDir)).toEqual(good);
});

test("secrets that are lost beside data that needs them are not made anew", () => {
  secretsOf(stateDir);
  mkdirSync(join(stateDir, "postgres"));
  expect(secretsOf(stateDir).masterSecret).toHaveLength(43);
  rmSync(join(stateDir, "secrets.json"));
  expect(() => secretsOf(stateDir)).toThrow(expect.objectContaining({ code: "SECRETS_UNUSABLE" }));
});
