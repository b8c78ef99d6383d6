import { z } from "zod";
import { type Needed, relationsNeededBy } from "./needs.ts";
import { type RelationsRead, relationsReadBy } from "./host-reads.ts";
import { ANCHOR, readPolicyDocument } from "./review/documents.ts";
import { type Fault, isFault, misfitsOf, type Positioned, readPositioned } from "./positioned.ts";

/** One Cerbos policy of a host's kind. */
export interface HostRules {
  readonly version: string;
  readonly actions: readonly string[];
  readonly relationsRead: RelationsRead;
  readonly relationsNeeded: Needed;
}

/** Cerbos reads these in an action's name as patterns. */
const PATTERN = /[*?[\]{}\\]/;

const Action = z
  .string()
  .min(1, "an action has a name")
  .refine(
    (action) => !PATTERN.test(action),
    "name each action: one with *, ?, [], {} or \\ would match others than its own",
  );
const effect = z.literal("EFFECT_ALLOW", {
  error:
    "expected EFFECT_ALLOW: a DENY whose condition cannot be evaluated lets through; make the guard a condition on ALLOW",
});
const named = { name: z.string("give the rule a name").min(1), effect };

const everybody = { error: 'expected roles: ["*"]: a role that is not listed gets a denial without a reason' };

const Rule = z.strictObject({
  ...named,
  actions: z.array(Action).min(1),
  roles: z.tuple([z.literal("*", everybody)], everybody),
  condition: z.unknown().optional(),
  output: z.strictObject({ when: z.strictObject({ conditionNotMet: z.string() }) }).optional(),
});
const Anchor = z.strictObject({ ...named, actions: z.tuple([z.literal(ANCHOR)]), derivedRoles: z.array(z.string()) });

const reference = (name: string): z.ZodType =>
  z.strictObject({ ref: z.literal(`cerbos:///${name}.json`, { error: `expected cerbos:///${name}.json` }) });

const policyOf = (kind: string, resource: string) =>
  z.strictObject({
    apiVersion: z.literal("api.cerbos.dev/v1"),
    description: z.string().optional(),
    resourcePolicy: z.strictObject({
      resource: z.literal(resource, { error: `expected ${resource}, as the file is called` }),
      version: z.string(),
      importDerivedRoles: z.array(z.string()).optional(),
      schemas: z.strictObject({
        principalSchema: reference("principal").optional(),
        resourceSchema: reference(kind),
      }),
      variables: z.strictObject({ local: z.record(z.string(), z.unknown()) }).optional(),
      rules: z.array(z.looseObject({ actions: z.array(z.string()) })).min(1),
    }),
  });

/**
 * Reads a policy as far as Bailiwick asks more of it than Cerbos does.
 * @param version that the file's place says
 */
export function readRules(
  text: string,
  { kind, resource, version }: { readonly kind: string; readonly resource: string; readonly version: string },
): HostRules | readonly Fault[] {
  const document = readPositioned(text);
  if (isFault(document)) return [document];
  const policy = policyOf(kind, resource).safeParse(document.value);
  if (!policy.success) return misfitsOf(document, policy.error);
  const { resourcePolicy } = policy.data;
  const faults = resourcePolicy.rules.flatMap((rule, index) => ruleFaults(document, rule, index));
  const actions = resourcePolicy.rules.flatMap((rule) => rule.actions).filter((action) => action !== ANCHOR);
  const twice = actions.find((action, index) => actions.indexOf(action) !== index);
  const line = document.lineOf(["resourcePolicy", "version"]);
  if (resourcePolicy.version !== version)
    faults.push({ line, problem: `expected the version ${version}, by the file's place` });
  if (twice !== undefined) {
    const at = resourcePolicy.rules.findLastIndex((rule) => rule.actions.includes(twice));
    const problem = `the action ${twice} has two rules; there must be one`;
    faults.push({ line: document.lineOf(["resourcePolicy", "rules", at, "actions"]), problem });
  }
  if (faults.length > 0) return faults;
  const written = readPolicyDocument(resource, text);
  if (written === null || !("rules" in written)) return written ?? []; // it was read above
  const relations = { relationsRead: relationsReadBy(written), relationsNeeded: relationsNeededBy(written) };
  return { version, actions: [...actions].sort(), ...relations };
}

function ruleFaults(document: Positioned, rule: { readonly actions: readonly string[] }, index: number): Fault[] {
  const form = rule.actions.includes(ANCHOR) ? Anchor : Rule;
  const read = form.safeParse(rule);
  return read.success ? [] : misfitsOf(document, read.error, ["resourcePolicy", "rules", index]);
}
