import { roleTuple, type Tuple } from "../../src/entities/tuples.ts";
import { READ_TIMEOUT_MS, type ReconcileDeps } from "../../src/relay/reconcile.ts";
import { NO_HOST_KINDS } from "../../src/entities/host-kinds.ts";
import { createReconciler, type Reconciler } from "../../src/relay/reconciler.ts";
import type { Relay } from "../../src/relay/relay.ts";
import { addApplication, addSector, found, grant, type RelayWorld } from "./relay-world.ts";

/** A reconciler's deps, with a relay of its own. */
export function depsOf(world: RelayWorld, overrides: Partial<ReconcileDeps> = {}): ReconcileDeps {
  const { app: database, relayDatabase, graph, clock } = world;
  const { relay } = world.makeRelay();
  const apply = async (organization: string): Promise<void> => await relay.apply(organization);
  const common = { kinds: NO_HOST_KINDS, readTimeoutMs: READ_TIMEOUT_MS, log: () => undefined };
  return { database, relayDatabase, graph, clock, apply, ...common, ...overrides };
}

export interface Filled {
  readonly id: string;
  readonly sector: string;
  readonly anchor: string;
  readonly viewer: Tuple;
}

/** An organization with an owner, a viewer, a sector and an application, all of it in the graph. */
export async function filled(world: RelayWorld, deps: ReconcileDeps): Promise<Filled> {
  const { id } = await found(world);
  const sector = await addSector(world, id);
  const anchor = await addApplication(world, id, sector);
  const member = await grant(world, id, "viewer");
  await deps.apply(id);
  return { id, sector, anchor, viewer: roleTuple(id, "viewer", member.pseudonym) };
}

export interface Pair {
  readonly relay: Relay;
  readonly reconciler: Reconciler;
  readonly deps: ReconcileDeps;
}

/** A relay and a reconciler that call each other, as a gateway has them. */
export function makePair(world: RelayWorld): Pair {
  const { app: database, relayDatabase, graph, clock } = world;
  const { relay } = world.makeRelay({ requestReconcile: (organization) => reconciler.request(organization) });
  const apply = async (organization: string): Promise<void> => await relay.apply(organization);
  const common = { kinds: NO_HOST_KINDS, readTimeoutMs: READ_TIMEOUT_MS, log: () => undefined };
  const deps = { database, relayDatabase, graph, clock, apply, ...common };
  const reconciler = createReconciler({ ...deps, restMs: 1 });
  return { relay, reconciler, deps };
}

/** An organization that has had four changes, all of them in the graph. */
export async function lived(world: RelayWorld, relay: Relay): Promise<string> {
  const { id } = await found(world);
  await addApplication(world, id, await addSector(world, id));
  await grant(world, id, "viewer");
  await relay.apply(id);
  return id;
}
