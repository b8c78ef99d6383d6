/** Who leaves an organization takes nothing along that was shared with the account there, and finds nothing of it on coming back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { account, documentLine, type Documents, foundDocuments, pointingTo } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { track } from "../support/footprint.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphHoldsLedger, readStore } from "../support/graph.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { addMember, must } from "../support/world.ts";

const SHARED = 300; // several rows of the outbox

let at: TestGateway;
let owner: Person;
let bob: Person;
let docs: Documents;
let other: Documents;
let pseudonym: string;
let scene = 0;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  owner = await at.person("owner");
});
afterAll(async () => await at.close());

/** Bob, a member of two organizations; in one everything is shared with him in every way that there is, in the other one document. */
beforeEach(async () => {
  scene += 1;
  bob = await at.person(`bob-${scene}`);
  [docs, other] = [await foundDocuments(at, owner), await foundDocuments(at, owner)];
  for (const { slug } of [docs, other]) await addMember(owner, slug, bob, "viewer");
  const lines = Array.from({ length: SHARED }, (_, index) => documentLine(`d-${index}`, bob.alias, "owner"));
  const group = {
    type: "group",
    id: "g",
    attributes: { title: "G" },
    relations: { member: [account(bob.alias), account("owner")] },
  };
  const through = {
    ...documentLine("by-group"),
    relations: { shared_with: [{ type: "group", id: "g", relation: "member" }] },
  };
  expect((await docs.store([...lines, group, through])).at(-1)).toMatchObject({ done: { stored: SHARED + 2 } });
  await other.store([documentLine("theirs", bob.alias)]);
  const [row] = await at.sql<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", [bob.alias]);
  pseudonym = row?.pseudonym ?? "";
});

async function relationsIn({ organization }: Documents): Promise<number> {
  const [row] = await at.sql<{ count: number }>(
    `select count(*)::int as count from entity_relations r join accounts a on a.id = r.account_id
     where r.organization_id = $1 and a.pseudonym = $2`,
    [organization, pseudonym],
  );
  return row?.count ?? -1;
}

async function expectNothingIsLeft(elsewhere: number): Promise<void> {
  await eventually(async () => await expectGraphHoldsLedger(at));
  expect(await relationsIn(docs)).toBe(0);
  const pointing = pointingTo(await readStore(at.storeId), pseudonym);
  expect(pointing.filter(({ relation }) => relation !== "viewer")).toHaveLength(elsewhere);
  expect(pointing.filter(({ object }) => object === `organization:${docs.organization}`)).toEqual([]);
  const revisions = await at.sql(
    "select distinct revision::int, type from entities where organization_id = $1 and id <> 'by-group' order by type",
    [docs.organization],
  );
  expect(revisions).toEqual([
    { revision: 2, type: "document" },
    { revision: 2, type: "group" },
  ]);
  const kept = must(await docs.keeper.get(`${docs.base}/document/d-7`), 200).body["relations"];
  expect(kept).toEqual({ shared_with: [account("owner")] });
}

const WAYS: readonly (readonly [name: string, go: (query?: string) => Promise<unknown>])[] = [
  [
    "is removed",
    async (query = "") => must(await owner.delete(`/v1/organizations/${docs.slug}/members/${bob.alias}${query}`), 204),
  ],
  [
    "leaves",
    async (query = "") => must(await bob.delete(`/v1/organizations/${docs.slug}/members/${bob.alias}${query}`), 204),
  ],
];

describe.each(WAYS)("a member who %s", (_name, go) => {
  test("is no longer what anything points to, keeps what is shared elsewhere, and finds nothing on coming back", async () => {
    expect([await docs.may(bob.alias, "view", "d-7"), await docs.may(bob.alias, "view", "by-group")]).toEqual([
      true,
      true,
    ]);
    await go();
    const asked = [await docs.may(bob.alias, "view", "d-7"), await docs.may(bob.alias, "view", "by-group")];
    expect([...asked, await docs.may("owner", "view", "d-7")]).toEqual([false, false, true]);
    await expectNothingIsLeft(1);
    expect(await other.may(bob.alias, "view", "theirs")).toBe(true);

    await addMember(owner, docs.slug, bob, "viewer");
    expect(await relationsIn(docs)).toBe(0);
    const again = [await docs.may(bob.alias, "view", "d-7"), await docs.may(bob.alias, "view", "by-group")];
    expect(again).toEqual([false, false]);
    must(await docs.keeper.patch(`${docs.base}/document/d-7`, { relate: { shared_with: [account(bob.alias)] } }), 200);
    expect(await docs.may(bob.alias, "view", "d-7")).toBe(true);
  });

  test("changes nothing by a dry run", async () => {
    await eventually(async () => await expectGraphHoldsLedger(at));
    const tracker = track(at);
    const before = await tracker.footprint();
    await go("?dryRun=true");
    expect(await tracker.footprint()).toEqual(before);
    expect(await relationsIn(docs)).toBe(SHARED + 1);
  });
});

describe("an account that is erased", () => {
  test("is no longer what anything points to, in every organization; a dry run changes nothing", async () => {
    await eventually(async () => await expectGraphHoldsLedger(at));
    const tracker = track(at);
    const before = await tracker.footprint();
    must(await bob.delete("/v1/me?dryRun=true"), 204);
    expect(await tracker.footprint()).toEqual(before);

    must(await bob.delete("/v1/me"), 204);
    expect(await at.sql("select from accounts where pseudonym = $1", [pseudonym])).toEqual([]);
    const orphans =
      "select from entity_relations r where r.account_id is not null and not exists (select from accounts a where a.id = r.account_id)";
    expect(await at.sql(orphans)).toEqual([]);
    await expectNothingIsLeft(0);
    expect(pointingTo(await readStore(at.storeId), pseudonym)).toEqual([]);
    expect(must(await other.keeper.get(`${other.base}/document/theirs`), 200).body["relations"]).toEqual({});
    for (const [where, document] of [
      [docs, "d-7"],
      [docs, "by-group"],
      [other, "theirs"],
    ] as const) {
      expect(await where.may(bob.alias, "view", document)).toBe(false);
    }
  });
});
