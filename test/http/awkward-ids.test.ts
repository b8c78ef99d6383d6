/** AUTHZEN.md: ids are any non-empty string up to 256 bytes, compared byte by byte, never normalized. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { request } from "node:http";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { readStore } from "../support/graph.ts";
import { RECORDS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";

/** Each of them is another than all the others, though some look alike, or are one and the same to who normalizes, trims or decodes. */
const IDS: readonly string[] = [
  ...["/", "a/b", "a/../b", ".", "..", "../..", "//", "a/", "\\", "a\\b"],
  ...[":", "record:1", "user:*", "*", "#", "user#owner", "@", "a@b", "e-00000000000000000000", "account:bob"],
  ...["{", "{}", "{{x}}", "${x}", "[]", "%", "%2F", "%252F", "%00", "&x=1", "?x=1", "a=b", "+"],
  ...[" ", "  ", " a", "a", "a ", "A", "\t", "\n", "\r\n", "\u00a0", "\u200b", "\u2028", "\ufeff", "\ufeffa"],
  ...['"', "'", "`", "';--", "\u0001", "\u007f", "$1", "null", "true", "0", "__proto__", "constructor"],
  ...["é", "e\u0301", "Å", "A\u030a", "\u212b", "ß", "ss", "ǆ", "İ", "i\u0307", "ﬁ", "fi"],
  ...["漢", "\u{1f642}", "\u{1f469}\u200d\u{1f680}"],
  ...["x".repeat(LIMITS.idBytes), "é".repeat(LIMITS.idBytes / 2), "e\u0301".repeat(85)],
];

let gateway: TestGateway;
let slug: string;
let store: Person;
let base: string;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [RECORDS] });
  const alice = await gateway.person("alice");
  slug = await foundOrganization(alice);
  const scopes = ["authz:evaluate", "authz:search", "authz:explain", "entities:write"];
  store = await gateway.service("store", { scopes, organizations: [slug] });
  base = `/v1/organizations/${slug}/entities`;
});
afterAll(async () => await gateway.close());

const user = (id: string): object => ({ type: "user", id });
const record = (id: string): object => ({ type: "record", id });
const documentOf = (id: string): object => ({ attributes: { status: "active" }, relations: { owner: [user(id)] } });

/** As it is: `fetch` takes `.` and `..` out of a path, however they are encoded. */
async function raw(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  return await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${store.token}`, "content-type": "application/json" };
    const { hostname, port } = new URL(gateway.url);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: response.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) });
      });
    });
    sent.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function importLines(lines: readonly string[]): Promise<string> {
  const response = await fetch(gateway.url + base, {
    method: "POST",
    headers: { authorization: `Bearer ${store.token}`, "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  return await response.text();
}

async function results(what: string, question: object): Promise<unknown> {
  const answer = must(await store.post(`/o/${slug}/access/v1/search/${what}`, question), 200);
  return answer.body["results"];
}

async function page(query: string): Promise<readonly { id: string; relations: object }[]> {
  const { items } = must(await store.get(`${base}/${query}`), 200).body;
  return items as { id: string; relations: object }[]; // the contract tests hold its shape
}

/** What may be said of one is said of it alone. */
const WRITE = { name: "write" };

describe('Ids, "any non-empty string up to 256 bytes (slashes, colons, `#`, `@`, braces, spaces, any Unicode)"', () => {
  test("are stored by PUT and by import, each a thing of its own, and read as they are", async () => {
    expect(new Set(IDS).size).toBe(IDS.length);
    for (const [index, id] of IDS.entries()) {
      if (index % 2 === 1) continue;
      const made = await raw("PUT", `${base}/record/${encodeURIComponent(id)}`, documentOf(id));
      expect([id, made.status]).toEqual([id, 201]);
    }
    const odd = IDS.filter((_id, index) => index % 2 === 1);
    const lines = [
      ...odd.map((id) => ({ type: "record", id, ...documentOf(id) })),
      ...IDS.map((id) => ({ type: "user", id, attributes: { role: "clerk" } })),
    ];
    const report = await importLines(lines.map((line) => JSON.stringify(line)));
    expect(report).toContain(`"stored":${lines.length},"unchanged":0,"refused":0`);
    for (const id of IDS) {
      const read = await raw("GET", `${base}/record/${encodeURIComponent(id)}`);
      expect(read).toMatchObject({ status: 200, body: { type: "record", id, relations: { owner: [user(id)] } } });
    }
  });

  test('"They never enter the graph: the ledger maps (organization, type, id) to a short surrogate"', async () => {
    const tuples = await readStore(gateway.storeId, gateway.engines.openfga);
    const names = tuples
      .flatMap(({ user: who, object }) => [who, object])
      .filter((name) => /^(user|record):/.test(name));
    expect(new Set(names).size).toBe(2 * IDS.length);
    for (const name of names) expect(name).toMatch(/^(user|record):e-[0-9a-z]{20}$/);
    for (const id of IDS) expect(names).not.toContain(`record:${id}`);
    // The same id of another type, and in another organization, is another's.
    const elsewhere = await foundOrganization(await gateway.person("alice"));
    const keeper = await gateway.service("keeper", { scopes: ["entities:write"], organizations: [elsewhere] });
    must(await keeper.put(`/v1/organizations/${elsewhere}/entities/user/a`, {}), 201);
    const rows = await gateway.sql<{ surrogate: string }>("select surrogate from entities where id = 'a'");
    expect(new Set(rows.map(({ surrogate }) => surrogate)).size).toBe(3);
  });

  test("are listed, in the order of their bytes, and found by filters alone", async () => {
    const ids: string[] = [];
    for (let token = ""; ;) {
      const query = token === "" ? "record?page_size=7" : `record?page_size=7&page_token=${token}`;
      const answer = must(await store.get(`${base}/${query}`), 200);
      ids.push(...(answer.body.items as { id: string }[]).map(({ id }) => id));
      token = answer.body.next_page_token ?? "";
      if (token === "") break;
    }
    expect(ids).toEqual([...IDS].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))));
    for (const id of IDS) {
      const found = await page(`record?related=${encodeURIComponent(`owner:user:${id}`)}`);
      expect(found.map((each) => each.id)).toEqual([id]);
    }
  });

  test("are exported as an import takes them: nothing changes by it", async () => {
    const { text } = must(await store.get(base), 200);
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(2 * IDS.length);
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id))).toEqual(new Set(IDS));
    expect(await importLines(lines)).toContain(`"stored":0,"unchanged":${lines.length},"refused":0`);
  });

  test('are "compared byte by byte, never normalized", alone and in batches: each user owns the record that is called so, and no other', async () => {
    for (const [index, id] of IDS.entries()) {
      const question = { subject: user(id), action: WRITE, resource: record(id) };
      const single = must(await store.post(`/o/${slug}/access/v1/evaluation`, question), 200);
      expect([id, single.body["decision"]]).toEqual([id, true]);
      const near = IDS.slice(Math.max(0, index - 5), index + 5); // those that look like it stand beside it
      const evaluations = near.map((other) => ({ resource: record(other) }));
      const batch = must(await store.post("/access/v1/evaluations", { ...question, evaluations }), 200);
      const decisions = (batch.body["evaluations"] as { decision: boolean }[]).map(({ decision }) => decision);
      expect([id, near.filter((_id, at) => decisions[at])]).toEqual([id, [id]]);
    }
  });

  test("are searched, by subject, by resource and by action, and explained", async () => {
    for (const [index, id] of IDS.entries()) {
      if (!IS_FULL && index % 4 > 0) continue;
      expect(await results("subject", { subject: { type: "user" }, action: WRITE, resource: record(id) })).toEqual([
        user(id),
      ]);
      expect(await results("resource", { subject: user(id), action: WRITE, resource: { type: "record" } })).toEqual([
        record(id),
      ]);
      if (index % 4 > 0) continue;
      expect(await results("action", { subject: user(id), resource: record(id) })).toContainEqual(WRITE);
      const told = must(
        await store.post("/v1/explain", { subject: user(id), action: WRITE, resource: record(id) }),
        200,
      );
      expect(told.body["relations"]).toContainEqual(
        expect.objectContaining({ relation: "owner", object: record(id), subject: user(id) }),
      );
    }
  });

  test("are removed one by one, and the others stay", async () => {
    for (const id of ["é", "..", " ", "%2F"]) {
      expect((await raw("DELETE", `${base}/record/${encodeURIComponent(id)}`)).status).toBe(204);
    }
    const { text } = must(await store.get(`${base}?type=record`), 200);
    expect(text.trimEnd().split("\n")).toHaveLength(IDS.length - 4);
    expect((await raw("GET", `${base}/record/${encodeURIComponent("e\u0301")}`)).status).toBe(200);
  });
});

