import { z } from "zod";
import { guardNumber, type Guards } from "../entities/fence.ts";
import { LIMITS } from "../entities/limits.ts";
import { inParallel, lotsOf } from "../entities/parallel.ts";
import type { RelationPaths } from "../entities/relation-paths.ts";
import { type Tuple, type TupleChange, tupleKey } from "../entities/tuples.ts";
import { checksBody, heldBy } from "./openfga-checks.ts";
import { type HttpAnswer, type HttpChannel, isTooLarge, openHttp, parsed, unexpected } from "./openfga-http.ts";
import { type Expand, expandBody, expanded, findPaths } from "./openfga-paths.ts";

export { buildModel, prepareStore, readModules } from "./openfga-model.ts";

export interface GraphOptions {
  readonly apiUrl: string;
  readonly presharedKey: string | null;
  readonly storeId: string;
  readonly modelId: string;
  readonly connections: number;
}

/** What became of a Write that was answered. */
export type WriteOutcome =
  | { readonly outcome: "applied" }
  /** A tuple to be written is there, or one to be deleted is not. Nothing was written. */
  | { readonly outcome: "refused"; readonly reason: string }
  /** The Write itself is wrong, e.g. a tuple that the model does not know. Nothing was written. */
  | { readonly outcome: "invalid"; readonly reason: string }
  /** It met another Write of the same tuples. Nothing was written; it can be sent again. */
  | { readonly outcome: "conflict" };

export interface OrganizationRead {
  readonly organization: string;
  readonly sectors: readonly string[]; // ids that the ledger knows
  readonly applications: readonly string[]; // anchors, likewise
}

/**
 * The graph. Ids are the ledger's, without a type. Every function throws CANNOT_DECIDE when OpenFGA fails, or when one of the
 * calls that it makes is not answered within `timeoutMs`.
 */
export interface Graph {
  /** S0.20: the direct roles of an account in an organization; one, unless somebody else wrote into the graph. */
  directRoles(pseudonym: string, organization: string, timeoutMs: number): Promise<string[]>;
  /** The numbers on the organization's fence tuples; one, unless … (NaN: a fence that we did not write). */
  fence(organization: string, timeoutMs: number): Promise<number[]>;
  guards(organization: string, timeoutMs: number): Promise<Guards>;
  /** Is each of these so, by itself or by what it follows from? In their order; one that OpenFGA cannot tell is CANNOT_DECIDE for all. */
  holds(tuples: readonly Tuple[], timeoutMs: number): Promise<boolean[]>;
  /** How the user comes to have the relation on the object, if it does. `left`: milliseconds for all of it. */
  paths(asked: Tuple, left: () => number): Promise<RelationPaths>;
  /** One transaction, all or nothing. After CANNOT_DECIDE it may be executed, or have been, at any time. */
  write(change: TupleChange, timeoutMs: number): Promise<WriteOutcome>;
  /** Those of the tuples that exist, by `tupleKey`. */
  exists(tuples: readonly Tuple[], timeoutMs: number): Promise<Set<string>>;
  /** Every tuple that concerns the organization: on it, on its sectors and applications, and those that point to them. */
  readOrganization(read: OrganizationRead, timeoutMs: number): Promise<Tuple[]>;
  /** Every tuple on these objects. */
  readObjects(objects: readonly string[], timeoutMs: number): Promise<Tuple[]>;
  /** Is the store with its model there? (A Read of an unknown store answers an empty list.) */
  ping(timeoutMs: number): Promise<void>;
  /** The same with another model, over the same connections. */
  under(modelId: string): Graph;
  close(): Promise<void>;
}

/** A filter of Read: an object, or a user with an object's type (`sector:`). */
type Filter = Partial<Tuple> & { readonly object: string };
type Read = (filter: Filter, timeoutMs: number) => Promise<Tuple[]>;

export function openGraph(options: GraphOptions): Graph {
  return graphOver(openHttp(options), options);
}

