/** What points to who has left, and is more than one transaction ends: it counts for nothing from the beginning, and is ended in parts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { reconcile, type Report } from "../../src/relay/reconcile.ts";
import { account, type Documents, documentLine, foundDocuments, pointingTo } from "../support/document-world.ts";
import { addRelationsBySql, relationsLeft } from "../support/departures.ts";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { beside } from "../support/beside.ts";
import { deleteByHand, expectGraphHoldsLedger, readStore } from "../support/graph.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { addMember, must } from "../support/world.ts";

const PARTS = 2.5 * LIMITS.relationsEnded;
/** As few as are more than one transaction ends. */
const REST = LIMITS.relationsEnded + 20;
const MANY = process.env["BAILIWICK_FULL"] === "1" ? 50_000 : PARTS;
const ROWS = Math.ceil((LIMITS.relationsEnded + 1) / LIMITS.tuplesPerRow); // the role's tuple goes with the first of them
const LONG_MS = MANY === PARTS ? 120_000 : 1_800_000; // into a graph that has much else to do, and out of it again

let at: TestGateway;
let owner: Person;
let bob: Person;
let docs: Documents;
let pseudonym: string;
let scene = 0;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  owner = await at.person("owner");
});
afterAll(async () => await at.close());

beforeEach(async () => {
  scene += 1;
  bob = await at.person(`bob-${scene}`);
  docs = await foundDocuments(at, owner);
  await addMember(owner, docs.slug, bob, "viewer");
  const [row] = await at.sql<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", [bob.alias]);
  pseudonym = row?.pseudonym ?? "";
});

/** Bob wrote every document and has each shared with him; the first one is shared with the owner, too. */
async function shareWithBob(relations: number): Promise<void> {
  await addRelationsBySql(at, docs.organization, bob.alias, relations);
  must(await docs.keeper.patch(`${docs.base}/document/d-1`, { relate: { shared_with: [account("owner")] } }), 200);
  await eventually(async () => {
    await at.gateway.reconciler.all({ slug: docs.slug, allEntities: true });
    expect(await at.sql("select from outbox")).toEqual([]);
    expect(pointingTo(await readStore(at.storeId), pseudonym).length).toBe(relations + 1); // fewer while the graph is slow
  }, LONG_MS);
  await eventually(async () => expect(await docs.may(bob.alias, "view", "d-1")).toBe(true));
}

const left = async (): Promise<number> => await relationsLeft(at, docs.organization);
const departures = async (): Promise<object[]> =>
  await at.sql("select pseudonym from departures where organization_id = $1", [docs.organization]);

/** null: it cannot be decided in time, for the graph has much to do. */
async function decisionFor(alias: string): Promise<unknown> {
  const { status, body } = await docs.ask(alias, "view", "d-1");
  const isOpen = status === 503 && body.code === "CANNOT_DECIDE";
  expect([status, isOpen]).toEqual([isOpen ? 503 : 200, isOpen]);
  return isOpen ? null : body["decision"];
}

/** Asked all the while, questions are answered, and never wrong; rows of one transaction at most are on their way. */
async function expectAnswersUntilEnded(): Promise<void> {
  const answered = { owner: 0, bob: 0 };
  let pending = 0;
  while ((await left()) > 0) {
    const [owners, bobs] = [await decisionFor("owner"), await decisionFor(bob.alias)];
    expect([owners ?? true, bobs ?? false]).toEqual([true, false]);
    answered.owner += Number(owners !== null);
    answered.bob += Number(bobs !== null);
    pending = Math.max(pending, (await at.sql("select from outbox")).length);
  }
  expect(Math.min(answered.owner, answered.bob)).toBeGreaterThan(0);
  expect(pending).toBeLessThanOrEqual(ROWS);
}

async function expectNothingIsLeft(): Promise<void> {
  await eventually(async () => expect(await departures()).toEqual([]));
  await at.gateway.reconciler.idle();
  await eventually(async () => await expectGraphHoldsLedger(at));
  expect(pointingTo(await readStore(at.storeId), pseudonym)).toEqual([]);
  await eventually(async () => expect(await docs.may("owner", "view", "d-1")).toBe(true));
}

const WAYS: readonly (readonly [name: string, relations: number, go: () => Promise<unknown>])[] = [
  [
    "is removed",
    MANY,
    async () => must(await owner.delete(`/v1/organizations/${docs.slug}/members/${bob.alias}`), 204),
  ],
  ["leaves", PARTS, async () => must(await bob.delete(`/v1/organizations/${docs.slug}/members/${bob.alias}`), 204)],
  ["is erased", PARTS, async () => must(await bob.delete("/v1/me"), 204)],
];

test.each(WAYS)(
  "a member to whom very much points, and who %s (%i relations), is gone at once; the rest is ended while questions are answered",
  async (_name, relations, go) => {
    await shareWithBob(relations);
    await go();
    await expectAnswersUntilEnded();
    await expectNothingIsLeft();
  },
  LONG_MS,
);

