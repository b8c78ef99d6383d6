/** S3.4: organizations never see each other's things, though all their ids are the same. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";
import {
  askAboutPeople,
  askEverything,
  auditOf,
  importLines,
  linesOf,
  makeTwins,
  ONLY,
  readEverything,
  type Twin,
  type Twins,
} from "./isolation-world.ts";

/** Of many questions, on a busy machine. */
const LONG = 120_000;
const PEOPLE =
  process.env["BAILIWICK_FULL"] === "1" ? ["bob", "carl", "dora", "eve", "alice"] : ["bob", "dora", "alice"];

let gateway: TestGateway;
let twins: Twins;
let before: Seen;
let foreignBefore: string[];
/** Of the other one; nothing changes in it. */
let there: Seen;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  twins = await makeTwins(gateway);
  await store(twins.one, true);
  before = await seen(twins.one);
  foreignBefore = await strangers(twins.other.slug);
  await store(twins.other, false);
  await foundOrganization(twins.bob); // what he owns elsewhere is nobody's business here
  there = await seen(twins.other);
}, LONG);
afterAll(async () => await gateway.close());

async function store(twin: Twin, isFirst: boolean): Promise<void> {
  const lines = linesOf(twin, isFirst);
  const report = await importLines(gateway.url, twins.keeper, `${twin.slug}/entities`, lines);
  expect(report.text).toContain(`"stored":${lines.length},"unchanged":0,"refused":0`);
}

interface Seen {
  readonly asked: readonly string[];
  readonly read: readonly string[];
  readonly audit: string;
}

/** All that can be seen of an organization: by its service, at both decision points; by its people about themselves. */
async function seen(twin: Twin): Promise<Seen> {
  const { url } = gateway;
  const { slug, service, own } = twin;
  const asked: string[] = [];
  asked.push(...(await askEverything({ url, by: service, slug, at: `/o/${slug}` }, PEOPLE)));
  asked.push(...(await askEverything({ url, by: service, slug, at: "" }, ["bob", own.alias])));
  asked.push(...(await askAboutPeople({ url, by: service, slug, at: "" }, twin)));
  for (const by of [twins.bob, own, twin.owner]) {
    asked.push(...(await askEverything({ url, by, slug, at: `/o/${slug}` }, [by.alias])));
  }
  const read = await readEverything({ url, by: service, slug, at: "" });
  return { asked, read, audit: await auditOf(twin) };
}

/** What those see of it who have nothing to do there: a service of the other organization, its member, and somebody of neither. */
async function strangers(slug: string): Promise<string[]> {
  const { url } = gateway;
  const [{ service, own }, at] = [twins.one, `/o/${slug}`];
  const answers = [
    ...(await askEverything({ url, by: service, slug, at }, PEOPLE)),
    ...(await askAboutPeople({ url, by: service, slug, at }, { ...twins.other, slug })),
    ...(await readEverything({ url, by: service, slug, at })),
    ...(await askEverything({ url, by: own, slug, at }, [own.alias, "bob"])),
    ...(await readEverything({ url, by: own, slug, at })),
    ...(await askEverything({ url, by: twins.eve, slug, at }, ["eve", "dora"])),
  ];
  return answers.map((text) => text.replaceAll(slug, "{slug}"));
}

describe("What is seen of one organization", () => {
  test(
    "is the same, byte for byte, whether or not the other one has the same ids: every question, search, list, export, report and refusal",
    async () => {
      const after = await seen(twins.one);
      expect(after).toEqual(before);
      expect(after.read.join("\n")).not.toContain('"title":"Other"');
    },
    LONG,
  );

  test(
    "is what is stored there: of the same questions the other one's answers differ",
    () => {
      expect(there.asked.filter((text, index) => text !== before.asked[index]).length).toBeGreaterThan(30);
      expect(there.read.filter((text, index) => text !== before.read[index]).length).toBeGreaterThan(15);
      expect([...there.asked, ...there.read].join("\n")).not.toContain('"title":"First"');
      for (const { asked } of [before, there]) expect(asked.join("\n")).toContain('"decision":true');
    },
    LONG,
  );

  test(
    "does not change by what is done in the other one, nor does its ETag",
    async () => {
      const base = `/v1/organizations/${twins.one.slug}`;
      const { service, owner } = twins.one;
      must(await service.patch(`${base}/entities/document/d1`, { attributes: { state: "locked" } }), 200);
      must(await service.delete(`${base}/entities/group/g`), 204);
      must(await owner.post(`${base}/retire`), 200);
      expect(await seen(twins.other)).toEqual(there);
      must(await owner.post(`${base}/enable`), 200);
    },
    LONG,
  );
});

