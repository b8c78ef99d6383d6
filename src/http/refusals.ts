import type { Asked } from "./contract.ts";
import { NOTHING } from "./fields.ts";
import { PROBLEM_KINDS, type ProblemCode } from "./problem-kinds.ts";
import { isReasonCode } from "./reasons.ts";
import type { Route } from "./route.ts";

/** The codes that the policies give for each action, by `<kind>.<action>`. */
export type PolicyReasons = ReadonlyMap<
  string,
  { readonly matrix: readonly string[]; readonly floor: readonly string[] }
>;

/** What a route can refuse with one status. */
export interface Refusal {
  readonly status: number;
  readonly codes: readonly string[];
  /** Policies refuse with it: it carries reasons and remedies. */
  readonly hasReasons: boolean;
}

/** A route never asks of somebody else what one can only do oneself; a check can. */
const OF_OTHERS = "NOT_SELF";

/** Every problem that the route can answer, by status: its own, those of its form, and what the policies say. */
export function refusalsOf(route: Route, policies: PolicyReasons): Refusal[] {
  const codes = new Map<number, Set<string>>();
  const add = (status: number, code: string): void =>
    void codes.set(status, (codes.get(status) ?? new Set()).add(code));
  for (const code of [...codesOfForm(route), ...route.problems]) add(PROBLEM_KINDS[code].status, code);
  const reasons = [...askedOf(route)].map((asked) => policies.get(asked));
  if (reasons.includes(undefined)) throw new Error(`${route.operation} asks what no policy answers`);
  // Who has the scope is the platform's only Owner, or the service that keeps the entities: no matrix refuses it.
  const byMatrix = route.requires.startsWith("scope") ? [] : reasons;
  for (const code of byMatrix.flatMap((each) => each?.matrix ?? [])) {
    if (code !== OF_OTHERS) add(PROBLEM_KINDS.DENIED.status, code);
  }
  for (const code of reasons.flatMap((each) => each?.floor ?? [])) add(PROBLEM_KINDS.DENIED_BY_STATE.status, code);
  const byPolicies = route.asks.length === 0 ? [] : [PROBLEM_KINDS.DENIED.status, PROBLEM_KINDS.DENIED_BY_STATE.status];
  return [...codes]
    .map(([status, found]) => {
      const hasReasons = byPolicies.includes(status) && [...found].some(isReasonCode);
      return { status, codes: [...found], hasReasons };
    })
    .sort((a, b) => a.status - b.status);
}

interface Form {
  /** Which operations these are, for the page. */
  readonly of: string;
  readonly has: (route: Route) => boolean;
  readonly codes: readonly ProblemCode[];
}

const needsToken = (route: Route): boolean => route.access === "caller";

/** What every route of a form can answer, by what stands around it. */
export const FORMS: readonly Form[] = [
  {
    of: "every operation",
    has: () => true,
    codes: ["INVALID_REQUEST", "BAD_REQUEST_SYNTAX", "REQUEST_TIMEOUT", "HEADERS_TOO_LARGE"],
  },
  {
    of: "what requires something else than a scope",
    has: (route) => needsToken(route) && !route.requires.startsWith("scope"),
    codes: ["NOT_A_USER"],
  },
  {
    of: "what requires anything",
    has: needsToken,
    codes: ["TOKEN_MISSING", "TOKEN_INVALID", "ACCOUNT_ERASED", "NOT_A_CLIENT", "CANNOT_DECIDE", "RATE_LIMITED"],
  },
  {
    of: "`{slug}` in the path, but of checks: to these what is foreign is unknown",
    has: (route) => route.access === "caller" && route.dialect !== "authzen" && "slug" in route.params.shape,
    codes: ["ORGANIZATION_NOT_ACCESSIBLE"],
  },
  {
    of: "what asks the policies: nearly all of what requires a role",
    has: (route) => needsToken(route) && route.asks.length > 0,
    codes: ["CONTENTION"],
  },
  {
    of: "POST, PUT, PATCH and DELETE, but imports, whose lines are refused one by one",
    has: (route) => route.access === "caller" && route.dialect !== "lines" && route.method !== "get",
    codes: ["MALFORMED_JSON", "BODY_TOO_LARGE"],
  },
  {
    of: "POST, PUT, PATCH and DELETE, but checks",
    has: (route) => route.access === "caller" && route.dialect !== "authzen" && route.method !== "get",
    codes: ["UNSUPPORTED_MEDIA_TYPE"],
  },
  { of: "POST, but checks, imports and reloads", has: isRepeatable, codes: ["IDEMPOTENCY_KEY_REUSED", "CONTENTION"] },
];

export function codesOfForm(route: Route): ProblemCode[] {
  return FORMS.filter(({ has }) => has(route)).flatMap(({ codes }) => codes);
}

const LISTS = {
  sector: "sectors",
  application: "applications",
  member: "members",
  invitation: "invitations",
  transfer: "transfers",
} as const;

/** Beside what it asks for: whether the caller may view the thing at all, and may know that it is not there (domain/read.ts). */
function askedOf({ asks, params }: Route): Set<Asked> {
  const all = new Set<Asked>(asks);
  if (!("slug" in params.shape)) return all;
  for (const asked of asks) {
    const [kind = ""] = asked.split(".");
    all.add(`${kind}.view` as Asked); // every kind has it
    if (kind in LISTS) all.add(`organization.list_${LISTS[kind as keyof typeof LISTS]}`);
  }
  return all;
}

/** Is it a change that an Idempotency-Key makes happen once? */
export function isRepeatable(route: Route): boolean {
  const isOfGateway = route.isOfGateway === true;
  return route.access === "caller" && route.dialect === "rest" && route.method === "post" && !isOfGateway;
}

/** Is a body part of the request? */
export function hasBody({ body, method }: Route): boolean {
  return method !== "get" && body !== NOTHING;
}