function graphOver(http: HttpChannel, options: Pick<GraphOptions, "storeId" | "modelId">): Graph {
  const store = `/stores/${encodeURIComponent(options.storeId)}`;
  const read: Read = async (filter, timeoutMs) => await readAll(http, `${store}/read`, filter, timeoutMs);
  return {
    directRoles: async (pseudonym, organization, timeoutMs) => {
      const filter = { user: `account:${pseudonym}`, object: `organization:${organization}` };
      return (await read(filter, timeoutMs)).map((tuple) => tuple.relation);
    },
    fence: async (organization, timeoutMs) => (await readFences(read, organization, timeoutMs)).map(guardNumber),
    guards: async (organization, timeoutMs) => await readGuards(read, organization, timeoutMs),
    holds: async (tuples, timeoutMs) => {
      const lots = lotsOf(tuples, LIMITS.checksAtOnce);
      const ask = async (lot: readonly Tuple[]): Promise<boolean[]> => {
        const body = checksBody(lot, options.modelId);
        return heldBy(await http.call("POST", `${store}/batch-check`, body, timeoutMs), lot.length);
      };
      return (await inParallel(lots, LIMITS.graphReadsAtOnce, ask)).flat();
    },
    paths: async (asked, left) => {
      const call: Call = async (body) => await http.call("POST", `${store}/expand`, body, left());
      const direct = directly(async (filter) => await read({ ...filter, user: asked.user }, left()));
      return await findPaths(orIfTooLarge(expandBy(call, options.modelId), direct), asked);
    },
    write: async (change, timeoutMs) => {
      const body = writeBody(change, options.modelId);
      return outcomeOf(await http.call("POST", `${store}/write`, body, timeoutMs));
    },
    exists: async (tuples, timeoutMs) =>
      new Set((await readAllOf(async (tuple) => await read(tuple, timeoutMs), tuples)).map(tupleKey)),
    readOrganization: async (asked, timeoutMs) =>
      await readAround(asked, async (filter) => await read(filter, timeoutMs)),
    readObjects: async (objects, timeoutMs) => {
      const on = await inParallel(
        objects,
        LIMITS.graphReadsAtOnce,
        async (object) => await read({ object }, timeoutMs),
      );
      return on.flat();
    },
    ping: async (timeoutMs) => {
      const path = `${store}/authorization-models/${encodeURIComponent(options.modelId)}`;
      const answer = await http.call("GET", path, null, timeoutMs);
      if (answer.status !== 200) throw unexpected(answer);
    },
    under: (modelId) => graphOver(http, { ...options, modelId }),
    close: async () => await http.close(),
  };
}

async function readAllOf<Asked>(read: (asked: Asked) => Promise<Tuple[]>, all: readonly Asked[]): Promise<Tuple[]> {
  return (await inParallel(all, LIMITS.graphReadsAtOnce, read)).flat();
}

type Call = (body: string) => Promise<HttpAnswer>;

function expandBy(call: Call, modelId: string): Expand {
  return async (object, relation) => expanded(await call(expandBody(object, relation, modelId)));
}

function directly(read: (filter: Filter) => Promise<Tuple[]>): Expand {
  return async (object, relation) => {
    const tuples = await read({ object, relation });
    return { leaf: { users: { users: tuples.map(({ user }) => user) } }, isCut: true };
  };
}

/** Where too many are in a relation to be told, only whether the one is. */
function orIfTooLarge(whole: Expand, direct: Expand): Expand {
  return async (object, relation) => {
    try {
      return await whole(object, relation);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      return await direct(object, relation);
    }
  };
}

const PAGE_SIZE = 100;
const PageSchema = z.object({
  tuples: z.array(z.object({ key: z.object({ user: z.string(), relation: z.string(), object: z.string() }) })),
  continuation_token: z.string(),
});

