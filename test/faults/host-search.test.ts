/** Pages of a search about a host's kind: exact at one version and complete, whatever becomes of the time and of the version meanwhile. */
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import type { Statement } from "../../src/stores/database.ts";
import { account, type Documents, documentLine, foundDocuments } from "../support/document-world.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { addMember, must } from "../support/world.ts";

let gateway: TestGateway;
let docs: Documents;

const SIZE = 250; // more than two looks find
const HIDDEN = 150; // from dora and emma, who see their folder: they are confidential; more than one look finds
const IDS = Array.from({ length: SIZE }, (_, index) => `d-${String(index).padStart(3, "0")}`);

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS], settings: { SEARCH_TIMEOUT_MS: "20000" } });
  const owner = await gateway.person("owner");
  docs = await foundDocuments(gateway, owner);
  for (const name of ["cara", "dora", "emma"]) await addMember(owner, docs.slug, await gateway.person(name), "viewer");
  const folder = { type: "folder", id: "f" };
  const shared = { ...folder, attributes: { title: "f" }, relations: { shared_with: ["dora", "emma"].map(account) } };
  const lines = IDS.map((id, index) => {
    if (index >= HIDDEN) return documentLine(id, "cara", "dora");
    const { attributes, relations, ...line } = documentLine(id, "cara");
    const hidden = { ...attributes, classification: "confidential" };
    return { ...line, attributes: hidden, relations: { ...relations, folder: [folder] } };
  });
  expect((await docs.store([shared, ...lines])).at(-1)).toMatchObject({ done: { stored: SIZE + 1 } });
});
afterAll(async () => await gateway.close());

interface Page {
  readonly results: readonly { readonly id: string }[];
  readonly page: { readonly next_token: string; readonly count: number; readonly cut?: "deadline" };
}

/** The next page of the documents that somebody may see, or may do something else to. */
async function search(alias: string, { token = "", action = "view" } = {}): Promise<Page> {
  const { body } = must(
    await docs.keeper.post(`/o/${docs.slug}/access/v1/search/resource`, {
      ...{ subject: account(alias), action: { name: action }, resource: { type: "document" } },
      page: { limit: LIMITS.searchPage, ...(token !== "" && { token }) },
    }),
    200,
  );
  return body as unknown as Page; // the contract tests hold its shape
}

const idsOf = (...pages: readonly Page[]): string[] => pages.flatMap(({ results }) => results.map(({ id }) => id));
const A_TOKEN: unknown = expect.stringMatching(/.+/);

/** Makes a change before the n-th look at candidates. */
async function changing<Result>(
  n: number,
  change: () => Promise<unknown>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { deps } = gateway.gateway;
  const { database } = deps;
  let looks = 0;
  const query = async (statement: Statement): Promise<never[]> => {
    const isLook = statement.name === "gather_facts" && statement.values.includes("entities");
    if (isLook && ++looks === n) await change();
    return await database.query(statement);
  };
  Object.assign(deps, { database: { ...database, query } });
  try {
    return await work();
  } finally {
    Object.assign(deps, { database });
  }
}

describe("A page of documents", () => {
  test("is exact at one version: where that moves while it is made, it ends there, and its token goes on", async () => {
    for (const moved of ["version", "entity_version"]) {
      const move = async (): Promise<object[]> =>
        await gateway.sql(`update organizations set ${moved} = ${moved} + 1 where slug = $1`, [docs.slug]);
      const first = await changing(3, move, async () => await search("cara"));
      expect(first.page).toEqual({ count: 200, next_token: A_TOKEN });
      const rest = await search("cara", { token: first.page.next_token });
      expect(rest.page).toEqual({ count: 50, next_token: "" });
      expect(idsOf(first, rest)).toEqual(IDS);
    }
  });

  test("is so as well where it has found nothing yet: what it passed over was denied at the version before", async () => {
    const [passed = ""] = IDS;
    const patch = async (how: string): Promise<unknown> =>
      must(
        await docs.keeper.patch(`${docs.base}/document/${passed}`, { [how]: { shared_with: [account("dora")] } }),
        200,
      );
    const first = await changing(
      2,
      async () => await patch("relate"),
      async () => await search("dora"),
    );
    expect(first).toMatchObject({ results: [], page: { count: 0, next_token: A_TOKEN } });
    const rest = await search("dora", { token: first.page.next_token });
    expect(idsOf(rest)).toEqual(IDS.slice(HIDDEN));
    expect(idsOf(await search("dora"))).toEqual([passed, ...IDS.slice(HIDDEN)]);
    await patch("unrelate");
  });

  test("is cut by the deadline and says so, and its token goes on from there: nothing is missing, nothing comes twice", async () => {
    const { deps } = gateway.gateway;
    const { timeouts } = deps;
    let reads = 0;
    const ofPage = {
      // Read for the page and then for its look: the page's time is over at once, the look has all of its own.
      get searchMs() {
        reads += 1;
        return reads % 2 === 1 ? 0 : timeouts.searchMs;
      },
    };
    Object.assign(deps, {
      timeouts: Object.defineProperties({ ...timeouts }, Object.getOwnPropertyDescriptors(ofPage)),
    });
    const pages: Page[] = [];
    try {
      do pages.push(await search("dora", { token: pages.at(-1)?.page.next_token ?? "" }));
      while (pages.at(-1)?.page.next_token !== "");
    } finally {
      Object.assign(deps, { timeouts });
    }
    expect(pages.map(({ page: { count, cut } }) => [count, cut])).toEqual([
      [0, "deadline"],
      [50, "deadline"],
      [50, undefined],
    ]);
    expect(idsOf(...pages)).toEqual(IDS.slice(HIDDEN));
  });

  test("of a search that finds nothing among many goes through all of them", async () => {
    expect(await search("emma")).toMatchObject({ results: [], page: { next_token: "", count: 0 } });
    expect(await docs.may("emma", "view", IDS[HIDDEN - 1] ?? "")).toBe(false);
    expect(await docs.may("cara", "view", IDS[HIDDEN - 1] ?? "")).toBe(true);
  });

  test.each([
    { when: "from the first look on", look: 1, how: "perform pg_sleep(30)" },
    { when: "in the middle of it", look: 2, how: "raise query_canceled" },
  ])(
    "is made of everything where it takes too long to find out what the subject's tuples lead to: $when",
    async ({ look, how }) => {
      const slow = jest.fn(async () => {
        await gateway.sql(`
          create or replace function led_to(p_reach jsonb, p_is_inner boolean, p_most integer) returns table (object text, node text)
          language plpgsql stable as $$ begin ${how}; end $$`);
      });
      const [{ definition }] = (await gateway.sql("select pg_get_functiondef('led_to'::regproc) as definition")) as [
        { definition: string },
      ];
      const page = await changing(look, slow, async () => await search("dora"));
      await gateway.sql(definition);
      expect(slow).toHaveBeenCalledTimes(1);
      expect([idsOf(page), page.page]).toEqual([IDS.slice(HIDDEN), { count: 100, next_token: "" }]);
    },
  );
});
