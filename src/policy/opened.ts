import { type Config, ConfigError } from "../config.ts";
import { HostFolderError } from "./host-folder.ts";
import { atItsPlaces, type Policies, readPolicies } from "./policies.ts";
import { openPolicySet, type PolicySet } from "./policy-set.ts";
import { AuthorError } from "./review/author-error.ts";
import { FoldersError, settled, type Snapshot, snapshotsOf, takeSnapshot } from "./snapshot.ts";

/** By what a start decides. */
export interface Opened {
  readonly policies: Policies;
  /** What the embedded Cerbos is to serve; null: it is one's own. */
  readonly set: PolicySet | null;
}

/**
 * The folders as they are at one moment, whoever writes into them: what is read is also what the embedded Cerbos gets. Throws ConfigError when a
 * folder is not there or changes without end, and whatever is wrong in the built-in policies.
 */
export async function openPolicies(config: Config): Promise<Opened> {
  const { policiesDir, hostPolicies, stateDir } = config;
  try {
    if (config.cerbos !== null) {
      // Nothing is copied: where all engines are one's own there may be no place to write to.
      const read = async (): Promise<Policies> => await readPolicies(policiesDir, hostPolicies);
      return { policies: await settled(policiesDir, hostPolicies, read), set: null };
    }
    await using snapshot = await takeSnapshot(policiesDir, hostPolicies, snapshotsOf(stateDir));
    const policies = await readSnapshot(snapshot);
    const { files, unit } = policies;
    return { policies, set: await openPolicySet(stateDir, { policiesDir: snapshot.policiesDir, files, unit }) };
  } catch (error) {
    if (error instanceof AuthorError) throw new ConfigError([`POLICIES_DIR: ${error.message}`]);
    if (error instanceof HostFolderError) throw new ConfigError([`HOST_POLICIES: ${error.message}`]);
    if (error instanceof FoldersError) throw new ConfigError([`POLICIES_DIR, HOST_POLICIES: ${error.message}`]);
    throw error;
  }
}

/** Whoever mends what is wrong looks for it in the folders, not in a copy that is gone. */
async function readSnapshot(snapshot: Snapshot): Promise<Policies> {
  try {
    return await atItsPlaces(await readPolicies(snapshot.policiesDir, snapshot.hostFolders), snapshot);
  } catch (error) {
    if (error instanceof Error) {
      error.message = snapshot.placed(error.message);
      error.stack = snapshot.placed(error.stack ?? "");
    }
    throw error;
  }
}
