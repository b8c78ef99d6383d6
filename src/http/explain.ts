import { z } from "zod";
import { explain } from "../domain/explain.ts";
import { AT_ORGANIZATION, AT_PLAIN_PATHS, type PdpPlace, question } from "./authzen.ts";
import { check } from "./check.ts";
import { plainReply } from "./contract.ts";
import { decision } from "./decision.ts";
import { classifiedReason } from "./reasons.ts";
import type { Route } from "./route.ts";

/** The whole story of an answer: the answer itself, and how it came about. */

const factName = z
  .string()
  .min(1)
  .meta({
    description: "As in the context's facts; one of a host's kind's relations or of what was sent, by its path",
    examples: ["resource.ownerCount"],
  });
/** Of a fact: what the kind's schema allows. */
const value = z.unknown();
const count = z.int().min(0);

const rule = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .meta({ examples: ["application#retire"] }),
    from: z.enum(["matrix", "floor"]).meta({ description: "It says who may, or when it can be done at all" }),
    allowed: z.boolean().meta({ examples: [false] }),
    reasons: z.array(classifiedReason).meta({ description: "Its own; none when it allows" }),
    conditions: z
      .array(
        z.strictObject({
          name: z
            .string()
            .min(1)
            .meta({ description: "The policy's word, told there in a sentence", examples: ["isOwner"] }),
          holds: z.boolean().exactOptional().meta({ description: "Absent where the reasons do not tell" }),
        }),
      )
      .exactOptional()
      .meta({ description: "All of them must hold; absent where the rule is not a list of words" }),
  })
  .meta({ id: "ToldRule", description: "A rule that decided, and its verdict" });

const fact = z
  .strictObject({
    name: factName,
    value: value.meta({ examples: [1] }),
    source: z.enum(["ledger", "graph", "plan", "sent"]).meta({ description: "Where it comes from: /docs#explaining" }),
    version: count.exactOptional().meta({ description: "The organization's, where it is one of its facts" }),
  })
  .meta({ id: "ToldFact", description: "What the policies read" });

const named = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .meta({ examples: ["organization"] }),
    id: z
      .string()
      .min(1)
      .nullable()
      .meta({ description: "Null: callers have no name for it", examples: ["acme"] }),
  })
  .meta({ id: "NamedObject", description: "A thing by the name that callers know it by" });
const relation = z
  .string()
  .min(1)
  .meta({ examples: ["owner"] });
const step = z.strictObject({
  object: named,
  relation,
  through: z
    .string()
    .min(1)
    .exactOptional()
    .meta({ description: "The relation by which the object before points to this one", examples: ["parent"] }),
});
const related = z
  .strictObject({
    object: named,
    relation,
    subject: named,
    paths: z.array(z.array(step)).meta({
      description: "Each leads from the object to one that names the subject itself; none: OpenFGA knows no way",
    }),
    isComplete: z.boolean().meta({ description: "False: there may be more ways, or OpenFGA was silent" }),
  })
  .meta({ id: "ToldRelation", description: "A relation that counted, and how it comes about in the graph" });

const turned = { name: factName, from: value.meta({ examples: [1] }), to: value.meta({ examples: [2] }) };
const turn = z
  .strictObject({
    of: z.enum(["role", "relation", "fact", "sent"]),
    ...turned,
    isChangeable: z.boolean().meta({ description: "False: it follows from who the two are" }),
    along: z.array(z.strictObject(turned)).meta({ description: "What is otherwise with it" }),
  })
  .meta({ id: "Turn", description: "One thing that, were it otherwise, would turn the answer" });

const EXAMPLE_FACTS = {
  state: "enabled",
  sectorState: "enabled",
  organizationState: "active",
  ownerCount: 1,
  organizationApplications: 1,
  maxApplications: 25,
};

const VIEWER = { code: "ROLE_TOO_LOW", kind: "role", least: "admin" };
const EXAMPLE = {
  decision: false,
  context: {
    id: "dec-w81fkq0m6z3x9c5tv2hd",
    reasons: [VIEWER],
    remedies: [
      { for: "ROLE_TOO_LOW", message: "At least the role admin is needed; an Owner can grant it.", least: "admin" },
    ],
    facts: { subject: { role: "viewer" }, resource: EXAMPLE_FACTS },
    rules: ["application#edit", "application_floor#edit"],
    ...{ graph: "agrees", version: 5, matrix: "default", unit: "350c2211499c7498" },
  },
  rules: [
    {
      ...{ name: "application#edit", from: "matrix", allowed: false, reasons: [VIEWER] },
      conditions: [{ name: "isAdmin", holds: false }],
    },
    {
      ...{ name: "application_floor#edit", from: "floor", allowed: true, reasons: [] },
      conditions: [{ name: "isActive", holds: true }],
    },
  ],
  facts: [
    { name: "subject.role", value: "viewer", source: "ledger", version: 5 },
    { name: "resource.maxApplications", value: 25, source: "plan" },
  ],
  relations: [
    {
      object: { type: "organization", id: "acme" },
      relation: "viewer",
      subject: { type: "account", id: "bob" },
      paths: [[{ object: { type: "organization", id: "acme" }, relation: "viewer" }]],
      isComplete: true,
    },
  ],
  changes: [
    { of: "role", name: "subject.role", from: "viewer", to: "admin", isChangeable: true, along: [] },
    {
      ...{ of: "role", name: "subject.role", from: "viewer", to: "owner", isChangeable: true },
      along: [{ name: "resource.ownerCount", from: 1, to: 2 }],
    },
  ],
  isComplete: true,
};

const explanation = z
  .strictObject({
    ...decision.shape,
    rules: z.array(rule).meta({ description: "Who may, then when at all; none when no policy was asked" }),
    facts: z.array(fact),
    relations: z.array(related),
    changes: z.array(turn).meta({
      description:
        "Every single change that would turn the answer, the role's first: found by asking the policies again",
    }),
    isComplete: z.boolean().meta({ description: "False: more could be otherwise than was tried" }),
  })
  .meta({ id: "Explanation", examples: [EXAMPLE] });

/** At each decision point, beside what AuthZEN knows. */
function routeAt({ path, params, operation, whose, pdpOf }: PdpPlace): Route {
  return check({
    path: `${path}/v1/explain`,
    summary: `Why may this subject do this to this resource${whose}, or why not, and what would turn the answer?`,
    operation: operation("explain"),
    requires: "scope authz:explain",
    asks: [],
    problems: ["SCOPE_MISSING", "KIND_NOT_BOUND", "ALIAS_REFUSED", "CONTENTION"],
    reply: plainReply(explanation),
    params,
    body: question,
    answer: async ({ deps }, { caller, params: found, body }) => {
      return { status: 200, body: await explain(deps, caller, pdpOf(found), body) };
    },
  });
}

export const EXPLAIN_ROUTES: readonly Route[] = [AT_PLAIN_PATHS, AT_ORGANIZATION].map(routeAt);
