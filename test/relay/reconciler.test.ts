import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { fenceTuple } from "../../src/entities/fence.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { tupleKey } from "../../src/entities/tuples.ts";
import { reconcile } from "../../src/relay/reconcile.ts";
import { createReconciler } from "../../src/relay/reconciler.ts";
import { deleteByHand } from "../support/graph.ts";
import { depsOf, filled } from "../support/reconcile-world.ts";
import { CANNOT_DECIDE } from "../support/relay-faults.ts";
import { expectGraphIsLedger, graphOf } from "../support/relay-graph.ts";
import { makeRelayWorld, type RelayWorld } from "../support/relay-world.ts";

let world: RelayWorld;
beforeAll(async () => {
  world = await makeRelayWorld();
});
afterEach(async () => await world.reset());
afterAll(async () => await world.close());

describe("a reconciler", () => {
  test("compares once what many ask for, and keeps count and reports", async () => {
    const deps = depsOf(world);
    const { id, viewer } = await filled(world, deps);
    await deleteByHand(world.storeId, viewer);
    const reconciler = createReconciler({ ...deps, restMs: 1 });
    for (let count = 0; count < 50; count += 1) reconciler.request(id);
    await reconciler.idle();
    const status = reconciler.status();
    expect(status).toMatchObject({ compared: 2, repaired: 1, missing: 1, injected: 0, failed: 0, waiting: 0 });
    expect(status.reports).toMatchObject([{ organization: id, missing: [viewer] }]);
    await reconciler.close();
    await expectGraphIsLedger(world, id);
  });

  test("lets too many requests fall, and counts them", async () => {
    const never = createReconciler({ ...depsOf(world), apply: async () => await Promise.resolve() });
    const waiting = LIMITS.reconcileQueue + LIMITS.reconcileConcurrency;
    for (let count = 0; count < waiting + 1; count += 1) never.request(`unknown-${count}`);
    expect(never.status()).toMatchObject({ dropped: 1, waiting: LIMITS.reconcileQueue });
    await never.close();
  });

  test("goes on when OpenFGA does not answer", async () => {
    const deps = depsOf(world, { readTimeoutMs: 200 });
    const { id } = await filled(world, deps);
    const reconciler = createReconciler({ ...deps, restMs: 1 });
    world.proxy.cut();
    await expect(reconcile(deps, id)).rejects.toEqual(CANNOT_DECIDE);
    reconciler.request(id);
    await reconciler.idle();
    world.proxy.mend();
    reconciler.request(id);
    await reconciler.idle();
    expect(reconciler.status()).toMatchObject({ failed: 1, compared: 1 });
    await reconciler.close();
  });

  test("compares all of them in rounds, until it is closed", async () => {
    const deps = depsOf(world);
    const { id, viewer } = await filled(world, deps);
    await deleteByHand(world.storeId, viewer);
    const repaired = Promise.withResolvers<undefined>();
    const apply = deps.apply;
    const rounds = createReconciler({
      ...deps,
      apply: async (organization) => {
        await apply(organization);
        if (organization === id) repaired.resolve(undefined);
      },
    });
    rounds.start(1);
    await repaired.promise;
    await rounds.close();
    expect(await graphOf(world, id)).toContain(tupleKey(viewer));
    expect(await graphOf(world, id)).toContain(tupleKey(fenceTuple(id, 5)));
  });
});
