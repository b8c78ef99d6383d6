import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, replaceFile } from "./files.ts";
import { endpoints } from "./protocol.ts";

/** Where the embedded engines of a state directory are, while they run. */
const localEndpoints = endpoints.extend({ masterSecret: z.string() });
export type LocalEndpoints = z.infer<typeof localEndpoints>;

const fileIn = (stateDir: string): string => join(stateDir, "endpoints.json");

/** Leaves a note for other programs of ours on this machine, e.g. `npm run reconcile`. It holds passwords: for its owner only. */
export function noteEndpoints(stateDir: string, running: LocalEndpoints): void {
  const { databaseUrl, openfga, cerbosTarget, masterSecret } = running;
  replaceFile(fileIn(stateDir), JSON.stringify({ databaseUrl, openfga, cerbosTarget, masterSecret }), 0o600);
}

export function forgetEndpoints(stateDir: string): void {
  rmSync(fileIn(stateDir), { force: true });
}

/** Undefined when no gateway has left a note. One that was killed leaves a note of engines that do not answer any more. */
export function readEndpoints(stateDir: string): LocalEndpoints | undefined {
  const text = readIfThere(fileIn(stateDir));
  return text === undefined ? undefined : localEndpoints.parse(JSON.parse(text));
}
