import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { fenceTuple } from "../../src/entities/fence.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { roleTuple, type Tuple } from "../../src/entities/tuples.ts";
import { deleteByHand, writeByHand } from "../support/graph.ts";
import { CANNOT_DECIDE, PAST_BACKOFF_MS, until } from "../support/relay-faults.ts";
import { expectGraphIsLedger, graphOf, positionOf } from "../support/relay-graph.ts";
import {
  addApplication,
  addSector,
  file,
  found,
  grant,
  makeRelayWorld,
  newName,
  type RelayWorld,
  revoke,
} from "../support/relay-world.ts";

let world: RelayWorld;
beforeAll(async () => {
  world = await makeRelayWorld();
});
afterEach(async () => await world.reset());
afterAll(async () => await world.close());

describe("a relay", () => {
  test("brings what was filed into the graph, with one fence and one genesis", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    const sector = await addSector(world, id);
    await addApplication(world, id, sector);
    const member = await grant(world, id, "viewer");
    await revoke(world, id, "viewer", member);
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect((await positionOf(world, id)).applied).toBe(5);
  });

  test("files no row for a change without tuples", async () => {
    const { id } = await found(world);
    await file(world, id, { writes: [], deletes: [] });
    expect((await positionOf(world, id)).filed).toBe(1);
  });

  test.each([
    [LIMITS.tuplesPerRow, 1],
    [LIMITS.tuplesPerRow + 1, 2],
  ])("%i tuples are %i row(s), and OpenFGA takes each", async (count, rows) => {
    const { relay } = world.makeRelay({ writeTimeoutMs: 2_000 });
    const { id } = await found(world);
    const tuples = Array.from({ length: count }, () => roleTuple(id, "viewer", newName("p")));
    await file(world, id, { writes: tuples, deletes: [] });
    expect((await positionOf(world, id)).filed).toBe(1 + rows);
    await relay.apply(id);
    await file(world, id, { writes: [], deletes: tuples });
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
  });

  test("the very first row can have 98 tuples beside fence and genesis", async () => {
    const { relay } = world.makeRelay({ writeTimeoutMs: 2_000 });
    const { id, owner } = await found(world);
    const tuples = Array.from({ length: LIMITS.tuplesPerRow }, () => roleTuple(id, "viewer", newName("p")));
    await world.sql("update outbox set writes = $2 where organization_id = $1", [id, JSON.stringify(tuples)]);
    await relay.apply(id);
    expect(await graphOf(world, id)).toHaveLength(LIMITS.tuplesPerRow + 2);
    expect(owner.account).toBeDefined();
  });

  test("applies more rows than one claim takes", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    for (let count = 0; count <= LIMITS.relayBatch; count += 1) await grant(world, id, "member");
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
  });

  test("refuses a change that writes and deletes one tuple", async () => {
    const { id } = await found(world);
    const tuple = roleTuple(id, "viewer", newName("p"));
    await expect(file(world, id, { writes: [tuple], deletes: [tuple] })).rejects.toThrow("both writes and deletes");
  });
});

describe("what somebody did by hand", () => {
  test("a tuple that is there already does not stop its row", async () => {
    const { relay, events } = world.makeRelay();
    const { id } = await found(world);
    await relay.apply(id);
    const early = await grant(world, id, "viewer");
    await writeByHand(world.storeId, roleTuple(id, "viewer", early.pseudonym));
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect(events).toEqual([]);
  });

  test("a tuple that is gone already does not stop its row", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    const member = await grant(world, id, "viewer");
    await relay.apply(id);
    await deleteByHand(world.storeId, roleTuple(id, "viewer", member.pseudonym));
    await revoke(world, id, "viewer", member);
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
  });

  test("a tuple of the first row that is there already does not stop it", async () => {
    const { relay } = world.makeRelay();
    const { id, owner } = await found(world);
    await writeByHand(world.storeId, roleTuple(id, "owner", owner.pseudonym));
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
  });

  test.each(["deleted", "moved back"])("a fence that was %s stops the row and asks for a comparison", async (what) => {
    const { relay, lost, events } = world.makeRelay();
    const { id } = await found(world);
    await grant(world, id, "viewer");
    await grant(world, id, "viewer");
    await relay.apply(id);
    await deleteByHand(world.storeId, fenceTuple(id, 3));
    if (what === "moved back") await writeByHand(world.storeId, fenceTuple(id, 1));
    await grant(world, id, "admin");
    const before = await graphOf(world, id);
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    expect(lost).toEqual([id]);
    expect(events).toContain("relay.graph_lost");
    expect(await graphOf(world, id)).toEqual(before);
    expect(await positionOf(world, id)).toMatchObject({ applied: 3, filed: 4, attempts: 1 });
  });
});

describe("a row that OpenFGA will never take", () => {
  const unknown = (id: string): Tuple => ({ user: "account:p", relation: "emperor", object: `organization:${id}` });

  test("stops its organization, and only it", async () => {
    const { relay, events } = world.makeRelay();
    const bad = await found(world);
    const good = await found(world);
    await file(world, bad.id, { writes: [unknown(bad.id)], deletes: [] });
    await grant(world, bad.id, "viewer");
    await expect(relay.apply(bad.id)).rejects.toEqual(CANNOT_DECIDE);
    await relay.apply(good.id);
    await expectGraphIsLedger(world, good.id);
    world.advance(PAST_BACKOFF_MS);
    await expect(relay.apply(bad.id)).rejects.toMatchObject({
      details: { cause: { message: expect.stringMatching(/^stopped: /) as unknown } },
    });
    expect(events).toEqual(["relay.stopped"]);
    expect(await positionOf(world, bad.id)).toMatchObject({ applied: 1, filed: 3, rows: 2 });
    const { stopped } = await relay.status();
    expect(stopped).toEqual([{ organization: bad.id, reason: expect.stringContaining("emperor") }]);
  });

  test("is tried again when a relay starts, since somebody has looked", async () => {
    const first = world.makeRelay();
    const { id } = await found(world);
    await file(world, id, { writes: [unknown(id)], deletes: [] });
    await expect(first.relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await world.sql("update outbox set writes = '[]' where organization_id = $1", [id]);
    world.makeRelay().relay.start();
    await until(async () => (await positionOf(world, id)).applied === 2);
    expect((await positionOf(world, id)).stopped).toBeNull();
  });
});

test("a relay that was closed begins nothing more", async () => {
  const { relay } = world.makeRelay();
  const { id } = await found(world);
  relay.start();
  await relay.close();
  const { applied } = await positionOf(world, id);
  await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
  expect((await positionOf(world, id)).applied).toBe(applied);
});
