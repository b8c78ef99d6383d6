import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { fenceTuple } from "../../src/entities/fence.ts";
import { recordApplied } from "../../src/stores/positions.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { tupleKey } from "../../src/entities/tuples.ts";
import {
  CANNOT_DECIDE,
  failingAt,
  giveUpAWrite,
  PAST_BACKOFF_MS,
  until,
  withoutLeases,
} from "../support/relay-faults.ts";
import { changesOf, expectGraphIsLedger, graphOf, positionOf, writtenFences } from "../support/relay-graph.ts";
import { found, grant, makeRelayWorld, type RelayWorld, revoke, SHORT_MS } from "../support/relay-world.ts";

let world: RelayWorld;
beforeAll(async () => {
  world = await makeRelayWorld();
});
afterEach(async () => await world.reset());
afterAll(async () => await world.close());

describe("a Write that was given up", () => {
  test("and executes after the row was applied and revoked changes nothing", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    await relay.apply(id);
    const member = await grant(world, id, "admin");
    await giveUpAWrite(world, relay, id);
    await relay.apply(id);
    await revoke(world, id, "admin", member);
    await relay.apply(id);
    const before = await graphOf(world, id);
    await world.proxy.release();
    expect(await graphOf(world, id)).toEqual(before);
    await expectGraphIsLedger(world, id);
  });

  test("as the first of its organization, and executes after what it wrote was revoked, changes nothing", async () => {
    const { relay } = world.makeRelay();
    const { id, owner } = await found(world);
    await giveUpAWrite(world, relay, id);
    await relay.apply(id);
    await grant(world, id, "owner");
    await revoke(world, id, "owner", owner);
    await relay.apply(id);
    const before = await graphOf(world, id);
    await world.proxy.release();
    expect(await graphOf(world, id)).toEqual(before);
    await expectGraphIsLedger(world, id);
  });

  test("and executes before the next try counts as that try", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    await giveUpAWrite(world, relay, id);
    await world.proxy.release();
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect(await changesOf(world, id)).toHaveLength(3); // owner, fence, genesis: once each
  });

  test("because only its answer was lost counts as well, and is not sent again", async () => {
    let sent = 0;
    const write: RelayWorld["graph"]["write"] = async (change, timeoutMs) => {
      sent += 1;
      return await world.graph.write(change, timeoutMs);
    };
    const { relay } = world.makeRelay({ graph: { ...world.graph, write } });
    const { id } = await found(world);
    const caught = world.proxy.hold("answers", "HTTP/1.1 200");
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await caught;
    world.proxy.pass();
    world.advance(PAST_BACKOFF_MS);
    await relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect(sent).toBe(1);
  });
});

