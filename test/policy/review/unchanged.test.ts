/** Nobody is asked about what stands there as it did; about everything else Cerbos is. */
import { describe, expect, test } from "@jest/globals";
import { partsOf } from "../../../src/policy/review/cells.ts";
import { type PolicyDocument, readPolicyDocument } from "../../../src/policy/review/documents.ts";
import { readFactSchema } from "../../../src/policy/review/facts.ts";
import type { KindPolicies, Revision } from "../../../src/policy/review/revision.ts";
import { isUnchanged } from "../../../src/policy/review/unchanged.ts";

const POLICY = `apiVersion: api.cerbos.dev/v1
description: A thing
resourcePolicy:
  resource: thing
  version: default
  importDerivedRoles: [ranks]
  schemas:
    resourceSchema:
      ref: cerbos:///thing.json
  constants:
    local:
      most: 10
  variables:
    local:
      # It is in use.
      isActive: R.attr.state == "in use" && V.isSmall
      # It is small.
      isSmall: R.attr.size < C.most
      # Nobody in this rule asks for it.
      isOther: R.attr.other
      unlessActive: 'V.isActive ? [] : [{"code": "NOT_ACTIVE"}]'
  rules:
    - name: ranks
      actions: ["bailiwick:ranks"]
      effect: EFFECT_ALLOW
      derivedRoles: [at_least_admin]
    - name: view
      actions: [view]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          expr: V.isActive
      output:
        when:
          conditionNotMet: V.unlessActive
    - name: edit
      actions: [edit]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          expr: V.isOther
`;

function documentOf(text: string): PolicyDocument {
  const document = readPolicyDocument("thing.yaml", text);
  if (document === null || !("rules" in document)) throw new Error(text);
  return document;
}

const KIND = { isHosts: false, floor: null, schema: readFactSchema({ type: "object" }) };
const SHARED: readonly unknown[] = [{ derivedRoles: { name: "ranks" } }];
const PLANS: Revision["plans"] = new Map([["free", { sectors: 25 }]]);

interface Side {
  readonly text?: string;
  readonly kind?: Partial<KindPolicies>;
  readonly plans?: Revision["plans"];
  readonly shared?: readonly unknown[];
}

/** Of the action `view`. */
function isSame(head: Side): boolean {
  const [base, changed] = [{}, head].map(({ text = POLICY, kind = {}, plans = PLANS, shared = SHARED }: Side) => ({
    parts: partsOf("matrix", documentOf(text)).filter(({ actions }) => actions.includes("view")),
    side: { revision: { plans, shared } as Revision, kind: { ...KIND, ...kind } as KindPolicies }, // no more of them is read
  }));
  if (base === undefined || changed === undefined) throw new Error("there are two sides");
  return isUnchanged({ base: base.side, head: changed.side }, { base: base.parts, head: changed.parts });
}

const edited = (from: string, to: string): Side => {
  if (!POLICY.includes(from)) throw new Error(`the policy has no ${from}`);
  return { text: POLICY.replace(from, to) };
};

describe("Cerbos is asked about", () => {
  test.each<[string, Side]>([
    ["ranks that the anchor names", edited("[at_least_admin]", "[at_least_owner]")],
    ["derived roles that are imported", edited("[ranks]", "[ranks, others]")],
    ["another schema", edited("thing.json", "other.json")],
    ["a policy that is disabled", edited("apiVersion:", "disabled: true\napiVersion:")],
    ["a constant", edited("most: 10", "most: 11")],
    ["white space inside a text", edited('"in use"', '"in  use"')],
    ["a word that a word names", edited("R.attr.size <", "R.attr.size <=")],
    ["a word named in another way", edited("expr: V.isActive", 'expr: V["isActive"]')],
    ["a condition", edited("expr: V.isActive", "expr: V.isActive && true")],
    ["a reason", edited("NOT_ACTIVE", "INACTIVE")],
    [
      "another output",
      edited(
        "          conditionNotMet: V.unless",
        "          ruleActivated: V.isOther\n          conditionNotMet: V.unless",
      ),
    ],
    ["an effect", edited("[view]\n      effect: EFFECT_ALLOW", "[view]\n      effect: EFFECT_DENY")],
    ["a schema", { kind: { schema: readFactSchema({ type: "object", minProperties: 1 }) } }],
    ["the subject's schema, or the ranks", { shared: [{ derivedRoles: { name: "others" } }] }],
    ["a floor that there was not", { kind: { floor: documentOf(POLICY) } }],
    ["a plan", { plans: new Map([["free", { sectors: 26 }]]) }],
  ])("%s", (_title, head) => {
    expect(isSame(head)).toBe(false);
  });
});

describe("Nobody is asked about", () => {
  test.each<[string, Side]>([
    ["what is the same", {}],
    ["a comment", edited("# It is small.", "# It is not large.")],
    ["the description", edited("A thing", "Things")],
    ["the name of a rule", edited("- name: view", "- name: look")],
    ["a word that nobody here asks for", edited("isOther: R.attr.other", "isOther: R.attr.another")],
    ["the rule of another action", edited("expr: V.isOther", "expr: V.isOther && V.isSmall")],
    [
      "members in another order",
      edited('      effect: EFFECT_ALLOW\n      roles: ["*"]', '      roles: ["*"]\n      effect: EFFECT_ALLOW'),
    ],
  ])("%s", (_title, head) => {
    expect(isSame(head)).toBe(true);
  });
});
