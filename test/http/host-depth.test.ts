import { afterAll, beforeAll, expect, test } from "@jest/globals";
import path from "node:path";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

const TREE = path.resolve(import.meta.dirname, "../../examples/document-tree/policies");

let at: TestGateway;
let owner: Person;
let slug: string;
let store: Person;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [TREE] });
  owner = await at.person("owner");
  await found();
});
afterAll(async () => await at.close());

async function found(): Promise<void> {
  slug = await foundOrganization(owner);
  const scopes = ["entities:write", "authz:evaluate", "authz:search"];
  store = await at.service(`store-of-${slug}`, { scopes, organizations: [slug] });
}

/** Folders in folders, the first in the project; gives the innermost. */
async function chain(depth: number): Promise<string> {
  const base = `/v1/organizations/${slug}/entities`;
  await store.put(`${base}/project/p`, { attributes: { title: "P", state: "active" } });
  for (let level = 0; level < depth; level += 1) {
    const parent =
      level === 0 ? { project: [{ type: "project", id: "p" }] } : { parent: [{ type: "folder", id: `f${level - 1}` }] };
    await store.put(`${base}/folder/f${level}`, { attributes: { title: "F" }, relations: parent });
  }
  return `f${depth - 1}`;
}

test("a kind hangs under others as deep as OpenFGA goes; deeper, nobody can decide, and it says so instead of no", async () => {
  const answers: (boolean | number)[] = [];
  for (const depth of [1, 5, 15, 40]) {
    const { status, body } = await store.post(`/o/${slug}/access/v1/evaluation`, {
      subject: { type: "account", id: owner.alias },
      action: { name: "share" },
      resource: { type: "folder", id: await chain(depth) },
    });
    answers.push(status === 200 ? body["decision"] === true : status);
  }
  expect(answers).toEqual([true, true, true, 503]);

  // And however often it is asked, it is no outage: what is less deep goes on being decided.
  const ask = async (id: string): Promise<number> => {
    const resource = { type: "folder", id };
    const question = { subject: { type: "account", id: owner.alias }, action: { name: "share" }, resource };
    return (await store.post(`/o/${slug}/access/v1/evaluation`, question)).status;
  };
  for (let times = 0; times < 5; times += 1) expect(await ask("f39")).toBe(503);
  expect(await ask("f3")).toBe(200);
});

interface Page {
  readonly results: readonly { readonly id: string }[];
  readonly page: { readonly next_token: string };
}

test("a search finds all that comes before what goes too deep; the page that begins with that is 503 and names it, until it is mended", async () => {
  await found();
  await chain(30);
  const about = { subject: { type: "account", id: owner.alias }, action: { name: "share" } };
  const single = async (id: string): Promise<number> => {
    const asked = { ...about, resource: { type: "folder", id } };
    return (await store.post(`/o/${slug}/access/v1/evaluation`, asked)).status;
  };
  let token = "";
  /** Gives the ids of all pages until the end, or until one is refused. */
  const pages = async (by: Person): Promise<{ ids: string[]; last: Answered }> => {
    const ids: string[] = [];
    for (;;) {
      const asked = { ...about, resource: { type: "folder" }, page: { limit: 100, ...(token !== "" && { token }) } };
      const last = await by.post(`/o/${slug}/access/v1/search/resource`, asked);
      if (last.status !== 200) return { ids, last };
      const { results, page } = last.body as unknown as Page; // the contract tests hold its shape
      ids.push(...results.map(({ id }) => id));
      token = page.next_token;
      if (token === "") return { ids, last };
    }
  };
  const all = Array.from({ length: 30 }, (_, level) => `f${level}`).sort();
  const before = await pages(store);
  expect([before.last.status, before.last.body.code]).toEqual([503, "CANNOT_DECIDE"]);
  const detail = String(before.last.body["detail"]);
  const named = /has come to folder "(f\d+)"\. If it stays there/.exec(detail)?.[1] ?? "";
  expect(before.ids).toEqual(all.slice(0, all.indexOf(named)));
  expect(before.ids.length).toBeGreaterThan(12); // f2 and what comes before it, at least
  expect(await single(named)).toBe(503);
  // A person is not told what it is: they may not know of it. Their own search stops there as well.
  const stuckAt = token;
  token = "";
  const theirs = (await pages(owner)).last;
  expect([theirs.status, theirs.body.code]).toEqual([503, "CANNOT_DECIDE"]);
  expect(theirs.text).not.toContain("has come to");

  token = stuckAt;
  const shallow = { relations: { project: [{ type: "project", id: "p" }] }, attributes: { title: "F" } };
  must(await store.put(`/v1/organizations/${slug}/entities/folder/f15`, shallow, { "if-match": "*" }), 200);
  expect([...before.ids, ...(await pages(store)).ids]).toEqual(all);
});