/** As a gateway leaves it that was killed after the change: nobody has asked for the rest. */
async function leaveUnfinished(): Promise<void> {
  await shareWithBob(REST);
  await at.sql("delete from memberships using accounts a where a.id = account_id and a.alias = $1", [bob.alias]);
  expect(await departures()).toEqual([{ pseudonym }]);
}

describe("what still points to who has left", () => {
  beforeEach(leaveUnfinished, LONG_MS);

  test("is shown to nobody: not in an entity, a list or an export", async () => {
    const kept = must(await docs.keeper.get(`${docs.base}/document/d-1`), 200).body["relations"];
    expect(kept).toEqual({ shared_with: [account("owner")] });
    const listed = async (alias: string): Promise<unknown> =>
      must(await docs.keeper.get(`${docs.base}/document?related=shared_with:account:${alias}`), 200).body.items;
    expect(await listed(bob.alias)).toEqual([]);
    expect(await listed("owner")).toMatchObject([{ id: "d-1" }]);
    const { text } = must(await docs.keeper.get(docs.base), 200);
    expect(text).toContain('"d-7"');
    expect(text).not.toContain(bob.alias);
  });

  test("counts for nothing in questions, searches and explanations", async () => {
    const subject = { type: "account", id: bob.alias };
    const about = { action: { name: "view" }, resource: { type: "document", id: "d-1" } };
    const asked = async (what: string, body: object): Promise<unknown> =>
      must(await at.shop.post(`/o/${docs.slug}${what}`, body), 200).body;
    expect(await asked("/access/v1/evaluation", { subject, ...about })).toMatchObject({ decision: false });
    expect(await asked("/v1/explain", { subject, ...about })).toMatchObject({ decision: false });
    const subjects = await asked("/access/v1/search/subject", { ...about, subject: { type: "account" } });
    expect(subjects).toMatchObject({ results: [{ id: "owner" }] });
    const resources = { ...about, resource: { type: "document" } };
    expect(await asked("/access/v1/search/resource", { subject, ...resources })).toMatchObject({ results: [] });
    const owners = await asked("/access/v1/search/resource", { subject: account("owner"), ...resources });
    expect(owners).toMatchObject({ results: [{ id: "d-1" }] });
  });

  test("goes with an entity that goes, and stays out of one that is changed", async () => {
    must(await docs.keeper.delete(`${docs.base}/document/d-2`), 204);
    must(await docs.keeper.patch(`${docs.base}/document/d-3`, { attributes: { title: "other" } }), 200);
    expect(await left()).toBe(REST - 2);
    const again = await docs.keeper.patch(`${docs.base}/document/d-3`, { relate: { author: [account(bob.alias)] } });
    expect([again.status, again.body.code]).toEqual([422, "UNKNOWN_RELATED"]);
    await at.gateway.reconciler.all(); // the other organizations', too
    await expectNothingIsLeft();
  });

  test(
    "is no drift where the graph has it, and does not come back by a rebuild",
    async () => {
      const compared = async (): Promise<Report> =>
        await beside(at, async (deps) => {
          const apply = async (): Promise<void> => await Promise.reject(new Error("not now")); // so nothing is ended
          return await reconcile({ ...deps, apply }, docs.organization);
        });
      const { outcome, missing, injected } = await compared();
      expect({ outcome, missing, injected }).toMatchObject({
        ...{ outcome: "repaired", missing: [] },
        injected: [{ relation: "viewer", object: `organization:${docs.organization}` }],
      });
      await deleteByHand(at.storeId, ...(await readStore(at.storeId)));
      expect(await compared()).toMatchObject({ outcome: "rebuilt" });
      await eventually(async () => expect(await docs.may("owner", "view", "d-1")).toBe(true));
      expect(pointingTo(await readStore(at.storeId), pseudonym)).toEqual([]);
      expect(await left()).toBeGreaterThan(0); // what was not put back is still in the ledger
      await at.gateway.reconciler.all(); // the other organizations', too
      await expectNothingIsLeft();
    },
    LONG_MS,
  );

  test(
    "is ended before the account is a member again, who then finds nothing of it",
    async () => {
      const invited = await owner.post(`/v1/organizations/${docs.slug}/invitations`, {
        ...{ alias: bob.alias, role: "viewer" },
      });
      const accept = `/v1/invitations/${String(must(invited, 201).body.id)}/accept`;
      const early = await bob.post(accept);
      expect([early.status, early.body.code, early.headers.get("retry-after")]).toEqual([503, "CONTENTION", "1"]);
      await eventually(async () => must(await bob.post(accept), 200), LONG_MS); // who was refused has asked for the rest
      expect(await left()).toBe(0);
      expect(await docs.may(bob.alias, "view", "d-1")).toBe(false);
      await expectGraphHoldsLedger(at);
      await docs.store([documentLine("d-1", "owner", bob.alias)]);
      expect(await docs.may(bob.alias, "view", "d-1")).toBe(true);
    },
    LONG_MS,
  );
});
