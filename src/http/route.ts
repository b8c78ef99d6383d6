import { z } from "zod";
import type { Deps, IfMatch } from "../domain/deps.ts";
import type { Caller, Identity } from "../entities/callers.ts";
import type { Kind } from "../entities/kinds.ts";
import type { Page, PageRequest } from "../entities/records.ts";
import { listed, type Answer } from "./answer.ts";
import { includeQuery, withActions } from "./affordances.ts";
import type { Budgets } from "./budgets.ts";
import { answered, asking, changeQuery } from "./change-options.ts";
import { type Contract, entityReply, listReply, plainReply, type Reply, UNCHANGED } from "./contract.ts";
import { NOTHING, pageQuery } from "./fields.ts";
import { checked } from "./invalid.ts";
import type { Line } from "./lines-in.ts";
import type { PageTokens } from "./page-tokens.ts";

/** What routes have beside the request. */
export interface Gateway {
  readonly deps: Deps;
  readonly pageTokens: PageTokens;
  readonly readiness: () => Promise<Answer>;
  readonly budgets: Pick<Budgets, "ofCaller">;
  /** What the metrics are at this moment; null: nobody is told here. */
  readonly metrics: (authorization: string | undefined) => Promise<Answer>;
  /** Where the world finds this service; no trailing slash. Never taken from the Host header. */
  readonly publicUrl: string;
}

/** A request as it came. */
export interface Parts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A request of nobody in particular. */
export interface Anonymous extends Parts {
  readonly authorization: string | undefined;
}

export interface Presented extends Parts {
  readonly caller: Caller;
  readonly ifMatch: IfMatch;
  /** As it came, ids included. */
  readonly path: string;
  readonly idempotencyKey: string | undefined;
  readonly identify: Identify;
  /** The body's, where they are the dialect. */
  readonly lines: () => AsyncIterable<Line>;
}

/** Verifies another token as the caller's own was, and says whose it is. Throws what authentication throws. */
export type Identify = (token: string) => Promise<Identity>;

interface Declared extends Contract {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Express's pattern, from the root. */
  readonly path: string;
  readonly summary: string;
  /** It changes the gateway that answers, and not the ledger alone: what another one has answered says nothing about this one. */
  readonly isOfGateway?: boolean;
}

type Schema = z.ZodObject;
interface Schemas {
  readonly params: Schema;
  readonly query: Schema;
  /** Of the dialect `lines`: each line's. */
  readonly body: Schema;
}

/**
 * A route of the registry: everything that a reader, the tests and the contract's generator need to know of it, and `serve`, which
 * checks what came and answers. `authzen` bodies follow AUTHZEN.md where it differs from REST; `lines` are NDJSON, read as it comes.
 */
export type Route = Declared &
  Schemas &
  (
    | { readonly access: "open"; readonly serve: (gateway: Gateway, sent: Anonymous) => Promise<Answer> }
    | {
        readonly access: "caller";
        readonly dialect: "rest" | "authzen" | "lines";
        readonly serve: (gateway: Gateway, presented: Presented) => Promise<Answer>;
      }
  );

/** A request that fits its schemas. */
interface Call<Params, Body> {
  readonly caller: Caller;
  readonly params: Params;
  readonly body: Body;
  readonly ifMatch: IfMatch;
  readonly identify: Identify;
}

/** What every definition says of its contract; `problems` are none where it names none. */
export interface Promised extends Pick<Contract, "operation" | "requires" | "asks"> {
  readonly path: string;
  readonly summary: string;
  readonly problems?: Contract["problems"];
}

interface ReadDefinition<Params extends Schema> extends Promised {
  readonly params: Params;
  /** Whose actions `?include=actions` adds. */
  readonly affords?: Kind;
  /** It also says what follows from other things, which its revision does not cover: it is never "not modified". */
  readonly isDerived?: true;
  /** The body of the answer. */
  readonly reply: Schema;
  readonly answer: (deps: Deps, call: Pick<Call<z.output<Params>, never>, "caller" | "params">) => Promise<Answer>;
}

export function read<Params extends Schema>(definition: ReadDefinition<Params>): Route {
  const { params, answer, reply, affords, isDerived = false } = definition;
  const query = affords === undefined ? NOTHING : includeQuery;
  const body = affords === undefined ? reply : withActions(reply, affords);
  return {
    ...promised(definition, isDerived ? [entityReply(body)] : [entityReply(body), UNCHANGED]),
    access: "caller",
    dialect: "rest",
    method: "get",
    params,
    query,
    body: NOTHING,
    serve: async ({ deps }, sent) => {
      const found = checked(params, sent.params, "path");
      const wantsActions = "include" in checked(query, sent.query, "query");
      const answered = await answer(deps, { caller: { ...sent.caller, wantsActions }, params: found });
      return { ...answered, isVolatile: wantsActions || isDerived };
    },
  };
}

