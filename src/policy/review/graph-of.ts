import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { wholeEnvironment } from "../../config.ts";
import { type Graph, openGraph, prepareStore } from "../../engines/openfga.ts";
import type { Model } from "../../engines/openfga-model.ts";
import { findOpenfga } from "../../local/openfga-binary.ts";
import { startOpenfga } from "../../local/openfga.ts";

/** An OpenFGA that forgets everything when it ends, with a store for each model. */
export interface TrialGraphs extends AsyncDisposable {
  /** An empty store with this model. Throws what OpenFGA has against the model. */
  readonly storeFor: (name: string, model: Model) => Promise<Graph>;
}

const TIMEOUT_MS = 10_000;

/** @param onProgress told when OpenFGA has to be built first, which takes minutes */
export async function startTrialGraphs(onProgress: (words: string) => void): Promise<TrialGraphs> {
  const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-graph-"));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    const program = await findOpenfga({ environment: wholeEnvironment, report: onProgress });
    const presharedKey = "for as long as it runs";
    const engine = await startOpenfga({
      program,
      stateDir: folder,
      databaseUrl: null,
      presharedKey,
      environment: wholeEnvironment,
    });
    const graphs: Graph[] = [];
    const storeFor: TrialGraphs["storeFor"] = async (name, model) => {
      const { apiUrl } = engine;
      const which = { storeId: null, storeName: name, modelId: null, model, timeoutMs: TIMEOUT_MS };
      const store = await prepareStore({ apiUrl, presharedKey, ...which });
      const graph = openGraph({ apiUrl, presharedKey, ...store, connections: 4 });
      graphs.push(graph);
      return graph;
    };
    const dispose = async (): Promise<void> => {
      for (const graph of graphs) await graph.close();
      await engine.stop();
      await remove();
    };
    return { storeFor, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await remove();
    throw error;
  }
}
