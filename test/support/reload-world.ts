import { policyUnit } from "../../src/policy/unit.ts";
import { type Answered, type Person, startTestGateway, type TestGateway, type TestGatewayOptions } from "./gateway.ts";
import { copyFolder, type FolderCopy, POLICIES, RECORDS } from "./host-folder.ts";
import { type PolicyVersion, writeVersion } from "./policy-versions.ts";
import { addMember, decide, foundOrganization, must } from "./world.ts";

export const RELOAD = "/v1/platform/policies/reload";
const OWNER = { type: "user", id: "owner" };

/** Versions that differ in what Cerbos says, in what the gateway itself reads, and in the relationship model. */
export interface Version extends PolicyVersion {
  /** Whether the model derives from owning a record that one sees it. */
  readonly ownersRead: boolean;
}
export const SHIPPED: Version = { least: "admin", sectors: 25, ownersRead: true };

/** A gateway with an embedded Cerbos, on copies of the policies and of a host's folder that can be changed. */
export interface ReloadWorld {
  readonly at: TestGateway;
  readonly policies: FolderCopy;
  readonly records: FolderCopy;
  readonly operator: Person;
  readonly reload: (query?: string) => Promise<Answered>;
  /** Writes one version over another, and gives the unit that the folders hold then. */
  readonly write: (next: Version, before: Version) => Promise<string>;
  readonly unitInFolders: () => Promise<string>;
  /** Of a built-in kind: the hash that the answer names, a reason that Cerbos gave, a fact that the gateway gave. */
  readonly askBuiltIn: () => Promise<PolicyVersion & { readonly unit: string }>;
  /** Of a host's kind: the hash that the answer names, and whether the graph derived a relation. */
  readonly askRecord: () => Promise<Pick<Version, "ownersRead"> & { readonly unit: string }>;
  readonly close: () => Promise<void>;
}

export async function startReloadWorld(
  given: Pick<TestGatewayOptions, "logged" | "settings"> = {},
): Promise<ReloadWorld> {
  const [policies, records] = [await copyFolder(POLICIES), await copyFolder(RECORDS)];
  const settings = { POLICIES_DIR: policies.directory, ...given.settings };
  const at = await startTestGateway({ ...given, hostPolicies: [records.directory], settings });
  const operator = await at.service("operator", { scopes: ["platform:admin"] });
  const [owner, viewer] = [await at.person("owner"), await at.person("viewer")];
  const slug = await foundOrganization(owner);
  await addMember(owner, slug, viewer, "viewer");
  const keeper = await at.service("keeper", { scopes: ["entities:write", "authz:evaluate"], organizations: [slug] });
  const record = { attributes: { status: "active" }, relations: { owner: [OWNER] } };
  must(await keeper.put(`/v1/organizations/${slug}/entities/user/${OWNER.id}`, { attributes: {} }), 201);
  must(await keeper.put(`/v1/organizations/${slug}/entities/record/r-1`, record), 201);
  const question = { subject: OWNER, action: { name: "read" }, resource: { type: "record", id: "r-1" } };
  const unitInFolders = async (): Promise<string> => await policyUnit(policies.directory, [records.directory]);
  return {
    ...{ at, policies, records, operator, unitInFolders },
    reload: async (query = "") => await operator.post(RELOAD + query),
    write: async (next, before) => {
      await writeVersion(policies, next, before);
      const viewers = ({ ownersRead }: Version): string =>
        `define viewer: ${ownersRead ? "reader or owner" : "reader"}\n`;
      if (next.ownersRead !== before.ownersRead) {
        await records.edit("openfga/records.fga", (text) => text.replace(viewers(before), viewers(next)));
      }
      return await unitInFolders();
    },
    askBuiltIn: async () => {
      const { context } = await decide(at, viewer, "create_sector", ["organization", slug]);
      const { unit, reasons, facts } = context as unknown as {
        readonly unit: string;
        readonly reasons: readonly { readonly least: PolicyVersion["least"] }[];
        readonly facts: { readonly resource: { readonly maxSectors: number } };
      };
      return { unit, least: reasons[0]?.least ?? "admin", sectors: facts.resource.maxSectors };
    },
    askRecord: async () => {
      const { body } = must(await keeper.post(`/o/${slug}/access/v1/evaluation`, question), 200);
      const { decision, context } = body as {
        readonly decision?: boolean;
        readonly context?: { readonly unit: string };
      };
      return { unit: context?.unit ?? "", ownersRead: decision === true };
    },
    close: async () => {
      await at.close();
      await policies.remove();
      await records.remove();
    },
  };
}