/** A read of what has no revision. */
export function inquiry<Params extends Schema>(definition: Omit<ReadDefinition<Params>, "affords">): Route {
  return { ...read(definition), replies: [plainReply(definition.reply)] };
}

interface ListDefinition<Params extends Schema, Filters extends Schema> extends Promised {
  readonly params: Params;
  /** What it can be narrowed to, in the query; the page tokens are bound to it. */
  readonly filters: Filters;
  readonly item: Schema;
  readonly page: (deps: Deps, call: PageCall<z.output<Params>, z.output<Filters>>) => Promise<Page<object>>;
}

interface PageCall<Params, Filters> {
  readonly caller: Caller;
  readonly params: Params;
  readonly filters: Filters;
  readonly page: PageRequest;
}

/** A list: `page_size` and `page_token` in, `items` and `next_page_token` out, "" at the end. */
export function list<Params extends Schema>(
  definition: Omit<ListDefinition<Params, typeof NOTHING>, "filters">,
): Route {
  return filteredList({ ...definition, filters: NOTHING });
}

export function filteredList<Params extends Schema, Filters extends Schema>(
  definition: ListDefinition<Params, Filters>,
): Route {
  const { path, params, filters, page } = definition;
  const query = z.strictObject({ ...filters.shape, ...pageQuery.shape });
  return {
    ...promised(definition, [listReply(definition.item)]),
    access: "caller",
    dialect: "rest",
    method: "get",
    params,
    query,
    body: NOTHING,
    serve: async ({ deps, pageTokens }, { caller, ...sent }) => {
      const found = checked(params, sent.params, "path");
      // TypeScript does not follow a shape that it does not know into the spread above.
      const asked = checked(query, sent.query, "query") as z.output<typeof pageQuery> & z.output<Filters>;
      const { page_size: size, page_token: token, ...narrowed } = asked;
      const binding = { caller, route: path, params: found, filters: narrowed };
      const after = token === "" ? "" : pageTokens.open(token, binding);
      const request = { after, size: Number(size) };
      const { items, next } = await page(deps, { caller, params: found, filters: asked, page: request });
      const nextToken = next === null ? "" : pageTokens.seal(next, binding);
      return { status: 200, body: { items: items.map(listed), next_page_token: nextToken } };
    },
  };
}

interface CommandDefinition<Params extends Schema, Body extends Schema> extends Promised {
  readonly method: "post" | "put" | "patch" | "delete";
  readonly params: Params;
  /** NOTHING: no body, or `{}`. */
  readonly body: Body;
  readonly reply: Reply | readonly Reply[];
  readonly isOfGateway?: boolean;
  readonly answer: (deps: Deps, call: Call<z.output<Params>, z.output<Body>>) => Promise<Answer>;
}

/** A change: whatever has a body, or could have, but checks (check.ts). */
export function command<Params extends Schema, Body extends Schema>(
  definition: CommandDefinition<Params, Body>,
): Route {
  const { method, params, body, answer, isOfGateway = false } = definition;
  return {
    ...promised(definition, [definition.reply].flat()),
    access: "caller",
    dialect: "rest",
    ...{ isOfGateway, method, params, body },
    query: changeQuery,
    serve: async ({ deps }, sent) => {
      const found = checked(params, sent.params, "path");
      const query = checked(changeQuery, sent.query, "query");
      const fitting = checked(body, sent.body, "body");
      const caller = asking(sent.caller, query, { ...sent, method });
      const { ifMatch, identify } = sent;
      return answered(await answer(deps, { caller, params: found, body: fitting, ifMatch, identify }), caller);
    },
  };
}

interface OpenDefinition extends Pick<Promised, "operation" | "path" | "summary"> {
  readonly params?: Schema;
  readonly replies: readonly Reply[];
  readonly requires?: Contract["requires"];
  readonly problems?: Contract["problems"];
  readonly answer: (gateway: Gateway, sent: Anonymous) => Promise<Answer> | Answer;
}

/** For everybody, without a token. */
export function open(definition: OpenDefinition): Route {
  const { replies, answer, params = NOTHING, requires = "nobody in particular: no token" } = definition;
  return {
    ...promised({ ...definition, requires, asks: [] }, replies),
    access: "open",
    method: "get",
    params,
    query: NOTHING,
    body: NOTHING,
    serve: async (gateway, sent) => {
      const found = checked(params, sent.params, "path");
      checked(NOTHING, sent.query, "query");
      return await answer(gateway, { ...sent, params: found });
    },
  };
}

export function promised(definition: Promised, replies: readonly Reply[]): Omit<Declared, "method"> {
  const { operation, path, summary, requires, asks, problems = [] } = definition;
  return { operation, path, summary, requires, asks, problems, replies };
}
