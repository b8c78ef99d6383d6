/**
 * The policies' own form: what `cerbos compile` is content with and Bailiwick is not. That every action has its rule is
 * src/policy/check.ts'; what the rules decide is said by the tests beside them.
 */
import { describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse, parseDocument, visit } from "yaml";
import { z } from "zod";

const ROOT = path.join(import.meta.dirname, "..", "..", "policies", "cerbos");
const FILES = readdirSync(ROOT).filter((file) => file.endsWith(".yaml") && !file.endsWith("_test.yaml"));
const POLICIES = FILES.filter((file) => file !== "roles.yaml");
const KINDS = POLICIES.filter((file) => !file.endsWith("_floor.yaml")).map((file) => file.replace(".yaml", ""));

const Rule = z.strictObject({
  name: z.string(),
  actions: z.array(z.string().regex(/^[a-z_]+$/)).min(1),
  effect: z.literal("EFFECT_ALLOW"),
  roles: z.tuple([z.literal("*")]),
  condition: z
    .strictObject({
      match: z.strictObject({
        all: z.strictObject({ of: z.array(z.strictObject({ expr: z.string().regex(/^V\.(is|has)\w+$/) })).min(1) }),
      }),
    })
    .optional(),
  output: z.strictObject({ when: z.strictObject({ conditionNotMet: z.string() }) }).optional(),
});
const Anchor = z.strictObject({
  name: z.literal("ranks"),
  actions: z.tuple([z.literal("bailiwick:ranks")]),
  effect: z.literal("EFFECT_ALLOW"),
  derivedRoles: z.array(z.string()),
});
const Policy = z.strictObject({
  apiVersion: z.literal("api.cerbos.dev/v1"),
  description: z.string(),
  resourcePolicy: z.strictObject({
    resource: z.string(),
    version: z.literal("default"),
    importDerivedRoles: z.tuple([z.literal("ranks")]).optional(),
    schemas: z.strictObject({
      principalSchema: z.strictObject({ ref: z.literal("cerbos:///principal.json") }),
      resourceSchema: z.strictObject({ ref: z.string() }),
    }),
    variables: z.strictObject({ local: z.record(z.string(), z.string()) }),
    rules: z.array(z.union([Rule, Anchor])),
  }),
});
const Ranks = z.object({
  derivedRoles: z.object({
    definitions: z.array(z.strictObject({ name: z.string(), parentRoles: z.array(z.string()) })),
  }),
});
const ObjectSchema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});

const text = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

/** The reason that belongs to a condition: `isOwner` and `unlessOwner`, `hasRoomForSector` and `unlessRoomForSector`. */
const twin = (condition: string): string => condition.replace(/^(is|has)/, "unless");

test("the ranks are those of K2", () => {
  const { definitions } = Ranks.parse(parse(text("roles.yaml"))).derivedRoles;
  expect(Object.fromEntries(definitions.map((each) => [each.name, each.parentRoles]))).toEqual({
    at_least_viewer: ["viewer", "member", "admin", "owner"],
    at_least_member: ["member", "admin", "owner"],
    at_least_admin: ["admin", "owner"],
    at_least_owner: ["owner"],
    any_member: ["viewer", "member", "billing", "admin", "owner"],
    any_service: ["service"],
  });
});

describe.each(POLICIES)("%s", (file) => {
  const policy = Policy.parse(parse(text(file))).resourcePolicy;
  const rules = policy.rules.filter((rule) => "roles" in rule);
  const variables = Object.entries(policy.variables.local);
  const conditions = variables.filter(([name]) => !name.startsWith("unless"));

  test("is named after its file; matrix and floor share the facts of their kind; a matrix names the ranks", () => {
    expect(`${policy.resource}.yaml`).toBe(file);
    const kind = policy.resource.replace("_floor", "");
    expect(policy.schemas.resourceSchema.ref).toBe(`cerbos:///${kind}.json`);
    expect(policy.rules.length - rules.length).toBe(policy.resource === kind ? 1 : 0);
  });

  test.each(rules)("$name gives every condition's reason, in the conditions' order", (rule) => {
    const asked = rule.condition?.match.all.of.map(({ expr }) => expr.replace("V.", "")) ?? [];
    const given = rule.output?.when.conditionNotMet.split(" + ") ?? [];
    expect(given).toEqual(asked.map((condition) => `V.${twin(condition)}`));
  });

  test("every condition has a reason, every reason a condition, and a rule reads both", () => {
    expect(variables.map(([name]) => name).sort()).toEqual(conditions.flatMap(([name]) => [name, twin(name)]).sort());
    for (const [name] of conditions) expect(text(file)).toContain(`- expr: V.${name}\n`);
  });

  test("conditions are positive, and read neither the clock nor the caller's attributes nor what was sent", () => {
    for (const [, expression] of variables) {
      expect(expression).not.toMatch(/!(?!=)|\bnow\b|timeSince|timestamp|\bP\.|request\.|R\.attr\.sent|\.id\b/);
    }
  });

  test("every variable is told in words", () => {
    const untold: string[] = [];
    visit(parseDocument(text(file)), {
      Pair: (_, pair, ancestors) => {
        const parent = ancestors.at(-1);
        const local = ancestors.at(-2);
        if (!(local && "key" in local && String(local.key) === "local") || !(parent && "items" in parent)) return;
        // The parser gives the first member's comment to the map.
        const node = parent.items[0] === pair ? parent : pair.key;
        if (!z.object({ commentBefore: z.string() }).safeParse(node).success) untold.push(String(pair.key));
      },
    });
    expect(untold).toEqual([]);
  });
});

describe.each(KINDS)("_schemas/%s.json", (kind) => {
  const source = text(`_schemas/${kind}.json`);
  const schema = ObjectSchema.parse(JSON.parse(source));

  test("requires every fact and leaves only what was sent optional", () => {
    expect([...schema.required, "sent"].sort()).toEqual(Object.keys(schema.properties).sort());
  });

  test("is closed, and so is what was sent, which is empty for a built-in kind", () => {
    const open = /"type": "object"/g;
    const closed = /"additionalProperties": false/g;
    expect(source.match(closed)?.length).toBe(source.match(open)?.length);
    expect(schema.properties["sent"]).toMatchObject({
      properties: Object.fromEntries(
        ["subject", "resource", "action", "context"].map((each) => [
          each,
          { type: "object", additionalProperties: false },
        ]),
      ),
    });
  });

  test.each([`${kind}.yaml`, `${kind}_floor.yaml`])("declares every fact that %s reads", (file) => {
    const read = [...text(file).matchAll(/R\.attr\.(\w+)/g)].flatMap((match) => match[1] ?? []);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(read));
  });
});
