import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { programEnvironment } from "../config.ts";
import { findOpenfga } from "./openfga-binary.ts";
import { startOpenfga } from "./openfga.ts";

/** An OpenFGA to try models on. It keeps everything in memory. */
export interface ThrowawayOpenfga extends AsyncDisposable {
  readonly apiUrl: string;
  readonly presharedKey: string;
}

/** @param report told where it has to be built first. Throws LocalEngineError where this machine has none. */
export async function startThrowawayOpenfga(report: (line: string) => void): Promise<ThrowawayOpenfga> {
  const environment = programEnvironment();
  const program = await findOpenfga({ environment, report });
  const stateDir = await mkdtemp(path.join(tmpdir(), "bailiwick-openfga-"));
  const remove = async (): Promise<void> => await rm(stateDir, { recursive: true, force: true });
  const presharedKey = randomBytes(24).toString("hex");
  try {
    const engine = await startOpenfga({ stateDir, environment, program, databaseUrl: null, presharedKey });
    const dispose = async (): Promise<void> => {
      await engine.stop();
      await remove();
    };
    return { apiUrl: engine.apiUrl, presharedKey, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await remove();
    throw error;
  }
}
