import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import path from "node:path";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization } from "../support/world.ts";

const [RECORDS, TREE] = ["authzen-certification", "document-tree"].map((name) => {
  return path.resolve(import.meta.dirname, `../../examples/${name}/policies`);
}) as [string, string];

let at: TestGateway;
let owner: Person;
let slug: string;
let store: Person;
let base: string;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [RECORDS, TREE] });
  owner = await at.person("owner");
  slug = await foundOrganization(owner);
  store = await at.service("store", { scopes: ["entities:write", "authz:evaluate"], organizations: [slug] });
  base = `/v1/organizations/${slug}/entities`;
});
afterAll(async () => await at.close());

const user = (id: string): object => ({ type: "user", id });

describe("an entity", () => {
  test("is made by PUT with attributes and relations, and read as it was stored", async () => {
    expect((await store.put(`${base}/user/ann`, { attributes: { role: "admin" } })).status).toBe(201);
    const made = await store.put(`${base}/record/r-1`, {
      attributes: { status: "active" },
      relations: { owner: [user("ann")] },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`${base}/record/r-1`);
    expect(made.headers.get("etag")).toBe('"1"');
    const read = await store.get(`${base}/record/r-1`);
    expect(read.body).toMatchObject({
      type: "record",
      id: "r-1",
      attributes: { status: "active" },
      relations: { owner: [user("ann")] },
    });
  });

  test("is replaced by who names its ETag, or says that it does not matter; saying the same again changes nothing", async () => {
    const document = { attributes: { status: "active" } };
    await store.put(`${base}/record/r-2`, document);
    expect((await store.put(`${base}/record/r-2`, document)).headers.get("etag")).toBe('"1"');
    const archived = { attributes: { status: "archived" } };
    const unnamed = await store.put(`${base}/record/r-2`, archived);
    expect([unnamed.status, unnamed.body.code, unnamed.headers.get("etag")]).toEqual([
      428,
      "PRECONDITION_REQUIRED",
      '"1"',
    ]);
    const old = await store.put(`${base}/record/r-2`, archived, { "if-match": '"7"' });
    expect([old.status, old.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
    const named = await store.put(`${base}/record/r-2`, archived, { "if-match": '"1"' });
    expect([named.status, named.headers.get("etag")]).toEqual([200, '"2"']);
    expect((await store.put(`${base}/record/r-2`, document, { "if-match": "*" })).status).toBe(200);
    expect((await store.put(`${base}/record/r-9`, document, { "if-match": "*" })).status).toBe(412);
  });

  test("is changed in parts by PATCH: attributes are merged, relations added and taken away", async () => {
    await store.put(`${base}/record/r-3`, { attributes: { status: "active" }, relations: { reader: [user("ann")] } });
    const patch = {
      attributes: { status: "archived" },
      relate: { owner: [user("bea")] },
      unrelate: { reader: [user("ann")] },
    };
    const patched = await store.patch(`${base}/record/r-3`, patch);
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({ attributes: { status: "archived" }, relations: { owner: [user("bea")] } });
    expect(patched.body["relations"]).not.toHaveProperty("reader");
    expect((await store.patch(`${base}/record/none`, patch)).status).toBe(404);
  });

  test("goes with everything that points to it; who is stored under its id later has nothing of it", async () => {
    await store.put(`${base}/user/cid`, {});
    await store.put(`${base}/record/r-4`, { attributes: { status: "active" }, relations: { owner: [user("cid")] } });
    expect(await may("cid", "write", "r-4")).toBe(true);
    expect((await store.delete(`${base}/user/cid`)).status).toBe(204);
    expect((await store.get(`${base}/record/r-4`)).body["relations"]).toEqual({});
    expect((await store.get(`${base}/user/cid`)).status).toBe(404);
    await store.put(`${base}/user/cid`, {});
    expect(await may("cid", "write", "r-4")).toBe(false);
  });

  test("is refused with what does not fit, by the place in the body", async () => {
    const wrong = await store.put(`${base}/record/r-5`, {
      attributes: { status: "lost" },
      relations: { viewer: [user("ann")], owner: [{ type: "record", id: "r-1" }] },
    });
    expect([wrong.status, wrong.body.code]).toEqual([400, "INVALID_REQUEST"]);
    const paths = (wrong.body["issues"] as { path: string }[]).map((issue) => issue.path);
    expect(paths).toEqual(["body.attributes.status", "body.relations.viewer", "body.relations.owner.0"]);
    expect((await store.get(`${base}/record/r-5`)).status).toBe(404);
    expect((await store.put(`${base}/spaceship/x`, {})).status).toBe(404);
  });

  test("is refused where a relation points to itself, which OpenFGA would never take; another of its kind is fine", async () => {
    const member = (id: string): object => ({ relations: { member: [{ type: "group", id, relation: "member" }] } });
    const title = { attributes: { title: "Group" } };
    const circle = await store.put(`${base}/group/g-1`, { ...title, ...member("g-1") });
    expect([circle.status, circle.body.code]).toEqual([400, "INVALID_REQUEST"]);
    expect((await store.put(`${base}/group/g-1`, { ...title, ...member("g-2") })).status).toBe(201);
    expect((await store.put(`${base}/group/g-2`, { ...title, ...member("g-1") })).status).toBe(201);
    const own = await store.patch(`${base}/group/g-1`, {
      relate: { member: [{ type: "group", id: "g-1", relation: "member" }] },
    });
    expect(own.status).toBe(400);
  });

  test("is not written by a dry run, which answers as if", async () => {
    const dry = await store.put(`${base}/record/r-6?dryRun=true`, { attributes: { status: "active" } });
    expect([dry.status, dry.headers.get("bailiwick-dry-run")]).toEqual([201, "true"]);
    expect((await store.get(`${base}/record/r-6`)).status).toBe(404);
  });
});

async function evaluation(subject: string, action: string, record: string, properties?: object): Promise<Answered> {
  return await store.post(`/o/${slug}/access/v1/evaluation`, {
    subject: user(subject),
    action: { name: action, ...(properties && { properties }) },
    resource: { type: "record", id: record },
  });
}

async function may(subject: string, action: string, record: string): Promise<unknown> {
  const answer = await evaluation(subject, action, record);
  expect(answer.status).toBe(200);
  return answer.body["decision"];
}

describe("who may", () => {
  test("only a service with the scope, bound to the organization, and to the kind where it is bound to any", async () => {
    const other = await at.person("other");
    const foreign = await foundOrganization(other);
    const elsewhere = await at.service("elsewhere", { scopes: ["entities:write"], organizations: [foreign] });
    const reader = await at.service("reader", { scopes: ["authz:evaluate"], organizations: [slug] });
    const document = { attributes: { status: "active" } };
    const refusals = [
      await owner.put(`${base}/record/r-7`, document),
      await reader.put(`${base}/record/r-7`, document),
      await elsewhere.put(`${base}/record/r-7`, document),
      await elsewhere.put("/v1/organizations/nowhere/entities/record/r-7", document),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [403, "NOT_A_CLIENT"],
      [403, "SCOPE_MISSING"],
      [403, "ORGANIZATION_NOT_ACCESSIBLE"],
      [403, "ORGANIZATION_NOT_ACCESSIBLE"],
    ]);
    await at.sql("update clients set kinds = '{user}' where client_id = 'elsewhere'");
    const kindless = await elsewhere.put(`/v1/organizations/${foreign}/entities/record/r-7`, document);
    expect([kindless.status, kindless.body.code]).toEqual([403, "KIND_NOT_BOUND"]);
    expect((await elsewhere.put(`/v1/organizations/${foreign}/entities/user/u`, {})).status).toBe(201);
  });

  test("nothing is stored in a frozen organization, and everything is still read", async () => {
    const founder = await at.person("freezer");
    const frozen = await foundOrganization(founder);
    const service = await at.service("ice", { scopes: ["entities:write"], organizations: [frozen] });
    const record = `/v1/organizations/${frozen}/entities/record/r`;
    await service.put(record, { attributes: { status: "active" } });
    expect((await founder.post(`/v1/organizations/${frozen}/retire`)).status).toBe(200);
    const refused = await service.put(record, { attributes: { status: "archived" } }, { "if-match": "*" });
    expect([refused.status, refused.body.code]).toEqual([409, "ORGANIZATION_RETIRED"]);
    expect((await service.delete(record)).status).toBe(409);
    expect((await service.get(record)).status).toBe(200);
  });
});
