import { setTimeout as pause } from "node:timers/promises";
import type { Caller } from "../entities/callers.ts";
import { AppError, type Issue } from "../entities/errors.ts";
import type { HostKinds } from "../entities/host-kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { countRelations, readEntities } from "../stores/entities.ts";
import type { ClientFacts } from "../stores/facts.ts";
import { requireKind } from "./actor.ts";
import { change, type Changing } from "./change.ts";
import { deadlineIn } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { storing, target } from "./entities.ts";
import {
  type EntityDocument,
  entityKey,
  isSame,
  kindOf,
  linksOf,
  misfitsOf,
  unfitDocument,
} from "./entity-documents.ts";
import { type Outcome, storeEntities, tuplesBetween, type Wanted } from "./entity-store.ts";
import { caughtUp } from "./graph-wait.ts";
import { read } from "./read.ts";
import { notAccessible } from "./refusal.ts";

/** A line of an import: what it says, or why nobody can read it. */
export interface ImportLine {
  readonly number: number;
  readonly entity: (EntityDocument & { readonly type: string; readonly id: string }) | AppError;
}

/** Of the lines so far. */
export interface Counts {
  readonly lines: number;
  readonly stored: number;
  readonly unchanged: number;
  readonly refused: number;
}

export interface RefusedLine {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
  readonly issues?: readonly Issue[];
}

/** What an import tells: a line that was refused, how far it is, its end, or that it stopped before a line. */
export type ImportEvent =
  | { readonly refused: RefusedLine }
  | { readonly progress: Counts }
  | { readonly done: Counts }
  | { readonly stopped: Counts & RefusedLine };

type Events = AsyncGenerator<readonly ImportEvent[], void, undefined>;
type Readable = Exclude<ImportLine["entity"], AppError>;
interface Numbered {
  readonly number: number;
  readonly entity: Readable;
}
/** What may go into the ledger at once. */
type Chunk = Map<string, Numbered>;

/**
 * Stores entities by the line, whatever is there already: in chunks of at most as many tuples as one Write takes, the next one when
 * the last is in the graph. A line that cannot be stored is told and left out. What cannot be decided ends it: what is in stays in, and
 * the event says before which line it stopped. Throws, before the first event, what `putEntity` throws about the caller.
 */
export async function* importEntities(
  deps: Deps,
  caller: Caller,
  slug: string,
  lines: AsyncIterable<ImportLine>,
): Events {
  const { organization, facts } = await read(deps, caller, target(slug, null), "store_entities");
  const { client } = facts.caller;
  if (organization === null || client === null) throw notAccessible();
  const run: Run = { deps, caller, slug, organization: organization.id, client, tried: new Map() };
  const counts = { lines: 0, stored: 0, unchanged: 0, refused: 0 };
  const chunk: Chunk = new Map();
  let changes = 0;
  const flush = async function* (): Events {
    while (chunk.size > 0) {
      const done = await stored(run, [...chunk.values()]);
      for (const key of [...chunk.keys()].slice(0, done.length)) chunk.delete(key);
      changes += 1;
      const isDue = changes % LIMITS.importChunksToProgress === 0;
      const events = tally(counts, done);
      if (isDue || events.length > 0) yield isDue ? [...events, { progress: { ...counts } }] : events;
    }
  };
  let next = 1;
  try {
    for await (const { number, entity } of lines) {
      if (!(entity instanceof AppError) && !fits(deps, chunk, entity)) {
        yield* flush();
        next = number;
      }
      const refusal = entity instanceof AppError ? entity : misfit(run, entity);
      if (refusal !== null) yield tally(counts, [{ number, outcome: refusal }]);
      else if (!(entity instanceof AppError)) chunk.set(entityKey(entity), { number, entity });
    }
    yield* flush();
    yield [{ done: counts }];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const line = chunk.values().next().value?.number ?? next;
    yield [{ stopped: { ...counts, line, code: codeOf(error), detail: error.message } }];
  }
}

interface Run {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly slug: string;
  readonly organization: string;
  readonly client: ClientFacts;
  /** What a dry run would have stored, by entity. */
  readonly tried: Map<string, Readable>;
}

/** An entity that stands in it already waits for the next one: what comes later is to be what is stored. */
function fits({ kinds }: Deps, chunk: Chunk, entity: Readable): boolean {
  if (chunk.has(entityKey(entity)) || chunk.size >= LIMITS.importLinesAtOnce) return false;
  const tuples = [...chunk.values()].reduce((sum, one) => sum + tuplesOf(kinds, one.entity), 0);
  return chunk.size === 0 || tuples + tuplesOf(kinds, entity) <= LIMITS.tuplesPerRow;
}

/** As if nothing of it were there: its relations, and where its kind hangs under the organization, that. */
function tuplesOf(kinds: HostKinds, { type, relations }: Readable): number {
  const own = kinds.served.get(type)?.hangsUnderOrganization === true ? 1 : 0;
  return Object.values(relations).reduce((sum, targets) => sum + targets.length, own);
}

