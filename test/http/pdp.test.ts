/** AUTHZEN.md: each organization is a PDP of its own at `/o/{slug}/access/v1/…`. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { get } from "node:http";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let other: string;
let anchor: string;
let sector: string;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { PUBLIC_URL: "https://authz.example.com" } });
  alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  other = await foundOrganization(alice);
  ({ anchor, sector } = await addApplication(alice, slug));
  for (const each of [slug, other]) await addMember(alice, each, bob, "viewer");
});
afterAll(async () => await gateway.close());

async function ask(at: string, resource: readonly [string, string], by: Person = gateway.shop): Promise<Answered> {
  const [type, id] = resource;
  const question = { subject: { type: "account", id: bob.alias }, action: { name: "view" }, resource: { type, id } };
  return await by.post(`${at}/access/v1/evaluation`, question);
}

test('"Built-in ids are unique everywhere (organization: slug; application: anchor; sector: id; member: `slug/alias`)"', async () => {
  const things = [
    ["organization", slug],
    ["organization", other],
    ["application", anchor],
    ["sector", sector],
    ["member", `${slug}/bob`],
    ["member", `${other}/bob`],
  ] as const;
  const versions = new Set<unknown>();
  for (const thing of things) {
    const { status, body } = await ask("", thing);
    expect([thing, status, body["decision"]]).toEqual([thing, 200, true]);
    versions.add((body["context"] as { version: number }).version);
  }
  expect(versions.size).toBe(2); // of one organization and the other
});

test('"Which organization? Requests name none": what one says of it is ignored', async () => {
  const question = {
    subject: { type: "account", id: bob.alias },
    action: { name: "view" },
    resource: { type: "application", id: anchor },
  };
  for (const at of ["", `/o/${slug}`]) {
    const plain = await gateway.shop.post(`${at}/access/v1/evaluation`, question);
    expect(plain.body).toMatchObject({ decision: true });
    const naming = { ...question, organization: other, context: { organization: other } };
    expect(undrawn(await gateway.shop.post(`${at}/access/v1/evaluation`, naming))).toBe(undrawn(plain));
  }
});

describe('A decision point: "each organization is a PDP of its own at `/o/{slug}/access/v1/…`"', () => {
  test("decides about what is in it, as the plain path does", async () => {
    for (const resource of [["application", anchor] as const, ["organization", slug] as const]) {
      const plain = await ask("", resource);
      expect(plain.body).toMatchObject({ decision: true });
      expect(undrawn(await ask(`/o/${slug}`, resource))).toBe(undrawn(plain));
    }
  });

  test("does not know what lies elsewhere, as little as what does not exist", async () => {
    const unknown = await ask(`/o/${other}`, ["application", "app-00000000000000000000"]);
    expect(unknown.body).toMatchObject({ decision: false, context: { reasons: [{ code: "UNKNOWN_RESOURCE" }] } });
    expect(undrawn(await ask(`/o/${other}`, ["application", anchor]))).toBe(undrawn(unknown));
    expect(undrawn(await ask(`/o/${other}`, ["organization", slug]))).toBe(undrawn(unknown));
  });

  test("knows a member by the organization's own slug only, though the alias is a member's of both", async () => {
    expect((await ask(`/o/${slug}`, ["member", `${slug}/bob`])).body).toMatchObject({ decision: true });
    for (const id of [`${other}/bob`, "bob", "/bob", `${slug}/`]) {
      const answer = await ask(`/o/${slug}`, ["member", id]);
      expect([id, answer.body]).toMatchObject([id, { context: { reasons: [{ code: "UNKNOWN_RESOURCE" }] } }]);
    }
  });

  test("that the service is not bound to is one that it knows nothing of", async () => {
    const bound = await gateway.service("bound", { scopes: ["authz:evaluate"], organizations: [slug] });
    expect((await ask(`/o/${slug}`, ["application", anchor], bound)).body).toMatchObject({ decision: true });
    const foreign = await ask(`/o/${other}`, ["organization", other], bound);
    expect(foreign.body).toMatchObject({ context: { reasons: [{ code: "ORGANIZATION_NOT_ACCESSIBLE" }] } });
    expect(undrawn(await ask("/o/no-such-organization", ["organization", other], bound))).toBe(undrawn(foreign));
  });

  test("is named by a slug: what is none is 400", async () => {
    expect((await ask("/o/Not%20A%20Slug", ["organization", slug])).status).toBe(400);
  });
});

test("a member is named by slug and alias: one whose organization is called like it is not found by the alias alone", async () => {
  const [carol, named] = [await gateway.person("carol"), "carol"];
  await carol.post("/v1/organizations", { slug: named, name: "Carol's" });
  await addMember(carol, named, bob, "viewer");
  expect((await ask("", ["member", "carol/carol"])).body).toMatchObject({ decision: true });
  expect((await ask("", ["member", "carol"])).body).toMatchObject({ decision: false });
});

/** The metadata, asked for under another name than the gateway's own: `fetch` does not let one say that. */
async function metadata(at: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const { hostname, port } = new URL(gateway.url);
  const path = `/.well-known/authzen-configuration${at}`;
  return await new Promise((resolve, reject) => {
    const sent = get({ hostname, port, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const received = new Headers(response.headers as Record<string, string>);
        const body = JSON.parse(text) as Answered["body"];
        resolve({ status: response.statusCode ?? 0, headers: received, text, body });
      });
    });
    sent.on("error", reject);
  });
}

