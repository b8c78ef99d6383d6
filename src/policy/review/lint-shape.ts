import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { isPolicyKind } from "../../entities/policy-kinds.ts";
import { policyFilesIn } from "../policy-files.ts";
import { isFault, type Positioned, readPositioned } from "../positioned.ts";
import type { BEGIN } from "./finding.ts";
import { type Finding } from "./finding.ts";
import { SUBJECT_ROLES } from "./space.ts";

/** Members that a policy could have for Cerbos. */
const MEMBERS: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  scope: [
    "a scope cannot take away what the policy below it allows",
    "Take it out; an organization with other rules has another version of the matrix",
  ],
  scopePermissions: ["nothing here has a scope", "Take it out"],
  disabled: ["a policy that is disabled denies all, or lets what it guarded through", "Take it out"],
  constants: ["constants are not read where the condition is", "Write the number into the word"],
  import: ["what is imported is not read where the policy is", "Write it into variables.local"],
  parentRoles: ["roles are ranked in roles.yaml and nowhere else", "Ask for the rank in a condition"],
};

const NOBODY = `nobody has this role: name ${SUBJECT_ROLES.join(", ")}`;
const EVERYBODY = "* is every role, also those that are made later: name them";

const Policy = z.strictObject({
  apiVersion: z.literal("api.cerbos.dev/v1", "expected api.cerbos.dev/v1"),
  description: z.string("say in a description what a refusal of it is"),
  resourcePolicy: z.strictObject({
    resource: z.string(),
    version: z.string(),
    importDerivedRoles: z.tuple([z.literal("ranks")], 'expected ["ranks"], of roles.yaml').optional(),
    schemas: z.strictObject({
      principalSchema: z.strictObject({
        ref: z.literal("cerbos:///principal.json", "expected cerbos:///principal.json"),
      }),
      resourceSchema: z.strictObject({ ref: z.string() }),
    }),
    variables: z.strictObject({ local: z.record(z.string(), z.string()) }),
    rules: z.array(
      z.strictObject({
        ...{ name: z.unknown(), actions: z.unknown(), effect: z.unknown(), roles: z.unknown().optional() },
        ...{ derivedRoles: z.unknown().optional(), condition: z.unknown().optional() },
        output: z.strictObject({ when: z.strictObject({ conditionNotMet: z.string() }) }).optional(),
      }),
    ),
  }),
});
const Ranks = z.strictObject({
  apiVersion: z.literal("api.cerbos.dev/v1"),
  description: z.string(),
  derivedRoles: z.strictObject({
    name: z.literal("ranks"),
    definitions: z.array(
      z.strictObject({
        name: z.string(),
        parentRoles: z.array(z.enum(SUBJECT_ROLES, { error: ({ input }) => (input === "*" ? EVERYBODY : NOBODY) })),
        condition: z.unknown().optional(), // the ranks' own check tells it
      }),
    ),
  }),
});

const FORM = "Write it as the other files of the folder do; policies/README.md says why";

/** The form of the built-in policies' files: what Cerbos would take, and nobody who reads the policy would look for. */
export async function shapeFindings(policiesDir: string): Promise<Finding[]> {
  const cwd = path.join(policiesDir, "cerbos");
  const found: Finding[] = [];
  for (const name of (await policyFilesIn(policiesDir)).policies) {
    const file = path.join(cwd, name);
    const document = readPositioned(await readFile(file, "utf8"));
    if (!isFault(document)) found.push(...fileFindings(file, document));
  }
  return found;
}

function fileFindings(file: string, document: Positioned): Finding[] {
  const members = z.record(z.string(), z.unknown()).safeParse(document.value).data ?? {};
  if (members["derivedRoles"] !== undefined) return misfits(file, document, Ranks.safeParse(document.value).error);
  if (members["resourcePolicy"] === undefined) return []; // a stranger
  const read = Policy.safeParse(document.value);
  return read.success ? placeFindings(file, document, read.data) : misfits(file, document, read.error);
}

function misfits(file: string, document: Positioned, error: z.ZodError | undefined): Finding[] {
  return (error?.issues ?? []).map((issue): Finding => {
    const [stranger] = issue.code === "unrecognized_keys" ? issue.keys : [];
    const at = document.placeOf([...issue.path, ...(stranger === undefined ? [] : [stranger])]);
    const [problem, fix] = MEMBERS[stranger ?? ""] ?? [];
    if (problem !== undefined && fix !== undefined) return { file, ...at, problem, fix };
    const where = issue.path.map(String).join(".");
    return { file, ...at, problem: `${where === "" ? "" : `${where}: `}${issue.message}`, fix: FORM };
  });
}

/** Whoever looks for a kind's policy looks for the file of its name. */
function placeFindings(file: string, document: Positioned, { resourcePolicy }: z.infer<typeof Policy>): Finding[] {
  const { resource, version, schemas } = resourcePolicy;
  const kind = resource.replace(/_floor$/, "");
  const at = (...names: string[]): { file: string } & typeof BEGIN => {
    return { file, ...document.placeOf(["resourcePolicy", ...names]) };
  };
  const found: Finding[] = [];
  if (!isPolicyKind(kind)) {
    const fix = "Take the policy out; a kind of a host's stands in a folder of its own (HOST_POLICIES)";
    found.push({ ...at("resource"), problem: `nobody asks about a ${resource}: it is no built-in kind`, fix });
  }
  const name = version === "default" ? `${resource}.yaml` : `matrices/${version}/${resource}.yaml`;
  if (!file.endsWith(path.join("cerbos", name))) {
    const problem = `the file is not called as the policy is: ${resource}, version ${version}`;
    found.push({ ...at("resource"), problem, fix: `Call it cerbos/${name}` });
  }
  if (resource !== kind && version !== "default") {
    const fix = "Write version: default; what depends on the organization is the matrix's to say";
    found.push({ ...at("version"), problem: "a floor has one version, and this one would not be asked", fix });
  }
  if (isPolicyKind(kind) && schemas.resourceSchema.ref !== `cerbos:///${kind}.json`) {
    const problem = "matrix and floor of a kind have the same facts";
    found.push({ ...at("schemas", "resourceSchema", "ref"), problem, fix: `Write ref: cerbos:///${kind}.json` });
  }
  return found;
}
