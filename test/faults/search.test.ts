/** Searches say what single questions say, whatever becomes of the graph, of the time and of the version meanwhile. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import type { Statement } from "../../src/stores/database.ts";
import { countCalls } from "../support/call-counter.ts";
import { fill } from "../support/crowd.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { deleteByHand, expectGraphEqualsLedger, readStore, roleTupleOf, writeByHand } from "../support/graph.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { addApplication, addMember, decide, foundOrganization, must } from "../support/world.ts";

let proxy: TcpProxy; // between the gateway and OpenFGA
let gateway: TestGateway;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  proxy = await startTcpProxy(testEngines().openfga.apiUrl);
  const settings = { OPENFGA_API_URL: proxy.url, GRAPH_READ_TIMEOUT_MS: "1000" };
  gateway = await startTestGateway({ settings });
  [alice, bob] = await Promise.all([gateway.person("alice"), gateway.person("bob")]);
});
afterEach(() => {
  proxy.pass();
  proxy.mend();
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});

interface Found {
  readonly results: readonly { readonly id: string }[];
  readonly page: { readonly next_token: string; readonly count: number; readonly cut?: "deadline" };
}

const whoViews = (slug: string): object => ({
  ...{ subject: { type: "account" }, action: { name: "view" } },
  resource: { type: "organization", id: slug },
});
const sectorsOf = (person: Person): object => ({
  ...{ subject: { type: "account", id: person.alias }, action: { name: "view" } },
  resource: { type: "sector" },
});

async function search(what: string, asked: object, page: object = {}, at = ""): Promise<Found> {
  const { body } = must(await gateway.shop.post(`${at}/access/v1/search/${what}`, { ...asked, page }), 200);
  return body as unknown as Found; // the contract tests hold its shape
}

async function viewers(slug: string): Promise<string[]> {
  return (await search("subject", whoViews(slug))).results.map(({ id }) => id).sort(); // they come by the account's id
}

/** Alice's, with Bob as a Viewer, all of it in the graph. */
async function organization(): Promise<string> {
  const slug = await foundOrganization(alice);
  await addApplication(alice, slug);
  await addMember(alice, slug, bob, "viewer");
  await expectGraphEqualsLedger(gateway);
  return slug;
}

describe("The graph", () => {
  test("takes away by a tuple that is missing: who has lost it is in no list, as in no decision", async () => {
    const slug = await organization();
    expect(await viewers(slug)).toEqual(["alice", "bob"]);
    await deleteByHand(gateway.storeId, await roleTupleOf(gateway, slug, "bob", "viewer"));
    expect(await viewers(slug)).toEqual(["alice"]);
  });

  test("grants nothing by a tuple that somebody wrote, nor does that change whose role is another", async () => {
    const slug = await organization();
    await gateway.person("mallory");
    await writeByHand(gateway.storeId, await roleTupleOf(gateway, slug, "mallory", "owner"));
    await writeByHand(gateway.storeId, await roleTupleOf(gateway, slug, "bob", "owner"));
    expect(await viewers(slug)).toEqual(["alice", "bob"]);
    const asked = { ...whoViews(slug), action: { name: "rename" } };
    expect((await search("subject", asked)).results.map(({ id }) => id)).toEqual(["alice"]);
    await gateway.gateway.reconciler.all(); // nobody who is found needs these tuples, so nobody has reported them
  });

  test("that was lost as a whole counts as silent: the ledger alone decides", async () => {
    const slug = await organization();
    const [{ id } = { id: "" }] = await gateway.sql<{ id: string }>("select id from organizations where slug = $1", [
      slug,
    ]);
    const own = (await readStore(gateway.storeId)).filter(({ object }) => object === `organization:${id}`);
    await deleteByHand(gateway.storeId, ...own);
    expect(await viewers(slug)).toEqual(["alice", "bob"]);
  });

  test("that is silent, or not there, leaves the ledger to decide", async () => {
    const slug = await organization();
    const caught = proxy.hold("requests", "POST");
    expect(await viewers(slug)).toEqual(["alice", "bob"]);
    await caught;
    proxy.pass();
    proxy.cut();
    expect(await viewers(slug)).toEqual(["alice", "bob"]);
    expect((await search("resource", sectorsOf(bob), {}, `/o/${slug}`)).results).toHaveLength(1);
  });
});

