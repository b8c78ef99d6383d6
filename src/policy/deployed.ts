import type { HostKinds } from "../entities/host-kinds.ts";
import { servingFindings } from "./check.ts";
import { commitOf } from "./commit.ts";
import { type Policies, readPolicies } from "./policies.ts";
import type { Finding } from "./review/finding.ts";
import type { Snapshot } from "./snapshot.ts";
import { policyUnit } from "./unit.ts";

/**
 * What a snapshot holds, to be served in the place of `current`. Throws what is wrong, with file and line. A kind of a host's that is broken is refused as at
 * the start, but never one that was not refused until now: what works goes on working.
 */
export async function readChecked(snapshot: Snapshot, current: Pick<Policies, "kinds">): Promise<Policies> {
  const { policiesDir, hostFolders } = snapshot;
  const found = await servingFindings(policiesDir);
  if (found.length > 0) throw new Error(found.map(inWords).join("\n"));
  const read = await readPolicies(policiesDir, hostFolders);
  const { served, refused } = read.kinds;
  const lost = [...refused].filter(([type]) => !current.kinds.refused.has(type));
  if (lost.length > 0) throw new Error(lost.map(([, why]) => why).join("\n"));
  const placed = new Map([...refused].map(([type, why]) => [type, snapshot.placed(why)]));
  const kinds: HostKinds = { served, refused: placed };
  return { ...read, kinds, problems: read.problems.map(snapshot.placed), commit: await commitFor(snapshot) };
}

function inWords({ file, line, column, problem, fix }: Finding): string {
  return `${file}:${line}:${column}: ${problem}. ${fix}`;
}

/** The folders may have moved on since they were copied: then nobody knows which commit that was. */
async function commitFor({ folders, unit }: Snapshot): Promise<string | null> {
  const [first = "", ...hosts] = folders;
  const commit = await commitOf(folders);
  return (await policyUnit(first, hosts)) === unit ? commit : null;
}
