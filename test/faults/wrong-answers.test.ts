/** OpenFGA answers, in its own form, what is not the answer: a question about a host's kind is 503 then, never a guess. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Documents, documentLine, foundDocuments } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { type HttpProxy, startHttpProxy, type Tamper } from "../support/http-proxy.ts";
import { testEngines } from "../support/test-engines.ts";

let proxy: HttpProxy;
let at: TestGateway;
let docs: Documents;
beforeAll(async () => {
  proxy = await startHttpProxy(testEngines().openfga.apiUrl);
  at = await startTestGateway({ hostPolicies: [DOCUMENTS], settings: { OPENFGA_API_URL: proxy.url } });
  docs = await foundDocuments(at, await at.person("owner"));
  await docs.store([documentLine("shared", "owner"), documentLine("other")]);
}, 60_000);
afterEach(() => proxy.tamper(undefined));
afterAll(async () => {
  await at.close();
  await proxy.close();
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

describe("OpenFGA gives", () => {
  test.each(WRONG)(
    "%s: nothing is decided",
    async (_name, tamper) => {
      const right = async (): Promise<void> => {
        expect([await docs.may("owner", "view", "shared"), await docs.may("owner", "view", "other")]).toEqual([
          true,
          false,
        ]);
      };
      await eventually(right);
      proxy.tamper(tamper);
      for (const document of ["shared", "other"]) {
        const answer = await docs.ask("owner", "view", document);
        expect([answer.status, answer.body.code, answer.headers.get("retry-after")]).toEqual([
          503,
          "CANNOT_DECIDE",
          "1",
        ]);
      }
      proxy.tamper(undefined);
      await eventually(right);
    },
    60_000,
  );
});