function misfit({ deps, client }: Run, entity: Readable): AppError | null {
  try {
    requireKind(client, entity.type);
    const issues = misfitsOf(kindOf(deps.kinds, entity.type), entity);
    return issues.length === 0 ? null : unfitDocument(issues);
  } catch (error) {
    if (error instanceof AppError && error.code !== "CANNOT_DECIDE") return error;
    throw error;
  }
}

interface Done {
  readonly number: number;
  readonly outcome: Outcome;
}

/** Stores as many of them as make one change, from the first on. */
async function stored(run: Run, wanted: readonly Numbered[]): Promise<Done[]> {
  const { deps, caller, slug, organization } = run;
  for (;;) {
    try {
      const { value } = await change(deps, caller, storing(slug, null), async (changing) => {
        return await storeChunk(
          deps,
          changing,
          wanted.map(({ entity }) => entity),
        );
      });
      if (!caller.isDryRun) await caughtUp(deps, organization, deadlineIn(LIMITS.importGraphMs));
      return wanted.slice(0, value.length).map(({ number, entity }, index) => {
        const outcome = value[index] ?? "same";
        return { number, outcome: caller.isDryRun ? asIfStored(run.tried, entity, outcome) : outcome };
      });
    } catch (error) {
      // The organization's budget is everybody's: an import takes what is left of it, and waits.
      if (!(error instanceof AppError) || error.code !== "RATE_LIMITED") throw error;
      await pause((error.details.retryAfterSeconds ?? 1) * 1000);
    }
  }
}

/** A dry run undoes each chunk: what an earlier line has said of the same entity is remembered here. */
function asIfStored(tried: Map<string, Readable>, entity: Readable, outcome: Outcome): Outcome {
  if (outcome instanceof AppError) return outcome;
  const key = entityKey(entity);
  const before = tried.get(key);
  tried.set(key, entity);
  if (before === undefined) return outcome;
  const row = { isStored: true, attributes: before.attributes, relations: [...linksOf(before.relations).values()] };
  return isSame(row, entity) ? "same" : "written";
}

/** Gives the outcomes of those that it stored: as many as one Write takes the tuples of, counted by what is there, and the first in any case. */
async function storeChunk(
  deps: Deps,
  changing: Changing<"organization">,
  entities: readonly Readable[],
): Promise<Outcome[]> {
  const { tx, actor } = changing;
  if (actor.kind === "client") for (const { type } of entities) requireKind(actor, type); // it may have lost one since the import began
  const most = LIMITS.importRelations;
  const counted = await countRelations(tx, entities, most + 1);
  const counts = new Map(counted.map((each) => [entityKey(each), each.count]));
  const readable = fitting(entities, (entity) => counts.get(entityKey(entity)) ?? 0, most);
  const known = new Map((await readEntities(tx, readable)).map((row) => [entityKey(row), row]));
  const wanted = readable.map((entity): Wanted => {
    const { type, id, attributes, relations } = entity;
    const document = { attributes, relations };
    return { type, id, kind: kindOf(deps.kinds, type), document, row: known.get(entityKey(entity)) };
  });
  const outcomes = await storeEntities(deps, changing, fitting(wanted, tuplesBetween, LIMITS.tuplesPerRow));
  const written = outcomes.filter((outcome) => outcome === "written").length;
  if (written > 0) {
    const target = { kind: "organization", id: changing.resource.slug } as const;
    changing.note({ action: "entities.import", target, after: { stored: written } });
  }
  return outcomes;
}

/** Those from the first on whose sizes make no more than this together; the first whatever its size. */
function fitting<Item>(items: readonly Item[], sizeOf: (item: Item) => number, most: number): readonly Item[] {
  let size = 0;
  const beyond = items.findIndex((item, index) => (size += sizeOf(item)) > most && index > 0);
  return beyond === -1 ? items : items.slice(0, beyond);
}

type Tally = { -readonly [Name in keyof Counts]: Counts[Name] };

function tally(counts: Tally, done: readonly Done[]): ImportEvent[] {
  const refused: ImportEvent[] = [];
  for (const { number, outcome } of done) {
    counts.lines += 1;
    if (outcome === "written") counts.stored += 1;
    else if (outcome === "same") counts.unchanged += 1;
    else {
      counts.refused += 1;
      const { message, details } = outcome;
      const issues = details.issues === undefined ? {} : { issues: details.issues };
      refused.push({ refused: { line: number, code: codeOf(outcome), detail: message, ...issues } });
    }
  }
  return refused;
}

/** As a problem document has it: the policies' first reason, where they have refused. */
function codeOf({ code, details }: AppError): string {
  return code === "DENIED" ? (details.reasons?.[0]?.code ?? code) : code;
}
