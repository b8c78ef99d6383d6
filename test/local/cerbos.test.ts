import { expect, test } from "@jest/globals";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startCerbos } from "../../src/local/cerbos.ts";
import { alive, allGone, fallsSilent, newStateDir, removeStateDir } from "../support/engine-processes.ts";

test("it can be frozen, killed, and started again on the same port", async () => {
  const stateDir = newStateDir();
  const policyDir = join(stateDir, "a folder, with a comma");
  mkdirSync(policyDir);
  const options = { stateDir, policyDir, environment: process.env };
  try {
    const first = await startCerbos(options);
    const healthy = async (): Promise<boolean> =>
      (await fetch(`${first.httpUrl}/_cerbos/health`, { signal: AbortSignal.timeout(500) })).ok;
    expect(await healthy()).toBe(true);
    process.kill(first.pid, "SIGSTOP");
    expect(await fallsSilent(healthy)).toBe(true);
    process.kill(first.pid, "SIGKILL");
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });

    const second = await startCerbos({ ...options, port: first.port });
    expect(second.target).toBe(first.target);
    expect(alive([first.pid, second.pid])).toEqual([second.pid]);
    await second.stop();
    expect(await allGone([second.pid], stateDir)).toBe(true);
  } finally {
    removeStateDir(stateDir);
  }
});
