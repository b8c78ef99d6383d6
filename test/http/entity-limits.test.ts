/** What one entity may have, at the edge and one past it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { TICKETS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let slug: string;
let store: Person;
let base: string;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [TICKETS] });
  slug = await foundOrganization(await gateway.person("alice"));
  store = await gateway.service("store", { scopes: ["entities:write"], organizations: [slug] });
  base = `/v1/organizations/${slug}/entities`;
});
afterAll(async () => await gateway.close());

function issuesOf({ status, body }: Answered): unknown {
  expect([status, body.code]).toEqual([400, "INVALID_REQUEST"]);
  return body["issues"];
}

async function report(line: string): Promise<unknown> {
  const response = await fetch(gateway.url + base, {
    method: "POST",
    headers: { authorization: `Bearer ${store.token}`, "content-type": "application/x-ndjson" },
    body: line,
  });
  const events = (await response.text()).trimEnd().split("\n");
  return JSON.parse(events[0] ?? "null");
}

/** Attributes of so many bytes, which an é makes more than characters. */
function sized(bytes: number): object {
  const bare = Buffer.byteLength(JSON.stringify({ role: "é" }));
  return { role: `é${"x".repeat(bytes - bare)}` };
}

function deep(levels: number): object {
  let inner: unknown = 1;
  for (let level = 1; level < levels; level += 1) inner = { inner };
  return { profile: inner };
}

test.each([
  ["bytes", sized(LIMITS.attributesBytes), sized(LIMITS.attributesBytes + 1), `${LIMITS.attributesBytes} bytes`],
  ["levels", deep(LIMITS.attributesDepth), deep(LIMITS.attributesDepth + 1), `${LIMITS.attributesDepth} levels`],
])("attributes of as many %s as there may be are stored, and of one more refused", async (what, most, more, words) => {
  must(await store.put(`${base}/visitor/${what}`, { attributes: most }), 201);
  const expected = [{ path: "body.attributes", message: `expected at most ${words}` }];
  expect(issuesOf(await store.put(`${base}/visitor/more`, { attributes: more }))).toEqual(expected);
  expect(issuesOf(await store.patch(`${base}/visitor/${what}`, { attributes: more }))).toEqual(expected);
  expect(await report(JSON.stringify({ type: "visitor", id: "more", attributes: more }))).toMatchObject({
    refused: { line: 1, code: "INVALID_REQUEST" },
  });
  expect((await store.get(`${base}/visitor/more`)).status).toBe(404);
});

test("attributes that are nothing but depth are refused, and nothing falls over", async () => {
  const levels = 10_000;
  const text = `{"profile":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
  const headers = { authorization: `Bearer ${store.token}`, "content-type": "application/json" };
  for (const method of ["PUT", "PATCH"]) {
    const body = `{"attributes":${text}}`;
    const response = await fetch(`${gateway.url}${base}/visitor/deep`, { method, headers, body });
    expect([method, response.status]).toEqual([method, 400]);
  }
  expect(await report(`{"type":"visitor","id":"deep","attributes":${text}}`)).toMatchObject({
    refused: { line: 1, code: "INVALID_REQUEST" },
  });
});

test("attributes that grow too large in parts are refused", async () => {
  must(await store.put(`${base}/visitor/growing`, { attributes: sized(LIMITS.attributesBytes - 100) }), 201);
  const grown = await store.patch(`${base}/visitor/growing`, { attributes: { profile: { name: "x".repeat(100) } } });
  expect(issuesOf(grown)).toMatchObject([{ path: "body.attributes" }]);
});

test.each([
  [0, { done: { stored: 1 } }],
  [1, { refused: { line: 1, code: "INVALID_REQUEST" } }],
])("a line of an import of as many bytes as there may be and %i", async (more, expected) => {
  const line = JSON.stringify({ type: "visitor", id: "line", attributes: { role: "x" } });
  const padding = " ".repeat(LIMITS.importLineBytes - line.length + more);
  expect(await report(line + padding)).toMatchObject(expected);
});

/** As many as fit into a body. */
const AT_ONCE = 2_000;

test("an entity has as many relations as there may be, and not one more; whatever points to something goes with it up to as many", async () => {
  const holders = (from: number, count: number): object => ({
    holder: Array.from({ length: count }, (_none, index) => ({ type: "visitor", id: String(from + index) })),
  });
  must(await store.put(`${base}/ticket/full`, {}), 201);
  for (let from = 0; from < LIMITS.entityRelations; from += AT_ONCE) {
    must(await store.patch(`${base}/ticket/full`, { relate: holders(from, AT_ONCE) }), 200);
  }
  const more = await store.patch(`${base}/ticket/full`, { relate: holders(LIMITS.entityRelations, 1) });
  expect([more.status, more.body.code]).toEqual([409, "TOO_MANY_RELATIONS"]);
  const exchanged = { relate: holders(LIMITS.entityRelations, 1), unrelate: holders(0, 1) };
  must(await store.patch(`${base}/ticket/full`, exchanged), 200);
  must(await store.delete(`${base}/ticket/full`), 204);
}, 240_000);
