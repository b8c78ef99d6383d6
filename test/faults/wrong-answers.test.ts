/** An engine answers, in its own form, what is not the answer: a question about a host's kind is 503 then, never a guess. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type CerbosTamper, each, type Results, tamperCerbos } from "../support/cerbos-tamper.ts";
import { type Documents, documentLine, foundDocuments } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { type HttpProxy, startHttpProxy, type Tamper } from "../support/http-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { must } from "../support/world.ts";

let proxy: HttpProxy;
let cerbos: CerbosTamper;
let at: TestGateway;
let docs: Documents;
beforeAll(async () => {
  cerbos = tamperCerbos();
  proxy = await startHttpProxy(testEngines().openfga.apiUrl);
  at = await startTestGateway({ hostPolicies: [DOCUMENTS], settings: { OPENFGA_API_URL: proxy.url } });
  docs = await foundDocuments(at, await at.person("owner"));
  await docs.store([documentLine("shared", "owner"), documentLine("other")]);
});
afterEach(() => {
  proxy.tamper(undefined);
  cerbos.tamper(undefined);
});
afterAll(async () => {
  await at.close();
  await proxy.close();
  cerbos.close();
});

type Answer = Record<string, unknown>;
type Result = Record<string, Answer>;

/** Other bodies for what one call of OpenFGA answers. */
function on(call: string, change: (answer: Answer) => unknown): Tamper {
  return (path, body) => (path.endsWith(call) ? JSON.stringify(change(JSON.parse(body) as Answer)) : undefined);
}

function changeFirst(change: (item: Answer) => unknown): (answer: Answer) => unknown {
  return ({ result }) => ({ result: { ...(result as Result), "0": change((result as Result)["0"] ?? {}) } });
}

interface Page {
  readonly tuples: readonly { readonly key: Record<string, string> }[];
}
const keyed = (change: (key: Record<string, string>) => object) => (answer: Answer) => ({
  ...answer,
  tuples: (answer as unknown as Page).tuples.map((tuple) => ({ ...tuple, key: change(tuple.key) })),
});

const WRONG: readonly (readonly [name: string, tamper: Tamper])[] = [
  ["checks without results", on("/batch-check", () => ({}))],
  ["checks with no result at all", on("/batch-check", () => ({ result: {} }))],
  ["checks as a list", on("/batch-check", () => [])],
  [
    "a check that is missing",
    on("/batch-check", ({ result }) => ({ result: { ...(result as Result), "0": undefined } })),
  ],
  [
    "a check that is an error",
    on(
      "/batch-check",
      changeFirst(() => ({ allowed: true, error: { message: "too deep" } })),
    ),
  ],
  [
    "a check that allows in words",
    on(
      "/batch-check",
      changeFirst(() => ({ allowed: "true" })),
    ),
  ],
  [
    "a check that says nothing",
    on(
      "/batch-check",
      changeFirst(() => ({})),
    ),
  ],
  ["checks that are no JSON", (path) => (path.endsWith("/batch-check") ? "<html>" : undefined)],
  ["a fence without tuples", on("/read", () => ({}))],
  [
    "a fence of other names",
    on(
      "/read",
      keyed(() => ({ subject: "fence:1" })),
    ),
  ],
  [
    "a fence of another organization",
    on(
      "/read",
      keyed((key) => ({ ...key, object: "organization:another" })),
    ),
  ],
  [
    "a fence under another relation",
    on(
      "/read",
      keyed((key) => ({ ...key, relation: "owner" })),
    ),
  ],
  ["no fence, and pages for ever", on("/read", () => ({ tuples: [], continuation_token: "next" }))],
  ["no fence", on("/read", () => ({ tuples: [], continuation_token: "" }))],
];

const right = async (): Promise<void> => {
  expect([await docs.may("owner", "view", "shared"), await docs.may("owner", "view", "other")]).toEqual([true, false]);
};

function expectUndecided({ status, body, headers }: Answered): void {
  expect([status, body.code, headers.get("retry-after")]).toEqual([503, "CANNOT_DECIDE", "1"]);
}

describe("OpenFGA gives", () => {
  test.each(WRONG)("%s: nothing is decided", async (_name, tamper) => {
    await eventually(right);
    proxy.tamper(tamper);
    for (const document of ["shared", "other"]) expectUndecided(await docs.ask("owner", "view", document));
    proxy.tamper(undefined);
    await eventually(right);
  });
});

const renamed = (member: "kind" | "id" | "policyVersion"): ((results: Results) => Results) =>
  each(({ resource }) => ({ resource: { ...resource, [member]: `${resource[member]}0` } }));
const WRONG_OF_CERBOS: readonly (readonly [name: string, tamper: (results: Results) => Results])[] = [
  ["no results", () => []],
  ["the last result not", (results) => results.slice(0, -1)],
  ["the first result not", (results) => results.slice(1)],
  ["results in another order", (results) => results.toReversed()],
  ["results about another kind", renamed("kind")],
  ["results about another question", renamed("id")],
  ["results by another version", renamed("policyVersion")],
  ["no word on an action", each(() => ({ actions: {} }))],
  [
    "its words on another action",
    each(({ actions }) => ({ actions: Object.fromEntries(Object.values(actions).map((effect) => ["edit", effect])) })),
  ],
  ["a word that is neither yes nor no", each(() => ({ actions: { view: "EFFECT_NO_MATCH" as never } }))],
];

describe("Cerbos gives", () => {
  const both = async (): Promise<Answered> => {
    const evaluations = ["shared", "other"].map((id) => ({ resource: { type: "document", id } }));
    const common = { subject: { type: "account", id: "owner" }, action: { name: "view" } };
    return await docs.keeper.post(`/o/${docs.slug}/access/v1/evaluations`, { ...common, evaluations });
  };

  test.each(WRONG_OF_CERBOS)("%s: nothing is decided, alone or in a batch", async (_name, tamper) => {
    await eventually(right);
    cerbos.tamper(tamper);
    for (const document of ["shared", "other"]) expectUndecided(await docs.ask("owner", "view", document));
    expectUndecided(await both());
    cerbos.tamper(undefined);
    await eventually(right);
  });

  test("the answers to two questions of one call, each in the other's place: neither is decided", async () => {
    await eventually(right);
    const counts: number[] = [];
    cerbos.tamper((results) => {
      counts.push(results.length);
      return [...results.slice(results.length / 2), ...results.slice(0, results.length / 2)];
    });
    expectUndecided(await both());
    expect(counts[0]).toBe(4); // floor and matrix of each
    cerbos.tamper(undefined);
    const decided = must(await both(), 200).body["evaluations"] as { decision: boolean }[];
    expect(decided.map(({ decision }) => decision)).toEqual([true, false]);
  });
});
