import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Broken, breakKinds, type BrokenKinds, KIND } from "../support/broken-kinds.ts";

const SCHEMA = `cerbos/_schemas/${KIND}.json`;
const STATUS = `"status": { "description": "the %'s status", "enum": ["active", "archived"] }`;
const OBJECT = '"type": "object",\n  "properties": {\n    "status"';
const CLOSED = '"required": ["status", "relations"],\n  "additionalProperties": false';

const CASES: readonly Broken[] = [
  {
    what: "is no JSON",
    file: SCHEMA,
    from: '"type": "object",\n  "properties"',
    to: '"type": object,\n  "properties"',
    at: '"type": object,',
    says: "JSON",
  },
  {
    what: "is of another dialect",
    file: SCHEMA,
    from: "draft/2020-12",
    to: "draft/2019-09",
    at: "2019-09",
    says: "2020-12",
  },
  {
    what: "is not closed",
    file: SCHEMA,
    from: CLOSED,
    to: '"required": ["status", "relations"],\n  "additionalProperties": true',
    at: '"additionalProperties": true',
    says: "expected false",
  },
  {
    what: "says nothing about what is not declared",
    file: SCHEMA,
    from: CLOSED,
    to: '"required": ["status", "relations"]',
    at: "{",
    says: "additionalProperties: expected false",
  },
  {
    what: "is no object",
    file: SCHEMA,
    from: OBJECT,
    to: '"type": "array",\n  "properties": {\n    "status"',
    at: '"type": "array"',
    says: 'expected "object"',
  },
  {
    what: "has a type that is none",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "type": "colour" }',
    at: "colour",
    says: "/properties/status",
  },
  {
    what: "has a word that is none",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "enumeration": ["active"] }',
    at: "enumeration",
    says: "enumeration",
  },
  {
    what: "refers to elsewhere",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "$ref": "https://example.com/status.json" }',
    at: "example.com",
    says: "/properties/status/$ref: only references within the file",
  },
  {
    what: "refers to another file",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "$ref": "cerbos:///sector.json" }',
    at: "sector.json",
    says: "only references within the file",
  },
  {
    what: "refers to what is not there",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "$ref": "#/$defs/status" }',
    at: "#/$defs/status",
    says: "#/$defs/status",
  },
  {
    what: "reads a relation that the model has not",
    file: SCHEMA,
    from: '"viewer": { "description": "the subject is a viewer of the %", "type": "boolean" }',
    to: '"viewer": { "type": "boolean" },\n"auditor": { "type": "boolean" }',
    at: "auditor",
    says: "/properties/relations/properties/auditor: the model has no relation auditor",
  },
  {
    what: "has a relation that is more than true or false",
    file: SCHEMA,
    from: '"viewer": { "description": "the subject is a viewer of the %", "type": "boolean" }',
    to: '"viewer": { "type": "string" }',
    at: '"viewer": { "type": "string" }',
    says: 'expected "boolean"',
  },
  {
    what: "has a place for what the caller is",
    file: SCHEMA,
    from: '"action": {',
    to: '"caller": {',
    at: '"caller"',
    says: 'Unrecognized key: "caller"',
  },
  {
    what: "leaves a place for what was sent open",
    file: SCHEMA,
    from: '},\n          "additionalProperties": false',
    to: '},\n          "additionalProperties": true',
    at: '          "additionalProperties": true',
    says: "expected false",
  },
  {
    what: "does not know every state of an organization",
    file: SCHEMA,
    from: STATUS,
    to: `${STATUS},\n"organizationState": { "enum": ["active"] }`,
    at: "organizationState",
    says: "active, retired, archived",
  },
  {
    what: "has a pattern that Cerbos does not read",
    file: SCHEMA,
    from: STATUS,
    to: '"status": { "type": "string", "pattern": "^(?=a)" }',
    blamed: `cerbos/${KIND}.yaml`,
    at: "cerbos:///",
    says: "/properties/status/pattern",
  },
  {
    what: "is open by a pattern",
    file: SCHEMA,
    from: OBJECT,
    to: '"type": "object",\n  "patternProperties": {},\n  "properties": {\n    "status"',
    at: "patternProperties",
    says: 'Unrecognized key: "patternProperties"',
  },
];

let kinds: BrokenKinds;
beforeAll(async () => {
  kinds = await breakKinds(CASES);
});
afterAll(async () => await kinds.remove());

test.each(CASES.map((each, index) => ({ ...each, index })))(
  "a schema that $what is refused, and says where",
  ({ index }) => {
    const { why, place, says } = kinds.refusal(index);
    expect(why).toContain(`${place}: `);
    expect(why).toContain(says);
    expect(kinds.read.problems).toContain(why.split("\n")[0]);
  },
);

test("those beside them are served", () => {
  expect([...kinds.read.kinds.served.keys()]).toEqual(["record", "user"]);
  expect(kinds.read.kinds.refused.size).toBe(CASES.length);
});