async function readAll(http: HttpChannel, path: string, filter: Filter, timeoutMs: number): Promise<Tuple[]> {
  const tuples: Tuple[] = [];
  const { user, relation, object } = filter;
  let token = "";
  do {
    const body = JSON.stringify({
      tuple_key: { user, relation, object },
      page_size: PAGE_SIZE,
      ...(token === "" ? {} : { continuation_token: token }),
      consistency: "HIGHER_CONSISTENCY", // never a cache's, never a replica's
    });
    const answer = await http.call("POST", path, body, timeoutMs);
    const page = answer.status === 200 ? PageSchema.safeParse(parsed(answer)) : undefined;
    if (page?.success !== true || !isAbout(filter, page.data)) throw unexpected(answer);
    for (const tuple of page.data.tuples) tuples.push(tuple.key);
    token = page.data.continuation_token;
    if (tuples.length > LIMITS.graphTuples) throw new Error(`more than ${LIMITS.graphTuples} tuples match a filter`);
  } while (token !== "");
  return tuples;
}

/** An answer to another question is none; nor is an empty page that has a next one, which there would be for ever. */
function isAbout({ user, relation, object }: Filter, page: z.infer<typeof PageSchema>): boolean {
  if (page.tuples.length === 0) return page.continuation_token === "";
  return page.tuples.every(({ key }) => {
    const isObject = object.endsWith(":") ? key.object.startsWith(object) : key.object === object;
    return isObject && key.user === (user ?? key.user) && key.relation === (relation ?? key.relation);
  });
}

async function readFences(read: Read, organization: string, timeoutMs: number): Promise<Tuple[]> {
  return await read({ relation: "fence", object: `organization:${organization}` }, timeoutMs);
}

/** Genesis before fence, never side by side: a rebuilding Write that comes between the two is then seen by its fence. */
async function readGuards(read: Read, organization: string, timeoutMs: number): Promise<Guards> {
  const genesis = await read({ relation: "genesis", object: `organization:${organization}` }, timeoutMs);
  return { genesis, fences: await readFences(read, organization, timeoutMs) };
}

async function readAround(asked: OrganizationRead, read: (filter: Filter) => Promise<Tuple[]>): Promise<Tuple[]> {
  const organization = `organization:${asked.organization}`;
  const readEach = async (filters: readonly Filter[]): Promise<Tuple[]> =>
    (await inParallel(filters, LIMITS.graphReadsAtOnce, read)).flat();
  const around = await readEach([
    { object: organization },
    { user: organization, object: "sector:" },
    { user: organization, object: "application:" },
  ]);
  const objects = new Set([
    ...asked.sectors.map((id) => `sector:${id}`),
    ...asked.applications.map((anchor) => `application:${anchor}`),
    ...around.map((tuple) => tuple.object).filter((object) => object !== organization),
  ]);
  const sectors = [...objects].filter((object) => object.startsWith("sector:"));
  const further = await readEach([
    ...[...objects].map((object) => ({ object })),
    ...sectors.map((user) => ({ user, object: "application:" })),
  ]);
  const distinct = new Map([...around, ...further].map((tuple) => [tupleKey(tuple), tuple]));
  return [...distinct.values()];
}

/** OpenFGA refuses an empty half. Its own duplicate and missing rules stay as they are: the fence rests on them. */
function writeBody(change: TupleChange, modelId: string): string {
  return JSON.stringify({
    authorization_model_id: modelId,
    ...(change.writes.length === 0 ? {} : { writes: { tuple_keys: change.writes } }),
    ...(change.deletes.length === 0 ? {} : { deletes: { tuple_keys: change.deletes } }),
  });
}

const ProblemSchema = z.object({ code: z.string(), message: z.string() });

/** What is wrong with the store or the model, not with the Write: it says nothing about the tuples. */
const NOT_THE_WRITE = /model|store/;

function outcomeOf(answer: HttpAnswer): WriteOutcome {
  if (answer.status === 200) return { outcome: "applied" };
  if (answer.status === 409) return { outcome: "conflict" };
  const problem = answer.status === 400 ? ProblemSchema.safeParse(parsed(answer)) : undefined;
  if (problem?.success !== true || NOT_THE_WRITE.test(problem.data.code)) throw unexpected(answer);
  const reason = `${problem.data.code}: ${problem.data.message}`;
  return { outcome: problem.data.code === "write_failed_due_to_invalid_input" ? "refused" : "invalid", reason };
}
