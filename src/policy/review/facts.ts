import { z } from "zod";
import type { Literal } from "./cel.ts";

/** A fact as the JSON schema of its kind declares it. */
export interface Fact {
  /** `R.attr.state`, `R.attr.relations.viewer`. */
  readonly path: string;
  /** Of JSON; none: the schema does not say. */
  readonly types: readonly string[];
  readonly listed: readonly Literal[] | null;
  readonly least: number | null;
  readonly most: number | null;
  /** Is it always there? */
  readonly isRequired: boolean;
  /** `description` of the schema, for people. */
  readonly words: string | null;
  /** A value that the schema takes, where its author gives one. */
  readonly example: unknown;
  /** Has the schema a pattern or a format, which few strings fit? */
  readonly isFormed: boolean;
}

interface Declared {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly examples?: readonly unknown[] | undefined;
  readonly pattern?: string | undefined;
  readonly format?: string | undefined;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, Declared>> | undefined;
}

const Schema: z.ZodType<Declared> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  required: z.array(z.string()).optional(),
  properties: z
    .record(
      z.string(),
      z.lazy(() => Schema),
    )
    .optional(),
});
const SimpleValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const ORGANIZATION_STATES = ["active", "retired", "archived"];

/** `R.attr.sent.action.soft` is the deepest place that has a meaning of its own. */
const DEEPEST = 3;

/** What the gateway supplies for a kind, leaf by leaf, and the objects around them. */
export interface FactSchema {
  readonly facts: ReadonlyMap<string, Fact>;
  /** Objects that are always there, if only empty: those that are required, and each place for what was sent. */
  readonly objects: readonly string[];
  /** All that it says, also what is not understood here. */
  readonly schema: unknown;
}

/** Reads `_schemas/<kind>.json`; what a schema says in other ways is understood in part. */
export function readFactSchema(schema: unknown): FactSchema {
  const document = Schema.safeParse(schema);
  const facts = new Map<string, Fact>();
  const objects: string[] = [];
  const visit = (declared: Declared, path: string, isRequired: boolean, depth: number): void => {
    for (const [name, member] of Object.entries(declared.properties ?? {})) {
      const at = `${path}.${name}`;
      const isNeeded = isRequired && (declared.required ?? []).includes(name);
      if (member.properties !== undefined && depth < DEEPEST) {
        // The gateway gives each place for what was sent, whether the schema requires it or not.
        const isGiven = isNeeded || at === "R.attr.sent" || path === "R.attr.sent" || at === "R.attr.relations";
        if (isGiven) objects.push(at);
        visit(member, at, isGiven, depth + 1);
      } else facts.set(at, factOf(at, member, isNeeded || path === "R.attr.relations"));
    }
  };
  if (document.success) visit(document.data, "R.attr", true, 1);
  return { facts, objects, schema };
}

function factOf(path: string, declared: Declared, isRequired: boolean): Fact {
  const { type = [], minimum = null, maximum = null, description = null } = declared;
  const isState = path === "R.attr.organizationState"; // a host's schema need not list its values
  const listed =
    declared.const === undefined ? (declared.enum ?? (isState ? ORGANIZATION_STATES : null)) : [declared.const];
  return {
    ...{ path, isRequired, least: minimum, most: maximum, words: description },
    types: typeof type === "string" ? [type] : type,
    listed: listed?.filter((value): value is Literal => SimpleValue.safeParse(value).success) ?? null,
    example: declared.examples?.[0] ?? declared.default,
    isFormed: (declared.pattern ?? declared.format) !== undefined,
  };
}
