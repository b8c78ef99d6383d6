import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { FactDomain, FactDomains } from "../entities/fact-domains.ts";
import { policyFilesIn } from "./policy-files.ts";

interface Declared {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly readOnly?: boolean | undefined;
  readonly properties?: Readonly<Record<string, Declared>> | undefined;
}

const Schema: z.ZodType<Declared> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  readOnly: z.boolean().optional(),
  properties: z
    .record(
      z.string(),
      z.lazy(() => Schema),
    )
    .optional(),
});
const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
type Simple = z.infer<typeof Value>;

const ORGANIZATION_STATES = ["active", "retired", "archived"];

/** `R.attr.sent.action.soft`: nothing that has a place of its own lies deeper. */
const DEEPEST = 3;

/**
 * From `cerbos/_schemas/<kind>.json`. A schema that says more than is understood here is understood in part.
 * @param hostFiles policies and schemas of the host's kinds that are served
 */
export async function readFactDomains(policiesDir: string, hostFiles: readonly string[] = []): Promise<FactDomains> {
  const found = new Map<string, readonly FactDomain[]>();
  const files = hostFiles.filter((file) => file.endsWith(".json"));
  for (const name of (await policyFilesIn(policiesDir)).schemas) files.push(path.join(policiesDir, "cerbos", name));
  for (const file of files) {
    const schema: unknown = JSON.parse(await readFile(file, "utf8"));
    found.set(path.basename(file, ".json"), factDomainsOf(schema));
  }
  return found;
}

/** What the facts of a kind can be, by its JSON schema. */
export function factDomainsOf(schema: unknown): FactDomain[] {
  const document = Schema.safeParse(schema);
  return document.success ? within(document.data, []) : [];
}

function within({ properties = {} }: Declared, at: readonly string[]): FactDomain[] {
  if (at.length >= DEEPEST) return [];
  return Object.entries(properties).flatMap(([name, declared]) => {
    const place: FactDomain["path"] = [at[0] ?? name, ...(at.length === 0 ? [] : [...at.slice(1), name])];
    if (declared.type === "object") return within(declared, place);
    const isOrganizations = at.length === 0 && name === "organizationState"; // a host's schema need not list its values
    const values = isOrganizations ? { each: ORGANIZATION_STATES } : valuesOf(declared);
    return values === undefined ? [] : [{ path: place, values, isFixed: declared.readOnly === true }];
  });
}

function valuesOf({ type, enum: listed, minimum, maximum }: Declared): FactDomain["values"] | undefined {
  if (listed !== undefined) return { each: listed.filter((value) => Value.safeParse(value).success) as Simple[] };
  if (type === "boolean") return { each: [false, true] };
  if (type !== "integer") return undefined;
  return { least: minimum ?? Number.MIN_SAFE_INTEGER, most: maximum ?? Number.MAX_SAFE_INTEGER };
}