describe("Strangers", () => {
  test("see nothing of it, neither before nor after anything is stored, and as little as of what does not exist", async () => {
    const after = await strangers(twins.other.slug);
    expect(after).toEqual(foreignBefore);
    expect(after).toEqual(await strangers("no-such-organization"));
    expect(after.join("\n")).not.toMatch(/"decision":true|"attributes"|"version"|"facts":\{|"value"/);
    expect(after.join("\n")).toContain('"decision":false');
  });
});

test("an id always means the own organization's: what one relates to an id that only the other has stays its own", async () => {
  const { one, other, bob } = twins;
  const everything = async (): Promise<string[]> => [
    ...(await askEverything({ url: gateway.url, by: other.service, slug: other.slug, at: "" }, ["bob"])),
    ...(await readEverything({ url: gateway.url, by: other.service, slug: other.slug, at: "" })),
  ];
  const there = await everything();
  const base = `/v1/organizations/${one.slug}/entities`;
  const facts = { title: "Bridge", state: "open", classification: "internal" };
  const shared = [{ type: "account", id: "bob" }];
  // In the other one Dora is the author of what is called so; here it is a folder of nobody's.
  const folder = { folder: [{ type: "folder", id: ONLY }] };
  must(await one.service.put(`${base}/document/bridge`, { attributes: facts, relations: folder }), 201);
  must(
    await other.service.put(`/v1/organizations/${other.slug}/entities/folder/${ONLY}`, {
      attributes: { title: "Shared" },
      relations: { shared_with: shared },
    }),
    201,
  );
  const view = async (by: Person, slug: string, resource: object): Promise<unknown> => {
    const question = { subject: { type: "account", id: bob.alias }, action: { name: "view" }, resource };
    return must(await by.post(`/o/${slug}/access/v1/evaluation`, question), 200).body["decision"];
  };
  expect(await view(other.service, other.slug, { type: "folder", id: ONLY })).toBe(true);
  expect(await view(one.service, one.slug, { type: "document", id: "bridge" })).toBe(false);
  must(await one.service.put(`${base}/folder/${ONLY}`, { attributes: { title: "T" }, relations: {} }), 201);
  expect(await view(one.service, one.slug, { type: "document", id: "bridge" })).toBe(false);
  must(await one.service.patch(`${base}/folder/${ONLY}`, { relate: { shared_with: shared } }), 200);
  expect(await view(one.service, one.slug, { type: "document", id: "bridge" })).toBe(true);
  must(await other.service.delete(`/v1/organizations/${other.slug}/entities/folder/${ONLY}`), 204);
  expect(await everything()).toEqual(there);
  expect(await view(one.service, one.slug, { type: "document", id: "bridge" })).toBe(true);
});

test.each(["resource", "subject"])(
  "a page's token of a %s search opens nothing elsewhere, nor to another caller",
  async (what) => {
    const { one, other, keeper } = twins;
    const alice = { type: "account", id: "alice" };
    const question = {
      subject: what === "subject" ? { type: "account" } : alice,
      action: { name: "view" },
      resource: what === "subject" ? { type: "project", id: "p" } : { type: "document" },
      page: { limit: 1 },
    };
    const at = ({ slug }: Twin): string => `/o/${slug}/access/v1/search/${what}`;
    // Alice, an admin and more, sees every document that is not confidential; the project has two who see it.
    must(
      await one.service.patch(`/v1/organizations/${one.slug}/entities/project/p`, {
        relate: { contributor: [{ type: "account", id: "bob" }] },
      }),
      200,
    );
    const first = must(await keeper.post(at(one), question), 200);
    const { next_token: token } = first.body["page"] as { next_token: string };
    expect(token).not.toBe("");
    const next = { ...question, page: { limit: 1, token } };
    must(await keeper.post(at(one), next), 200);
    const refused = [
      await keeper.post(at(other), next),
      await one.service.post(at(one), next),
      await one.service.post(`/access/v1/search/${what}`, next),
      await other.service.post(at(other), next),
    ];
    for (const { status, body } of refused) expect([status, body.code]).toEqual([400, "INVALID_REQUEST"]);
    expect(new Set(refused.map(({ text }) => text)).size).toBe(1);
  },
);

test("a list's token opens nothing elsewhere, nor to another caller", async () => {
  const { one, other, keeper } = twins;
  const list = ({ slug }: Twin, query: string): string => `/v1/organizations/${slug}/entities/document?${query}`;
  const token = must(await keeper.get(list(one, "page_size=1")), 200).body.next_page_token ?? "";
  must(await keeper.get(list(one, `page_token=${token}`)), 200);
  const refused = [
    await keeper.get(list(other, `page_token=${token}`)),
    await one.service.get(list(one, `page_token=${token}`)),
    await keeper.get(list(one, `page_token=${token}&attribute=title%3DFirst`)),
  ];
  for (const { status, body } of refused) expect([status, body.code]).toEqual([400, "INVALID_REQUEST"]);
});

test("a line in the log of decisions has names of its own organization only", async () => {
  const folder = gateway.config.decisionLog?.folder ?? "";
  const rows = await gateway.sql<{ organization: string; surrogate: string }>(
    "select organization_id as organization, surrogate from entities",
  );
  const owners = new Map(rows.map(({ organization, surrogate }) => [surrogate, organization]));
  const lines = await eventually(() => {
    const text = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), "utf8"));
    const found = text
      .join("")
      .split("\n")
      .filter((line) => /"e-[0-9a-z]{20}"/.test(line));
    expect(found.length).toBeGreaterThan(500);
    return found;
  });
  const [named, searches] = [new Set<string>(), new Set<string>()];
  for (const line of lines) {
    const told = JSON.parse(line) as { organization: string; organizations?: readonly { readonly id: string }[] };
    const [{ id: organization } = { id: told.organization }, ...others] = told.organizations ?? [];
    expect(others).toEqual([]);
    if (told.organizations !== undefined) searches.add(organization);
    named.add(organization);
    for (const [, surrogate = ""] of line.matchAll(/"(e-[0-9a-z]{20})"/g)) {
      expect([surrogate, owners.get(surrogate) ?? organization]).toEqual([surrogate, organization]);
    }
  }
  expect([named.size, searches.size]).toEqual([2, 2]);
});
