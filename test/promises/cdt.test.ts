/** Reads like the document: many organizations in one deployment (PROMISES.md, S3), with things that a host brings. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

interface Organization {
  readonly slug: string;
  readonly owner: Person;
  readonly member: Person;
  readonly service: Person;
  readonly entities: string;
}

const SCOPES = ["authz:evaluate", "authz:search", "entities:write"];

let gateway: TestGateway;
let bridge: Organization;
let tunnel: Organization;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  bridge = await organization("bridge");
  tunnel = await organization("tunnel");
});
afterAll(async () => await gateway.close());

/** With a member who wrote its one document; it is called alike everywhere. */
async function organization(name: string): Promise<Organization> {
  const [owner, member] = [await gateway.person(`${name}-owner`), await gateway.person(`${name}-member`)];
  const slug = await foundOrganization(owner, name);
  await addMember(owner, slug, member, "viewer");
  const service = await gateway.service(`${name}-service`, { scopes: SCOPES, organizations: [slug] });
  const entities = `/v1/organizations/${slug}/entities`;
  must(await service.put(`${entities}/document/plan`, documentOf(name, member)), 201);
  return { slug, owner, member, service, entities };
}

function documentOf(title: string, author: Person): object {
  const attributes = { title, state: "open", classification: "internal" };
  return { attributes, relations: { author: [{ type: "account", id: author.alias }] } };
}

interface Decided {
  readonly decision: boolean;
  readonly context: { readonly reasons: readonly { readonly code: string }[] };
}

async function ask(by: Person, at: string, who: Person, action: string): Promise<Decided> {
  const subject = { type: "account", id: who.alias };
  const question = { subject, action: { name: action }, resource: { type: "document", id: "plan" } };
  return must(await by.post(`${at}/access/v1/evaluation`, question), 200).body as unknown as Decided;
}

const found = async (by: Person, at: string, who: Person): Promise<unknown> => {
  const subject = { type: "account", id: who.alias };
  const question = { subject, action: { name: "view" }, resource: { type: "document" } };
  return must(await by.post(`${at}/access/v1/search/resource`, question), 200).body["results"];
};

describe("Many organizations", () => {
  test("S3.1 S3.12 one deployment hosts many organizations; a new one is there at once, without another server", async () => {
    const added = await organization("quay");
    for (const { slug, service, member } of [bridge, tunnel, added]) {
      expect(await ask(service, `/o/${slug}`, member, "edit")).toMatchObject({ decision: true });
    }
    expect(await ask(added.service, `/o/${added.slug}`, bridge.member, "view")).toMatchObject({ decision: false });
  });

  test("S3.2 every record belongs to one organization: the same id is another record in another; there is no global one", async () => {
    const scratch = await organization("scratch");
    const [there, here] = [tunnel, scratch].map(({ entities }) => `${entities}/document/plan`);
    must(await scratch.service.delete(here ?? ""), 204);
    expect((await tunnel.service.get(there ?? "")).body["attributes"]).toMatchObject({ title: "tunnel" });
    const unbound = await gateway.service("unbound", { scopes: ["entities:write"], organizations: [] });
    must(await unbound.put("/v1/entities/document/plan", documentOf("global", tunnel.member)), 404);
    const [row] = await gateway.sql<{ nullable: string }>(
      "select is_nullable as nullable from information_schema.columns where table_name = 'entities' and column_name = 'organization_id'",
    );
    expect(row?.nullable).toBe("NO");
  });
});