describe("several relays", () => {
  test("that work at once apply every row exactly once and in order", async () => {
    const relays = Array.from({ length: 3 }, () => world.makeRelay({ patienceMs: 10_000 }).relay);
    const { id } = await found(world);
    const members: string[] = [];
    for (let count = 0; count < 40; count += 1) members.push((await grant(world, id, "viewer")).pseudonym);
    await Promise.all(relays.map(async (relay) => await relay.apply(id)));
    await expectGraphIsLedger(world, id);
    expect(await writtenFences(world, id)).toEqual(Array.from({ length: 41 }, (_, index) => `fence:${index + 1}`));
    const written = (await changesOf(world, id)).filter((change) => change.tuple.relation === "viewer");
    expect(written.map((change) => change.tuple.user)).toEqual(members.map((pseudonym) => `account:${pseudonym}`));
  });

  test("do no harm when the lease fails to part them", async () => {
    const relays = Array.from({ length: 3 }, () => {
      return world.makeRelay({ database: withoutLeases(world.relayDatabase), patienceMs: 10_000 });
    });
    const { id } = await found(world);
    for (let count = 0; count < 40; count += 1) await grant(world, id, "viewer");
    await Promise.all(relays.map(async ({ relay }) => await relay.apply(id).catch(() => undefined)));
    world.advance(PAST_BACKOFF_MS);
    await relays[0]?.relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect(await writtenFences(world, id)).toEqual(Array.from({ length: 41 }, (_, index) => `fence:${index + 1}`));
    expect(relays.flatMap(({ lost }) => lost)).toEqual([]);
  });

  test("one that was killed between Write and bookkeeping loses and doubles nothing", async () => {
    const { id } = await found(world);
    await grant(world, id, "viewer");
    await grant(world, id, "admin");
    const killed = world.makeRelay({ database: failingAt(world.relayDatabase, "record_applied", 2) });
    await expect(killed.relay.apply(id)).rejects.toThrow("killed");
    expect((await positionOf(world, id)).applied).toBe(1);
    expect(await graphOf(world, id)).toContain(tupleKey(fenceTuple(id, 2)));
    world.advance(LIMITS.relayLeaseMs + 1);
    await world.makeRelay().relay.apply(id);
    await expectGraphIsLedger(world, id);
    expect(await writtenFences(world, id)).toEqual(["fence:1", "fence:2", "fence:3"]);
  });

  test("one that was overtaken does not turn the position back", async () => {
    const { id } = await found(world);
    await grant(world, id, "viewer");
    await world.makeRelay().relay.apply(id);
    const late = { organization: id, number: 1, owner: "overtaken", leaseUntil: null };
    await recordApplied(world.relayDatabase, late);
    await expectGraphIsLedger(world, id);
  });

  test("one waits for the other's lease, and no longer than its patience", async () => {
    const { id } = await found(world);
    const lease = "update graph_positions set lease_owner = 'other', lease_until = $2 where organization_id = $1";
    await world.sql(lease, [id, new Date(world.clock().getTime() + 60_000)]);
    const impatient = world.makeRelay({ patienceMs: 1 }).relay;
    await expect(impatient.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    const patient = world.makeRelay({ patienceMs: 5_000 }).relay.apply(id);
    await world.sql("update graph_positions set lease_owner = null, lease_until = null where organization_id = $1", [
      id,
    ]);
    await patient;
    await expectGraphIsLedger(world, id);
  });
});

describe("an OpenFGA that fails", () => {
  test("is left alone for a while, and caught up with as soon as it is back, by itself", async () => {
    const { relay, events } = world.makeRelay();
    const { id } = await found(world);
    world.proxy.cut();
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    await expect(relay.apply(id)).rejects.toMatchObject({ details: { cause: { message: "backing off" } } });
    expect(events).toEqual(["relay.failed"]);
    relay.start();
    await until(async () => (await positionOf(world, id)).attempts >= 3);
    world.proxy.mend();
    await until(async () => (await positionOf(world, id)).applied === 1);
    await expectGraphIsLedger(world, id);
    expect((await positionOf(world, id)).attempts).toBe(0);
  });

  test("and is silent holds nobody longer than the deadline", async () => {
    const { relay } = world.makeRelay();
    const { id } = await found(world);
    const caught = world.proxy.hold("requests", "POST");
    const begun = performance.now();
    await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
    expect(performance.now() - begun).toBeLessThan(SHORT_MS * 10);
    await caught;
  });

  test("waits longer each time, up to a bound, with jitter", async () => {
    const waits: number[] = [];
    const { relay } = world.makeRelay({ jitter: () => 1 });
    const { id } = await found(world);
    world.proxy.cut();
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await expect(relay.apply(id)).rejects.toEqual(CANNOT_DECIDE);
      const [row] = await world.sql<{ at: Date }>(
        "select next_attempt_at as at from graph_positions where organization_id = $1",
        [id],
      );
      waits.push(Math.round(((row?.at.getTime() ?? 0) - world.clock().getTime()) / 100) * 100);
      world.advance(PAST_BACKOFF_MS);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  test("shows in the status: how many wait, and since when", async () => {
    const { relay } = world.makeRelay();
    const before = await relay.status();
    const { id } = await found(world);
    const during = await relay.status();
    expect(during.pending).toBe(before.pending + 1);
    expect(during.oldest).toBeInstanceOf(Date);
    await relay.apply(id);
    expect((await relay.status()).pending).toBe(before.pending);
  });
});
