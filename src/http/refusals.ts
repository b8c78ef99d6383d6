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

/** Every problem that the route can answer, by status: its own, those of its form, and what the policies say. */
export function refusalsOf(route: Route, policies: PolicyReasons): Refusal[] {
  const codes = new Map<number, Set<string>>();
  const add = (status: number, code: string): void =>
    void codes.set(status, (codes.get(status) ?? new Set()).add(code));
  for (const code of [...codesOfForm(route), ...route.problems]) add(PROBLEM_KINDS[code].status, code);
  const reasons = [...askedOf(route)].map((asked) => policies.get(asked));
  if (reasons.includes(undefined)) throw new Error(`${route.operation} asks what no policy answers`);
  for (const code of reasons.flatMap((each) => each?.matrix ?? [])) add(PROBLEM_KINDS.DENIED.status, code);
  for (const code of reasons.flatMap((each) => each?.floor ?? [])) add(PROBLEM_KINDS.DENIED_BY_STATE.status, code);
  const byPolicies = route.asks.length === 0 ? [] : [PROBLEM_KINDS.DENIED.status, PROBLEM_KINDS.DENIED_BY_STATE.status];
  return [...codes]
    .map(([status, found]) => {
      const hasReasons = byPolicies.includes(status) && [...found].some(isReasonCode);
      return { status, codes: [...found], hasReasons };
    })
    .sort((a, b) => a.status - b.status);
}

/** What every route of this form can answer, by what stands around it. */
function codesOfForm(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = ["INVALID_REQUEST", "BAD_REQUEST_SYNTAX", "REQUEST_TIMEOUT", "HEADERS_TOO_LARGE"];
  if (route.access === "open") return codes;
  codes.push("TOKEN_MISSING", "TOKEN_INVALID", "ACCOUNT_ERASED", "NOT_A_CLIENT", "CANNOT_DECIDE", "RATE_LIMITED");
  if (!route.requires.startsWith("scope")) codes.push("NOT_A_USER");
  if ("slug" in route.params.shape) codes.push("ORGANIZATION_NOT_ACCESSIBLE");
  if (route.asks.length > 0) codes.push("CONTENTION");
  if (route.method === "get") return codes;
  codes.push("MALFORMED_JSON", "BODY_TOO_LARGE");
  if (isRepeatable(route)) codes.push("IDEMPOTENCY_KEY_REUSED", "CONTENTION");
  if (route.dialect === "rest") codes.push("UNSUPPORTED_MEDIA_TYPE");
  return codes;
}

const LISTS = { sector: "sectors", application: "applications", member: "members", invitation: "invitations" } as const;

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
  return route.access === "caller" && route.dialect === "rest" && route.method === "post";
}

/** Is a body part of the request? */
export function hasBody({ body, method }: Route): boolean {
  return method !== "get" && body !== NOTHING;
}
