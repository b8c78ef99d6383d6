import { servingFindings } from "./check.ts";
import { atItsPlaces, type Policies, readPolicies } from "./policies.ts";
import type { Finding } from "./review/finding.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * What a snapshot holds, to be served in the place of `current`. Throws what is wrong, with file and line. A kind of a host's that is broken is refused as at
 * the start, but never one that was not refused until now: what works goes on working.
 */
export async function readChecked(snapshot: Snapshot, current: Pick<Policies, "kinds">): Promise<Policies> {
  const { policiesDir, hostFolders } = snapshot;
  const found = await servingFindings(policiesDir);
  if (found.length > 0) throw new Error(found.map(inWords).join("\n"));
  const read = await readPolicies(policiesDir, hostFolders);
  const lost = [...read.kinds.refused].filter(([type]) => !current.kinds.refused.has(type));
  if (lost.length > 0) throw new Error(lost.map(([, why]) => why).join("\n"));
  return await atItsPlaces(read, snapshot);
}

function inWords({ file, line, column, problem, fix }: Finding): string {
  return `${file}:${line}:${column}: ${problem}. ${fix}`;
}
