import { afterAll, describe, expect, test } from "@jest/globals";
import { LINES_TYPE } from "../../src/http/contract.ts";
import { ROUTES } from "../../src/http/registry.ts";
import type { Route } from "../../src/http/route.ts";
import { type Answered, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { DOCUMENTS } from "../support/documents.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { type Tracker, track } from "../support/footprint.ts";
import { type Chance, chanceOf, takeSeed } from "../support/seed.ts";
import { draw, type Drawn, send } from "./drawn-requests.ts";
import { type Cast, makeCast, makeSituation, type Situation } from "./situations.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const SITUATIONS = IS_FULL ? 500 : 20;
/** Tables stay small enough to be read whole, again and again. */
const SITUATIONS_EACH_LEDGER = 20;

const CHANGING = ROUTES.filter(
  (route) => route.access === "caller" && route.dialect !== "authzen" && route.method !== "get",
);
/** Reduced, each situation sees some of the routes in turn; what they change makes the next one's situation. */
const ROUTES_EACH = IS_FULL ? CHANGING.length : Math.ceil(CHANGING.length / SITUATIONS);

let gateway: TestGateway | undefined;
afterAll(async () => await gateway?.close());

interface Place {
  readonly gateway: TestGateway;
  readonly cast: Cast;
  readonly tracker: Tracker;
}

async function moveIn(): Promise<Place> {
  await gateway?.close();
  gateway = await startTestGateway({ settings: { GRAPH_WAIT_MS: "0" }, hostPolicies: [DOCUMENTS] }); // where it matters, the test waits
  return { gateway, cast: await makeCast(gateway), tracker: track(gateway) };
}

/** Ids that the ledger knew before, and the time: what is not of then was made anew. */
interface Then {
  readonly ids: ReadonlySet<string>;
  readonly at: string;
}

const IDS = `
  select id from sectors union all select anchor from applications
  union all select id from invitations union all select id from transfers union all select id from clients
  union all select id from sign_in_methods union all select kid from signing_keys union all select id from client_keys
  union all select id from connectors`;

async function thenOf(place: TestGateway): Promise<Then> {
  return { ids: new Set((await place.sql<{ id: string }>(IDS)).map(({ id }) => id)), at: new Date().toISOString() };
}

const ID = /\b(?:sec|app|key|cak|con|inv|tra|cli|sim)-[0-9a-z]{20}\b/g;
/** Of a public key. Those that were made before are in no answer of a change. */
const COORDINATE = /("[xy]":")[A-Za-z0-9_-]{43}(?=")/g;
/** That is in one answer alone. */
const SECRET = /\bbws_[A-Za-z0-9_-]{43}/g;
/** What the DNS is to show for a domain that is adopted anew. */
const PROOF = /(bailiwick-domain-verification=)[0-9a-z]{32}/g;
const TIME = /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** What was answered, with the ids and times that it made left out. */
function told({ status, headers, text }: Answered, then: Then): object {
  const cut = (value: string | null): string | null => {
    if (value === null) return null;
    const named = value.replaceAll(ID, (id) => (then.ids.has(id) ? id : "<a new id>"));
    return named
      .replaceAll(COORDINATE, "$1<of a new key>")
      .replaceAll(SECRET, "<a new secret>")
      .replaceAll(PROOF, "$1<proof>")
      .replaceAll(TIME, (time) => (time < then.at ? time : "<a new time>"));
  };
  const hasLines = headers.get("content-type") === LINES_TYPE;
  const body: unknown = text === "" || hasLines ? cut(text) : JSON.parse(cut(text) ?? "");
  return { status, body, etag: headers.get("etag"), location: cut(headers.get("location")) };
}

/** What came of a route: its statuses and codes. */
const outcomes = new Map<Route, Set<string>>(CHANGING.map((route) => [route, new Set()]));

async function compare(place: Place, route: Route, request: Drawn, situation: Situation): Promise<void> {
  const { gateway, tracker } = place;
  await settle(gateway);
  const { by, method, path, body, headers } = request;
  const asked = { situation: situation.story, by: by.alias, method, path, body, headers };
  const then = await thenOf(gateway);
  const before = await tracker.footprint();
  const dry = await send(request, "?dryRun=true");
  expect({ asked, ...(await tracker.footprint()) }).toEqual({ asked, ...before });
  expect(before.waiting).toBe(0);
  const real = await send(request, "");
  expect({ asked, ...told(dry, then) }).toEqual({ asked, ...told(real, then) });
  const marks = [dry, real].map((each) => each.headers.get("bailiwick-dry-run"));
  expect({ asked, marks }).toEqual({ asked, marks: [dry.status < 300 ? "true" : null, null] });
  expect(dry.headers.has("bailiwick-graph")).toBe(false);
  outcomes.get(route)?.add(real.body.code ?? "done");
}

/** Whatever waits for the graph is there before anything is compared. */
async function settle(place: TestGateway): Promise<void> {
  const waiting = await place.sql<{ id: string }>("select distinct organization_id as id from outbox");
  for (const { id } of waiting) await place.gateway.deps.applyTuples(id);
}

/** The routes of this situation, in an order of its own. */
function routesOf(index: number, chance: Chance): Route[] {
  const first = index * ROUTES_EACH;
  const taken = Array.from({ length: ROUTES_EACH }, (_, nth) => CHANGING[(first + nth) % CHANGING.length] as Route);
  const shuffled: Route[] = [];
  for (const route of taken) shuffled.splice(chance.below(shuffled.length + 1), 0, route);
  return shuffled;
}

/** Refusals of every kind, so that the situations are known to be as different as they are meant to be. */
const MET = [
  ...["done", "ORGANIZATION_NOT_ACCESSIBLE", "NOT_FOUND", "PRECONDITION_FAILED", "CLIENT_EXISTS"],
  ...["ROLE_TOO_LOW", "NOT_SOLE_OWNER", "LAST_OWNER", "ORGANIZATION_RETIRED", "ORGANIZATION_ARCHIVED", "LIMIT_REACHED"],
  ...[
    "LIVE_APPLICATIONS",
    "LIVE_ORGANIZATIONS",
    "SECTOR_RETIRED",
    "OWNER_NOT_BY_INVITATION",
    "UNKNOWN_ALIAS",
    "ALREADY_MEMBER",
  ],
  ...["ALREADY_INVITED", "INVITATION_EXPIRED", "INVITATION_NOT_PENDING", "NOT_INVITEE", "SLUG_TAKEN"],
  ...["ALIAS_TAKEN", "ALIAS_COOLING_DOWN", "SIGN_IN_METHOD_TAKEN", "LAST_SIGN_IN_METHOD", "NOT_A_USER"],
  ...["NOT_A_CLIENT", "INVALID_REQUEST", "PRECONDITION_REQUIRED", "UNKNOWN_RELATED"],
  ...["DOMAIN_EXISTS", "DOMAIN_UNPROVEN"],
  ...["ALREADY_OWNER", "TRANSFER_PENDING", "TRANSFER_NOT_PENDING", "TRANSFER_EXPIRED", "NOT_RECIPIENT"],
];

describe("a dry run answers as the change then does, and writes nothing in ledger or graph", () => {
  test(
    `for every changing route, in ${SITUATIONS} random situations`,
    async () => {
      const seed = takeSeed("dry runs");
      let place: Place | undefined;
      for (let index = 0; index < SITUATIONS; index += 1) {
        const chance = chanceOf(seed + index);
        if (place === undefined || index % SITUATIONS_EACH_LEDGER === 0) place = await moveIn();
        const situation = await makeSituation(place.gateway, place.cast, chance);
        for (const route of routesOf(index, chance)) {
          await compare(place, route, await draw(place.gateway, route, situation, chance), situation);
        }
        if ((index + 1) % SITUATIONS_EACH_LEDGER === 0) await expectGraphEqualsLedger(place.gateway);
      }
      const met = new Set([...outcomes.values()].flatMap((codes) => [...codes]));
      if (IS_FULL) expect(MET.filter((code) => !met.has(code))).toEqual([]);
      expect(met.size).toBeGreaterThan(5);
      const unmet = [...outcomes].filter(
        ([, codes]) => codes.size < (IS_FULL ? 2 : 1) || (IS_FULL && !codes.has("done")),
      );
      expect(unmet.map(([route, codes]) => [route.operation, ...codes])).toEqual([]);
    },
    IS_FULL ? 3 * 60 * 60_000 : undefined,
  );
});