/** Each of its members. */
async function member(name: string): Promise<unknown[]> {
  const all = [await metadata(""), await metadata(`/o/${slug}`)];
  return all.map(({ body }) => body[name]);
}

const AT = (path: string): string[] => ["", `/o/${slug}`].map((at) => `https://authz.example.com${at}${path}`);

describe('The metadata of a decision point: "metadata at `/.well-known/authzen-configuration/o/{slug}`"', () => {
  test('"`/access/v1/evaluation` | `access_evaluation_endpoint`"', async () => {
    expect(await member("access_evaluation_endpoint")).toEqual(AT("/access/v1/evaluation"));
  });

  test('"`/access/v1/evaluations` | `access_evaluations_endpoint`"', async () => {
    expect(await member("access_evaluations_endpoint")).toEqual(AT("/access/v1/evaluations"));
  });

  test('"`/access/v1/search/{subject,resource,action}` | `search_{subject,resource,action}_endpoint`"', async () => {
    for (const what of ["subject", "resource", "action"]) {
      expect(await member(`search_${what}_endpoint`)).toEqual(AT(`/access/v1/search/${what}`));
    }
  });

  test('"`policy_decision_point` (from configuration, never from the Host header)", as is all of it', async () => {
    expect(await member("policy_decision_point")).toEqual(AT(""));
    for (const at of ["", `/o/${slug}`]) {
      const { text } = await metadata(at);
      const names = { host: "evil.example", "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
      const asked = await metadata(at, { ...names, "x-forwarded-proto": "http", origin: "https://evil.example" });
      expect([asked.status, asked.text]).toEqual([200, text]);
    }
  });

  test('"metadata has a max-age": everybody may keep it for an hour; it is GET alone, and names only what there is', async () => {
    for (const at of ["", `/o/${slug}`]) {
      const { status, headers, body } = await metadata(at);
      expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(headers.get("cache-control")).toBe("public, max-age=3600");
      expect(Object.keys(body)).toHaveLength(6);
      const posted = await gateway.shop.post(`/.well-known/authzen-configuration${at}`, {});
      expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    }
  });

  test("does not tell whether there is such an organization", async () => {
    expect((await metadata("/o/no-such-organization")).status).toBe(200);
  });
});

describe("The body of a check", () => {
  const question = (): Record<string, unknown> => ({
    subject: { type: "account", id: bob.alias },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  });

  test.each([
    [0, 200],
    [1, 413],
  ])("of the most bytes that there may be and %i is answered %i", async (more, status) => {
    const bare = JSON.stringify({ ...question(), padding: "" }).length;
    const answer = await gateway.shop.post("/access/v1/evaluation", {
      ...question(),
      padding: "x".repeat(LIMITS.checkBytes - bare + more),
    });
    expect(answer.status).toBe(status);
  });

  test.each([
    ["objects", (inner: unknown): unknown => ({ inner }), 0, 200],
    ["objects", (inner: unknown): unknown => ({ inner }), 1, 400],
    ["lists", (inner: unknown): unknown => [inner], 0, 200],
    ["lists", (inner: unknown): unknown => [inner], 1, 400],
  ])("of %s as deep as they may be and %i is answered %i", async (_what, wrap, more, status) => {
    let deep: unknown = 1;
    // The body is the first level, and `context` the second.
    for (let level = 2; level < LIMITS.checkDepth + more; level += 1) deep = wrap(deep);
    const answer = await gateway.shop.post("/access/v1/evaluation", { ...question(), context: { deep } });
    expect(answer.status).toBe(status);
  });

  test("that is nothing but depth is refused, and nothing falls over", async () => {
    const body = `{"context":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const headers = { authorization: `Bearer ${gateway.shop.token}`, "content-type": "application/json" };
    const response = await fetch(`${gateway.url}/access/v1/evaluation`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
  });
});
