import { type FolderCopy } from "./host-folder.ts";

/** Policies that differ in what Cerbos says and in what the gateway itself reads, so that a mixture would show. */
export interface PolicyVersion {
  /** What a reason says of who is not allowed to make sectors: one that Cerbos gives. */
  readonly least: "admin" | "member";
  /** What the plan allows: a fact that the gateway gives. */
  readonly sectors: number;
}

const SHIPPED: PolicyVersion = { least: "admin", sectors: 25 };

/** Writes one version over another, its tests with it. */
export async function writeVersion(folder: FolderCopy, next: PolicyVersion, before = SHIPPED): Promise<void> {
  if (next.least !== before.least) {
    const reason = (least: string): string => `V.isAdmin ? [] : [{"code": "ROLE_TOO_LOW", "least": "${least}"}]`;
    await folder.edit("cerbos/organization.yaml", (text) => text.replace(reason(before.least), reason(next.least)));
    const output = ({ least }: PolicyVersion): string => `[{ code: ROLE_TOO_LOW, least: ${least} }]`;
    await folder.edit("cerbos/organization_test.yaml", (text) => text.replaceAll(output(before), output(next)));
  }
  if (next.sectors === before.sectors) return;
  const plan = ({ sectors }: PolicyVersion): string => `free: { applications: 25, sectors: ${sectors},`;
  await folder.edit("plans.yaml", (text) => text.replace(plan(before), plan(next)));
}
