/** Whom a search for people looks at: those with a role that the action needs, and nobody else. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { SearchRecord } from "../../src/entities/decisions.ts";
import { searchSubjects } from "../../src/stores/search.ts";
import { lineOf } from "../support/decision-lines.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let people: Person[];
let slug: string;
let sector: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  people = await Promise.all(["ann", "ben", "cas", "dan", "eve"].map(async (name) => await gateway.person(name)));
  const [ann, ben, cas, dan] = people as [Person, Person, Person, Person];
  slug = await foundOrganization(ann);
  sector = (await addApplication(ann, slug)).sector;
  await addMember(ann, slug, ben, "admin");
  await addMember(ann, slug, cas, "viewer");
  await addMember(ann, slug, dan, "billing");
});
afterAll(async () => await gateway.close());

interface Found {
  readonly found: string[];
  readonly candidates: number;
}

async function whoMay(action: string, type: string, id: string, limit = 50): Promise<Found> {
  const found: string[] = [];
  let [token, candidates] = ["", 0];
  do {
    const page = { limit, ...(token !== "" && { token }) };
    const question = { subject: { type: "account" }, action: { name: action }, resource: { type, id }, page };
    const answer = must(await gateway.shop.post("/access/v1/search/subject", question), 200);
    const body = answer.body as { results: { id: string }[]; page: { next_token: string } };
    found.push(...body.results.map((each) => each.id));
    token = body.page.next_token;
    candidates += (await lineOf<SearchRecord>(gateway, answer)).candidates;
  } while (token !== "");
  return { found: found.sort(), candidates };
}

test.each([
  ["an owner or an admin, where that is asked for", "sector rename", ["ann", "ben"], 2],
  ["an owner", "organization list_invitations", ["ann"], 1],
  ["whoever has a role from viewer upwards, and not billing", "sector view", ["ann", "ben", "cas"], 3],
  ["every member, where each may", "organization view", ["ann", "ben", "cas", "dan"], 4],
  ["nobody, where only services may", "organization store_entities", [], 0],
  ["every member, where the action is unknown", "sector fly", [], 4],
])("%s: %s", async (_who, asked, found, candidates) => {
  const [type = "", action = ""] = asked.split(" ");
  const id = type === "sector" ? sector : slug;
  expect(await whoMay(action, type, id)).toEqual({ found, candidates });
  expect((await whoMay(action, type, id, 1)).found).toEqual(found);
});

test("also who is no member, where a role is not needed", async () => {
  const [ann] = people as [Person];
  const invitation = { alias: "eve", role: "viewer" };
  const { body } = must(await ann.post(`/v1/organizations/${slug}/invitations`, invitation), 201);
  expect((await whoMay("accept", "invitation", String(body.id))).found).toEqual(["eve"]);
  expect((await whoMay("revoke", "invitation", String(body.id))).found).toEqual(["ann"]);
});

test("whose role the graph does not have is found no more than a question about it says yes", async () => {
  const [row] = await gateway.sql<{ organization: string; pseudonym: string }>(
    "select o.id as organization, a.pseudonym from organizations o cross join accounts a where o.slug = $1 and a.alias = 'ben'",
    [slug],
  );
  const tuple = { user: `account:${row?.pseudonym}`, relation: "admin", object: `organization:${row?.organization}` };
  const { graph } = gateway.gateway.deps;
  const isGone = ({ user }: { user: string }): boolean => user === tuple.user;
  const holds: typeof graph.holds = async (tuples, timeoutMs) => {
    const words = await graph.holds(tuples, timeoutMs);
    return words.map((word, index) => word && !(tuples[index] && isGone(tuples[index])));
  };
  Object.assign(gateway.gateway.deps, { graph: { ...graph, holds } });
  try {
    expect((await whoMay("rename", "sector", sector)).found).toEqual(["ann"]);
  } finally {
    Object.assign(gateway.gateway.deps, { graph });
  }
});

test("roles count in the matrix that they were read from: in another one everybody is looked at", async () => {
  const { database, clock } = gateway.gateway.deps;
  const [row] = await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [slug]);
  const page = { after: "", limit: 50, now: clock() };
  const query = {
    kind: "sector",
    id: sector,
    organization: row?.id ?? "",
    roles: ["owner"],
    sector: null,
    ...page,
  } as const;
  const keys = async (matrix: string): Promise<string[]> => {
    const caller = { account: null, client: null } as never; // it is only passed on
    return (await searchSubjects(database, caller, { ...query, matrix }))
      .map(({ facts }) => facts.subject?.alias ?? "")
      .sort();
  };
  expect(await keys("default")).toEqual(["ann"]);
  expect(await keys("strict")).toEqual(["ann", "ben", "cas", "dan", "eve"]);
});
