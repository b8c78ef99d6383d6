import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Broken, breakKinds, type BrokenKinds, KIND } from "../support/broken-kinds.ts";

const POLICY = `cerbos/${KIND}.yaml`;
const TEST = `cerbos/${KIND}_test.yaml`;
const ACTIONS = "actions: [delete]";
const RULES = "  rules:\n";
const DENY = `${RULES}    - name: never\n      actions: [never]\n      effect: EFFECT_DENY\n      roles: ["*"]\n`;
const DERIVED = "  version: default\n  importDerivedRoles: [strange_roles]";

const CASES: readonly Broken[] = [
  { what: "is no YAML", file: POLICY, from: "  rules:", to: "  rules: [", at: "- name: read", says: "Nested mappings" },
  {
    what: "is another's",
    file: POLICY,
    from: "resource: %",
    to: "resource: sector",
    at: "resource: sector",
    says: "expected %, as the file is called",
  },
  {
    what: "is of a version that its place does not say",
    file: POLICY,
    from: "version: default",
    to: "version: strict",
    at: "version: strict",
    says: "expected the version default",
  },
  {
    what: "has a scope",
    file: POLICY,
    from: "  version: default",
    to: "  version: default\n  scope: acme",
    at: "scope: acme",
    says: 'Unrecognized key: "scope"',
  },
  {
    what: "has a wildcard action",
    file: POLICY,
    from: ACTIONS,
    to: 'actions: ["*"]',
    at: 'actions: ["*"]',
    says: "name each action",
  },
  {
    what: "has a pattern for an action",
    file: POLICY,
    from: ACTIONS,
    to: 'actions: ["delete:*"]',
    at: "delete:*",
    says: "name each action",
  },
  { what: "has a DENY", file: POLICY, from: RULES, to: DENY, at: "EFFECT_DENY", says: "expected EFFECT_ALLOW" },
  {
    what: "lists roles",
    file: POLICY,
    from: `${ACTIONS}\n      effect: EFFECT_ALLOW\n      roles: ["*"]`,
    to: `${ACTIONS}\n      effect: EFFECT_ALLOW\n      roles: [admin]`,
    at: "roles: [admin]",
    says: "gets a denial without a reason",
  },
  {
    what: "has a rule without a name",
    file: POLICY,
    from: "- name: write\n      actions",
    to: "- actions",
    at: "- actions: [write]",
    says: "give the rule a name",
  },
  {
    what: "has two rules for an action",
    file: POLICY,
    from: ACTIONS,
    to: "actions: [delete, read]",
    at: "delete, read",
    says: "the action read has two rules",
  },
  {
    what: "has facts of another kind",
    file: POLICY,
    from: "///%.json",
    to: "///sector.json",
    at: "sector.json",
    says: "expected cerbos:///%.json",
  },
  {
    what: "switches its schema off",
    file: POLICY,
    from: "///%.json",
    to: "///%.json\n      ignoreWhen: { actions: [read] }",
    at: "ignoreWhen",
    says: 'Unrecognized key: "ignoreWhen"',
  },
  {
    what: "has an expression that cannot be read",
    file: POLICY,
    from: 'R.attr.status == "active"',
    to: "R.attr.status ==",
    at: "R.attr.status ==",
    says: "Syntax error",
  },
  {
    what: "has a variable that nobody knows",
    file: POLICY,
    from: "- expr: V.isSoft",
    to: "- expr: V.isHard",
    at: "V.isHard",
    says: "undefined variable",
  },
  {
    what: "imports roles that nobody defines",
    file: POLICY,
    from: "  version: default",
    to: DERIVED,
    at: "strange_roles",
    says: "cannot find derived roles",
  },
  {
    what: "has constants",
    file: POLICY,
    from: "  version: default",
    to: "  version: default\n  constants: { local: { most: 3 } }",
    at: "constants:",
    says: 'Unrecognized key: "constants"',
  },
  {
    what: "has variables of another file",
    file: POLICY,
    from: "  variables:\n",
    to: "  variables:\n    import: [others]\n",
    at: "import:",
    says: 'Unrecognized key: "import"',
  },
  {
    what: "says something where it allows",
    file: POLICY,
    from: "        when:\n",
    to: "        when:\n          ruleActivated: '\"yes\"'\n",
    at: "ruleActivated:",
    says: 'Unrecognized key: "ruleActivated"',
  },
  {
    what: "fails its own test",
    file: POLICY,
    from: 'R.attr.status == "active"',
    to: 'R.attr.status == "archived"',
    blamed: TEST,
    at: "- name: the owner writes",
    says: 'the test "the owner writes while it is active',
  },
  {
    what: "has a test that is none",
    file: TEST,
    from: "tests:",
    to: "tests: []\nothers:",
    at: "name: R",
    says: "minimum 1 items",
  },
];

let kinds: BrokenKinds;
beforeAll(async () => {
  kinds = await breakKinds(CASES);
});
afterAll(async () => await kinds.remove());

test.each(CASES.map((each, index) => ({ ...each, index })))(
  "a policy that $what is refused, and says where",
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
