import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startGateway } from "./processes.ts";
import type { Results } from "./results.ts";

/** What `npm start` runs, without npm, which hands no SIGTERM on, until it is ready: with nothing there but OpenFGA's binary, then on the state that the first one has left. */
export async function measureStarts(rounds: number): Promise<NonNullable<Results["start"]>> {
  const coldMs: number[] = [];
  const warmMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-bench-start-"));
    try {
      coldMs.push(await startOnce(stateDir));
      warmMs.push(await startOnce(stateDir));
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  }
  return { coldMs, warmMs };
}

async function startOnce(stateDir: string): Promise<number> {
  const gateway = await startGateway([process.execPath, "src/main.ts"], { STATE_DIR: stateDir });
  await gateway.stop();
  return gateway.readyMs;
}
