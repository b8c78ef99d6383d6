/** The tuples of a host's entities: compared in turns, and rebuilt with the rest of the graph. */
import { tuplesOfEntities } from "../../src/relay/entity-tuples.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Tuple, tupleKey } from "../../src/entities/tuples.ts";
import { createReconciler } from "../../src/relay/reconciler.ts";
import { beside } from "../support/beside.ts";
import { account, documentLine, type Documents, foundDocuments } from "../support/document-world.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { deleteByHand, expectGraphEqualsLedger, readStore, rollBack, writeByHand } from "../support/graph.ts";
import { DOCUMENTS, RECORDS } from "../support/host-folder.ts";
import { addMember, must } from "../support/world.ts";

let at: TestGateway;
let owner: Person;
let bob: Person;
let docs: Documents;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [DOCUMENTS, RECORDS] });
  [owner, bob] = [await at.person("owner"), await at.person("bob")];
});
afterAll(async () => await at.close());
beforeEach(async () => {
  docs = await foundDocuments(at, owner);
  await addMember(owner, docs.slug, bob, "viewer");
});

/** What one comparison of all entities finds, in tuples. */
async function compared(): Promise<{ outcome: string | undefined; missing: string[]; injected: string[] }> {
  const found = { outcome: undefined as string | undefined, missing: [] as string[], injected: [] as string[] };
  await at.gateway.reconciler.all({
    slug: docs.slug,
    allEntities: true,
    onReport: ({ outcome, missing, injected }) => {
      found.outcome = outcome;
      found.missing = missing.map(tupleKey).sort();
      found.injected = injected.map(tupleKey).sort();
    },
  });
  return found;
}

async function shared(document: string, by: Person): Promise<Tuple> {
  const [row] = await at.sql<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", [by.alias]);
  const object = await docs.objectOf("document", document);
  return { user: `account:${row?.pseudonym ?? ""}`, relation: "shared_with", object };
}

describe("entities are compared", () => {
  test("and what is missing comes back: a relation, and where an entity hangs", async () => {
    const project = { type: "project", id: "p", attributes: { title: "P", state: "active" } };
    await docs.store([documentLine("d-1", "bob"), documentLine("d-2"), project]);
    const hangs = { user: `organization:${docs.organization}`, relation: "organization" };
    const lost = [await shared("d-1", bob), { ...hangs, object: await docs.objectOf("project", "p") }];
    expect(await compared()).toEqual({ outcome: "agrees", missing: [], injected: [] });
    await deleteByHand(at.storeId, ...lost);
    expect(await docs.may("bob", "view", "d-1")).toBe(false);
    expect(await compared()).toEqual({ outcome: "repaired", missing: lost.map(tupleKey).sort(), injected: [] });
    expect(await docs.may("bob", "view", "d-1")).toBe(true);
    await expectGraphEqualsLedger(at);
    expect(await compared()).toMatchObject({ outcome: "agrees" });
  });

  test("and what was injected goes, also on what is only named", async () => {
    const named = {
      ...documentLine("d-3"),
      relations: { shared_with: [{ type: "group", id: "g", relation: "member" }] },
    };
    await docs.store([named, documentLine("d-4", "owner")]);
    const { user } = await shared("d-4", bob);
    const injected = [
      await shared("d-4", bob),
      { user, relation: "member", object: await docs.objectOf("group", "g") },
    ];
    for (const tuple of injected) await writeByHand(at.storeId, tuple);
    expect([await docs.may("bob", "view", "d-3"), await docs.may("bob", "view", "d-4")]).toEqual([true, true]);
    expect(await compared()).toEqual({ outcome: "repaired", missing: [], injected: injected.map(tupleKey).sort() });
    expect([await docs.may("bob", "view", "d-3"), await docs.may("bob", "view", "d-4")]).toEqual([false, false]);
    expect(await docs.may("owner", "view", "d-4")).toBe(true);
    await expectGraphEqualsLedger(at);
  });

  test("in turns: each goes on where the last one ended, and round again", async () => {
    const count = 2 * LIMITS.reconcileEntities + 10;
    await docs.store(Array.from({ length: count }, (_, index) => documentLine(`d-${index}`)));
    const ids = await at.sql<{ id: string }>("select id from entities where organization_id = $1 order by surrogate", [
      docs.organization,
    ]);
    const last = await shared(ids.at(-1)?.id ?? "", bob);
    const first = await shared(ids[0]?.id ?? "", bob);
    for (const tuple of [first, last]) await writeByHand(at.storeId, tuple);
    await beside(at, async (deps) => {
      const reconciler = createReconciler({ ...deps, restMs: 1 });
      const found: string[][] = [];
      const onReport = ({ injected }: { readonly injected: readonly Tuple[] }): void =>
        void found.push(injected.map(tupleKey));
      for (let turn = 0; turn < 3; turn += 1) await reconciler.all({ slug: docs.slug, onReport });
      expect(found).toEqual([[tupleKey(first)], [], [tupleKey(last)]]);
      await writeByHand(at.storeId, first);
      await reconciler.all({ slug: docs.slug, onReport });
      expect(found.at(-1)).toEqual([tupleKey(first)]);
      await reconciler.close();
    });
    await expectGraphEqualsLedger(at);
  });

  test("beside an import that runs, nothing is taken for a drift", async () => {
    const lines = Array.from({ length: 600 }, (_, index) =>
      documentLine(`d-${index % 200}`, index < 300 ? "bob" : "owner"),
    );
    const progress = { isOver: false };
    const importing = docs.store(lines).finally(() => (progress.isOver = true));
    const outcomes = new Set<string | undefined>();
    while (!progress.isOver) {
      const { outcome, missing, injected } = await compared();
      expect({ missing, injected }).toEqual({ missing: [], injected: [] });
      outcomes.add(outcome);
    }
    expect((await importing).at(-1)).toMatchObject({ done: { stored: 400, unchanged: 200 } });
    expect(outcomes).toContain("agrees");
    await expectGraphEqualsLedger(at);
  });
});

