import { type Graph, openGraph, prepareStore } from "../../engines/openfga.ts";
import type { Model } from "../../engines/openfga-model.ts";
import { startThrowawayOpenfga } from "../../local/openfga-throwaway.ts";

/** An OpenFGA that forgets everything when it ends, with a store for each model. */
export interface TrialGraphs extends AsyncDisposable {
  /** An empty store with this model. Throws what OpenFGA has against the model. */
  readonly storeFor: (name: string, model: Model) => Promise<Graph>;
}

const TIMEOUT_MS = 10_000;

/** @param onProgress told when OpenFGA has to be built first, which takes minutes */
export async function startTrialGraphs(onProgress: (words: string) => void): Promise<TrialGraphs> {
  const openfga = await startThrowawayOpenfga(onProgress);
  const graphs: Graph[] = [];
  const storeFor: TrialGraphs["storeFor"] = async (storeName, model) => {
    const { apiUrl, presharedKey } = openfga;
    const which = { storeId: null, storeName, modelId: null, model, timeoutMs: TIMEOUT_MS };
    const store = await prepareStore({ apiUrl, presharedKey, ...which });
    const graph = openGraph({ apiUrl, presharedKey, ...store, connections: 4 });
    graphs.push(graph);
    return graph;
  };
  const dispose = async (): Promise<void> => {
    for (const graph of graphs) await graph.close();
    await openfga[Symbol.asyncDispose]();
  };
  return { storeFor, [Symbol.asyncDispose]: dispose };
}
