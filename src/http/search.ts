import { z } from "zod";
import type { Caller } from "../entities/callers.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Deps } from "../domain/deps.ts";
import type { Pdp } from "../domain/evaluate.ts";
import { searchActions, searchResources, searchSubjects } from "../domain/search.ts";
import type { LoggedPage } from "../domain/recorded-search.ts";
import type { SearchRequest } from "../domain/search-page.ts";
import { action, AT_ORGANIZATION, AT_PLAIN_PATHS, ENDPOINTS, type PdpPlace, resource, subject } from "./authzen.ts";
import { check } from "./check.ts";
import { plainReply } from "./contract.ts";
import { decisionId, unit } from "./fields.ts";
import type { Route } from "./route.ts";

const context = z.record(z.string(), z.unknown()).optional();
const page = z
  .object({
    limit: z
      .int()
      .min(1)
      .max(LIMITS.searchPage)
      .default(LIMITS.defaultPageSize)
      .meta({ description: "Results on a page", examples: [LIMITS.defaultPageSize] }),
    token: z
      .string()
      .max(LIMITS.pageTokenCharacters)
      .default("")
      .meta({ description: "The next_token of the page before; absent for the first page", examples: [""] }),
  })
  .default({ limit: LIMITS.defaultPageSize, token: "" });

// Of what is searched for only the type counts; an id that is sent is ignored.
const subjectType = subject.pick({ type: true, properties: true });
const resourceType = resource.pick({ type: true, properties: true });

const THING = { type: "sector", id: "sec-ctjjdpj1r2x898hen5w0" };
const BOB = { type: "account", id: "bob" };
const VIEW = { name: "view" };

const thing = z.strictObject({ type: z.string().min(1), id: z.string().min(1) }).meta({ examples: [THING, BOB] });
const verb = z.strictObject({ name: z.string().min(1) }).meta({ examples: [VIEW] });

function found(result: z.ZodObject, example: object): z.ZodObject {
  return z
    .strictObject({
      results: z.array(result).meta({ description: "A question about each of them is answered with yes" }),
      page: z.strictObject({
        next_token: z.string().meta({ description: 'The token of the next page; "" at the end', examples: [""] }),
        count: z.int().min(0).max(LIMITS.searchPage).meta({ description: "How many results these are" }),
        cut: z
          .literal("deadline")
          .exactOptional()
          .meta({ description: "The time was over before the page was full; its token goes on from there" }),
      }),
      context: z.strictObject({ id: decisionId, unit }),
    })
    .meta({
      examples: [
        {
          results: [example],
          page: { next_token: "", count: 1 },
          context: { id: "dec-3p8d1k7mzq0v5xw2ch9t", unit: "350c2211499c7498" },
        },
      ],
    });
}

interface Definition<Body extends z.ZodObject> {
  readonly verb: string;
  readonly path: string;
  readonly summary: string;
  readonly isOfPeople: boolean;
  readonly body: Body;
  readonly reply: z.ZodObject;
  readonly search: (
    deps: Deps,
    caller: Caller,
    pdp: Pdp,
    asked: Omit<z.output<Body>, "page"> & { readonly page: SearchRequest },
  ) => Promise<LoggedPage<object>>;
}

function searchAt<Body extends z.ZodObject<{ page: typeof page }>>(
  place: PdpPlace,
  { verb: name, path, summary, isOfPeople, body, reply, search }: Definition<Body>,
): Route {
  return check({
    path: `${place.path}${path}`,
    summary: `${summary}${place.whose}?`,
    operation: place.operation(name),
    requires: isOfPeople ? "scope authz:search, or a person about itself" : "scope authz:search",
    asks: [],
    problems: [
      "SCOPE_MISSING",
      "KIND_NOT_BOUND",
      "ALIAS_REFUSED",
      "CONTENTION",
      ...(isOfPeople ? (["NOT_ABOUT_SELF"] as const) : []),
    ],
    reply: plainReply(reply),
    params: place.params,
    body,
    answer: async ({ deps, pageTokens }, { caller, params, body: sent }) => {
      const { page: wanted, ...question } = sent;
      const binding = { caller, route: place.path + path, params, filters: question, place: "body.page.token" };
      const after = wanted.token === "" ? "" : pageTokens.open(wanted.token, binding);
      const asked = { ...question, page: { after, size: wanted.limit } };
      const { id, results, next, cut } = await search(deps, caller, place.pdpOf(params), asked);
      const nextToken = next === null ? "" : pageTokens.seal(next, binding);
      const about = { next_token: nextToken, count: results.length, ...(cut !== null && { cut }) };
      return { status: 200, body: { results, page: about, context: { id, unit: deps.unit } } };
    },
  });
}

function routesAt(place: PdpPlace): Route[] {
  return [
    searchAt(place, {
      verb: "searchSubjects",
      path: ENDPOINTS.search_subject_endpoint,
      summary: "Who may do this to this resource",
      isOfPeople: false,
      body: z
        .object({ subject: subjectType, action, resource, context, page })
        .meta({ examples: [{ subject: { type: "account" }, action: VIEW, resource: THING }] }),
      reply: found(thing, BOB),
      search: searchSubjects,
    }),
    searchAt(place, {
      verb: "searchResources",
      path: ENDPOINTS.search_resource_endpoint,
      summary: "To which resources may this subject do this",
      isOfPeople: true,
      body: z
        .object({ subject, action, resource: resourceType, context, page })
        .meta({ examples: [{ subject: BOB, action: VIEW, resource: { type: "sector" } }] }),
      reply: found(thing, THING),
      search: searchResources,
    }),
    searchAt(place, {
      verb: "searchActions",
      path: ENDPOINTS.search_action_endpoint,
      summary: "What may this subject do to this resource",
      isOfPeople: true,
      body: z.object({ subject, resource, context, page }).meta({ examples: [{ subject: BOB, resource: THING }] }),
      reply: found(verb, VIEW),
      search: searchActions,
    }),
  ];
}

export const SEARCH_ROUTES: readonly Route[] = [AT_PLAIN_PATHS, AT_ORGANIZATION].flatMap(routesAt);