describe("No id is", () => {
  const wrong: readonly [string, string][] = [
    ["one byte too long", "x".repeat(LIMITS.idBytes + 1)],
    ["of few characters and too many bytes", "漢".repeat(86)],
    ["a NUL", "\0"],
    ["with a NUL in it", "a\0b"],
    ["a lone surrogate", "\ud800"],
    ["with a lone surrogate in it", "a\udc00b"],
    ["empty", ""],
  ];

  test.each(wrong)(
    '%s ("NUL and lone surrogates: 400"): in a check, a search and an explanation, a broken item, a refused line',
    async (_what, id) => {
      const [subject, resource] = [user("a"), record(id)];
      const statuses = [
        await store.post("/access/v1/evaluation", { subject, action: WRITE, resource }),
        await store.post("/access/v1/evaluation", { subject: user(id), action: WRITE, resource: record("a") }),
        await store.post("/access/v1/evaluation", { subject, action: { name: id }, resource: record("a") }),
        await store.post("/access/v1/search/subject", { subject: { type: "user" }, action: WRITE, resource }),
        await store.post("/access/v1/search/resource", {
          subject: user(id),
          action: WRITE,
          resource: { type: "record" },
        }),
        await store.post("/access/v1/search/action", { subject, resource }),
        await store.post("/v1/explain", { subject, action: WRITE, resource }),
        await store.put(`${base}/user/fine`, { relations: { owner: [user(id)] } }),
      ].map(({ status }) => status);
      expect(statuses).toEqual(Array<number>(8).fill(400));
      const batch = must(
        await store.post("/access/v1/evaluations", { subject, action: WRITE, evaluations: [{ resource }] }),
        200,
      );
      expect(batch.body["evaluations"]).toMatchObject([{ decision: false, context: { error: { status: 400 } } }]);
      expect(await importLines([JSON.stringify({ type: "user", id })])).toContain('"refused":1');
    },
  );

  test.each([["%00"], ["a%00b"], ["%ED%A0%80"], ["%FF"], ["%"]])("in a path or a filter, %s", async (encoded) => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const { status } = await raw(method, `${base}/user/${encoded}`, method === "PUT" ? {} : undefined);
      expect([method, status]).toEqual([method, 400]);
    }
    expect((await raw("GET", `${base}/record?related=owner:user:${encoded}`)).status).toBe(400);
  });
});

test.each([["attribute=status%3D%00"], ["attribute=%00%3Dx"], ["related=ow%00ner:user:x"]])(
  "no filter has a NUL: %s",
  async (query) => {
    expect((await raw("GET", `${base}/record?${query}`)).status).toBe(400);
  },
);