describe("Isolation", () => {
  test("S3.4 organizations never see each other's records: get, list, search, count, error text", async () => {
    const { service } = bridge;
    const only = `${tunnel.entities}/document/only-there`;
    must(await tunnel.service.put(only, documentOf("secret", tunnel.member)), 201);
    const [foreign, unknown] = [await service.get(only), await service.get(only.replace(tunnel.slug, "nowhere"))];
    expect([foreign.status, foreign.text]).toEqual([403, unknown.text]);
    const [own, absent] = [
      await service.get(`${bridge.entities}/document/only-there`),
      await service.get(`${bridge.entities}/document/nothing`),
    ];
    expect([own.status, own.text]).toEqual([404, absent.text]);
    const listed = must(await service.get(`${bridge.entities}/document`), 200);
    expect(listed.body.items).toMatchObject([{ id: "plan", attributes: { title: "bridge" } }]);
    expect(await found(service, "", tunnel.member)).toEqual([]);
    const subject = { type: "account", id: bridge.member.alias };
    const search = { subject, action: { name: "view" }, resource: { type: "document" } };
    const counted = must(await service.post("/access/v1/search/resource", search), 200);
    expect(counted.body).toMatchObject({ results: [{ type: "document", id: "plan" }], page: { count: 1 } });
    must(await tunnel.service.delete(only), 204);
  });

  test("S3.5 the one role in the organization decides: who is its Owner is nobody in another", async () => {
    const project = { attributes: { title: "P", state: "active" }, relations: {} };
    for (const { service, entities } of [bridge, tunnel]) {
      must(await service.put(`${entities}/project/p`, project), 201);
    }
    const close = async (at: Organization, who: Person): Promise<unknown> => {
      const question = {
        subject: { type: "account", id: who.alias },
        action: { name: "close" },
        resource: { type: "project", id: "p" },
      };
      return must(await at.service.post("/access/v1/evaluation", question), 200).body["decision"];
    };
    expect([await close(bridge, bridge.owner), await close(bridge, bridge.member)]).toEqual([true, false]);
    expect(await close(tunnel, bridge.owner)).toBe(false);
  });

  test("S3.7 the credential carries the organization: at the plain paths an id means what is called so there", async () => {
    expect(await ask(bridge.service, "", bridge.member, "edit")).toMatchObject({ decision: true });
    expect(await ask(tunnel.service, "", bridge.member, "edit")).toMatchObject({ decision: false });
    const both = await gateway.service("both", { scopes: SCOPES, organizations: [bridge.slug, tunnel.slug] });
    const question = {
      subject: { type: "account", id: bridge.member.alias },
      action: { name: "view" },
      resource: { type: "document", id: "plan" },
    };
    must(await both.post("/access/v1/evaluation", question), 400);
    expect(await ask(both, `/o/${bridge.slug}`, bridge.member, "edit")).toMatchObject({ decision: true });
  });

  test("S3.8 every request is scoped to it: what is asked at another organization's decision point is not accessible", async () => {
    const at = `/o/${tunnel.slug}`;
    const { decision, context } = await ask(bridge.service, at, tunnel.member, "view");
    expect([decision, context.reasons.map(({ code }) => code)]).toEqual([false, ["ORGANIZATION_NOT_ACCESSIBLE"]]);
    expect(await found(bridge.service, at, tunnel.member)).toEqual([]);
    expect(await ask(tunnel.service, at, tunnel.member, "view")).toMatchObject({ decision: true });
  });

  test("S3.9 the database link is never empty: where no organization is set, the database refuses, and shows none but that one", async () => {
    const client = new pg.Client({ connectionString: gateway.config.databaseUrl ?? "" });
    await client.connect();
    try {
      await client.query("begin; set local role bailiwick_app");
      await expect(client.query("select id from entities")).rejects.toThrow("app.organization is not set");
      await client.query("rollback; begin; set local role bailiwick_app");
      const [row] = await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [bridge.slug]);
      await client.query("select set_config('app.organization', $1, true)", [row?.id]);
      const { rows } = await client.query<{ organization_id: string }>("select organization_id from entities");
      expect(new Set(rows.map(({ organization_id }) => organization_id))).toEqual(new Set([row?.id]));
    } finally {
      await client.end();
    }
  });

  test("S3.10 signing in to one organization can neither read nor change another's data", async () => {
    const path = `${tunnel.entities}/document/plan`;
    const before = must(await tunnel.service.get(path), 200);
    for (const by of [bridge.service, bridge.owner, bridge.member]) {
      const refused = [
        await by.get(path),
        await by.put(path, documentOf("mine", bridge.member), { "if-match": "*" }),
        await by.patch(path, { attributes: { state: "locked" } }),
        await by.delete(path),
        await by.get(`/v1/organizations/${tunnel.slug}/audit`),
        await by.patch(`/v1/organizations/${tunnel.slug}`, { name: "Mine" }),
      ];
      expect(refused.map(({ status }) => status)).toEqual(Array<number>(6).fill(403));
    }
    const after = must(await tunnel.service.get(path), 200);
    expect([after.text, after.headers.get("etag")]).toEqual([before.text, before.headers.get("etag")]);
  });
});
