/** The contract cannot run our own checks of names and ids: its words must not refuse what they accept. */
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { z } from "zod";
import {
  alias,
  anchor,
  clientId,
  foreignId,
  invitationId,
  name,
  scopes,
  sectorId,
  slug,
} from "../../src/http/fields.ts";
import { type Components, toJsonSchema } from "../../src/http/json-schema.ts";

const ajv = new Ajv2020({ strict: false });
const components: Components = new Map();
const accepts = (schema: z.ZodType): ((value: unknown) => boolean) => {
  return ajv.compile(toJsonSchema(schema, "input", components)) as (value: unknown) => boolean; // no schema here is async
};

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 210 }),
  fc.string({ unit: fc.constantFrom(" ", "\t", "\u00a0", "\u2028", "\ufeff", "\u{1f600}", "a"), maxLength: 4 }),
);

test.each([
  ["a name", name],
  ["an id of another system", foreignId],
])("%s that a request may have, the contract allows", (_what, schema) => {
  const inContract = accepts(schema);
  fc.assert(fc.property(text, (value) => !schema.safeParse(value).success || inContract(value)));
});

test("a name that the contract allows, a request may have", () => {
  const inContract = accepts(name);
  fc.assert(fc.property(text, (value) => !value.isWellFormed() || !inContract(value) || name.safeParse(value).success));
});

test.each(Object.entries({ slug, alias, sectorId, anchor, invitationId, clientId }))(
  "who gets %s wrong is told in words, the same that describe it",
  (_name, schema) => {
    const message = schema.safeParse("Not An Id").error?.issues[0]?.message ?? "";
    expect(message).toMatch(/^expected .*[0-9]+ of a-z/);
    expect(schema.meta()?.description).toMatch(new RegExp(`: ${message.replace("expected ", "")}$`));
  },
);

test("scopes are each given once", () => {
  const inContract = accepts(scopes);
  expect([["authz:all"], ["authz:all", "authz:all"], ["other"]].map(inContract)).toEqual([true, false, false]);
  expect(scopes.safeParse(["authz:all", "authz:all"]).success).toBe(false);
});