describe("a graph that was lost", () => {
  test("is rebuilt with every entity, in more than one page; until then nothing of theirs is decided", async () => {
    const count = LIMITS.entitySlice + 100;
    await docs.store(Array.from({ length: count }, (_, index) => documentLine(`d-${index}`, "bob")));
    await deleteByHand(at.storeId, ...(await readStore(at.storeId)));
    expect((await docs.ask("bob", "view", "d-7")).status).toBe(503);
    await at.gateway.reconciler.all(); // the other organizations', which nobody asked for
    await at.gateway.reconciler.idle();
    await expectGraphEqualsLedger(at);
    expect(await docs.may("bob", "view", "d-7")).toBe(true);
    expect(await compared()).toMatchObject({ outcome: "agrees" });
  });

  test("and rolled back: what was taken away since is not given again by the rebuild", async () => {
    await docs.store([documentLine("d-1", "bob", "owner"), documentLine("d-2", "owner")]);
    const backup = await readStore(at.storeId);
    must(await docs.keeper.patch(`${docs.base}/document/d-1`, { unrelate: { shared_with: [account("bob")] } }), 200);
    must(await docs.keeper.patch(`${docs.base}/document/d-2`, { relate: { shared_with: [account("bob")] } }), 200);
    await rollBack(at.storeId, backup);
    for (let asked = 0; asked < 20; asked += 1) {
      const answer = await docs.ask("bob", "view", "d-1");
      expect(answer.status === 503 || answer.body["decision"] === false).toBe(true);
    }
    await at.gateway.reconciler.idle();
    await expectGraphEqualsLedger(at);
    expect([await docs.may("bob", "view", "d-1"), await docs.may("bob", "view", "d-2")]).toEqual([false, true]);
  });

  test("is rebuilt to what the ledger is at its end, whatever was stored meanwhile and is pending", async () => {
    await docs.store(Array.from({ length: 50 }, (_, index) => documentLine(`d-${index}`, "bob")));
    await deleteByHand(at.storeId, ...(await readStore(at.storeId)));
    const changes = Array.from({ length: 20 }, async (_, index) => {
      const change =
        index % 2 === 0 ? { unrelate: { shared_with: [account("bob")] } } : { relate: { author: [account("bob")] } };
      return await docs.keeper.patch(`${docs.base}/document/d-${index}`, change);
    });
    const [, ...answers] = await Promise.all([
      at.gateway.reconciler.all({ slug: docs.slug, rebuilds: true }),
      ...changes,
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await at.gateway.reconciler.all();
    await at.gateway.reconciler.idle();
    await expectGraphEqualsLedger(at);
  });
});

describe("a kind that is refused at the moment", () => {
  test("is left alone by comparisons, left out of a rebuild, and compared again once it is served", async () => {
    await docs.store([documentLine("d-1", "bob")]);
    const kept = await shared("d-1", bob);
    const { kinds } = at.gateway.deps;
    const without = new Map([...kinds.served].filter(([type]) => type !== "document"));
    const refusing = { served: without, refused: new Map([["document", "broken"]]) };
    await beside(at, async (deps) => {
      const reconciler = createReconciler({ ...deps, kinds: refusing, restMs: 1 });
      const outcomes: string[] = [];
      const onReport = ({ outcome }: { readonly outcome: string }): void => void outcomes.push(outcome);
      await reconciler.all({ slug: docs.slug, allEntities: true, onReport });
      expect(await readStore(at.storeId)).toContainEqual(kept);
      await deleteByHand(at.storeId, kept);
      await reconciler.all({ slug: docs.slug, allEntities: true, onReport });
      expect(outcomes).toEqual(["agrees", "agrees"]);
      await reconciler.all({ slug: docs.slug, rebuilds: true, onReport });
      await reconciler.close();
    });
    const entity = {
      type: "document",
      surrogate: kept.object.slice("document:".length),
      isStored: true,
      relations: [],
    };
    expect(tuplesOfEntities(refusing, docs.organization, [entity])).toMatchObject({ objects: [], wanted: [] });
    // The other gateway, which serves the kind, looks when it sees the rebuild, or is asked to.
    await at.gateway.reconciler.all({ slug: docs.slug, allEntities: true });
    await at.gateway.reconciler.idle();
    expect(await readStore(at.storeId)).toContainEqual(kept);
    await expectGraphEqualsLedger(at);
  });
});