describe("A page", () => {
  /** Many more sectors than one look finds; Bob's only ones. */
  let crowded: string;
  let cara: Person;
  const deps = (): TestGateway["gateway"]["deps"] => gateway.gateway.deps;
  beforeAll(async () => {
    cara = await gateway.person("cara");
    crowded = await foundOrganization(alice);
    await addMember(alice, crowded, cara, "viewer");
    await fill(gateway, crowded, { size: 450, state: "enabled" });
  });

  test("of 50 sectors costs one statement for the candidates, one call of the graph, and judges one more than fits", async () => {
    const counter = countCalls(gateway);
    const { answer, calls } = await counter.counted(async () => await search("resource", sectorsOf(cara)));
    expect(answer.page).toMatchObject({ count: LIMITS.defaultPageSize, next_token: expect.stringMatching(/.+/) });
    expect(calls).toMatchObject({
      named: { gather_facts: 1, search_resources: 1 },
      statements: 2,
      graph: 1,
      policies: 51,
    });
  });

  test("is cut by the deadline and says so, and its token goes on from there: nothing is missing, nothing comes twice", async () => {
    const { timeouts } = deps();
    Object.assign(deps(), { timeouts: { ...timeouts, searchMs: 0 } });
    const pages: Found[] = [];
    try {
      let token = "";
      do {
        pages.push(
          await search("resource", sectorsOf(cara), { limit: LIMITS.searchPage, ...(token !== "" && { token }) }),
        );
        token = pages.at(-1)?.page.next_token ?? "";
      } while (token !== "");
    } finally {
      Object.assign(deps(), { timeouts });
    }
    expect(pages.map(({ page }) => page.cut)).toEqual([...pages.slice(1).map(() => "deadline"), undefined]);
    expect(pages.map(({ page }) => page.count)).toEqual([100, 100, 100, 100, 50]);
    const whole = await search("resource", sectorsOf(cara), { limit: LIMITS.searchPage });
    expect(whole.page).toEqual({ next_token: "", count: 450 });
    expect(pages.flatMap(({ results }) => results)).toEqual(whole.results);
  });

  test('"each page is exact at its own version": where that moves while it is made, it ends there, and its token goes on', async () => {
    const { database } = deps();
    let looks = 0;
    Object.assign(deps(), {
      database: {
        ...database,
        query: async (statement: Statement) => {
          if (statement.name === "search_resources") looks += 1;
          // A change before the third look at candidates: what was found so far is of the version before.
          if (statement.name === "search_resources" && looks === 3) {
            await gateway.sql("update organizations set version = version + 1 where slug = $1", [crowded]);
          }
          return await database.query(statement);
        },
      },
    });
    try {
      const first = await search("resource", sectorsOf(cara), { limit: LIMITS.searchPage });
      expect(first.page).toEqual({ count: 200, next_token: expect.stringMatching(/.+/) });
      const rest = { limit: LIMITS.searchPage, token: first.page.next_token };
      expect((await search("resource", sectorsOf(cara), rest)).page).toEqual({ count: 250, next_token: "" });
    } finally {
      Object.assign(deps(), { database });
    }
  });

  test("of a search that finds nothing among many goes through all of them", async () => {
    const asked = { ...sectorsOf(cara), action: { name: "retire" } };
    expect(await search("resource", asked, { limit: 1 })).toMatchObject({
      results: [],
      page: { next_token: "", count: 0 },
    });
    expect((await decide(gateway, cara, "view", ["organization", crowded])).decision).toBe(true);
  });
});
