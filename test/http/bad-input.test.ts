/** Every route of the registry, with every standard way to be wrong: the documented problem, no stack, nothing written. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isDeepStrictEqual } from "node:util";
import { LIMITS } from "../../src/entities/limits.ts";
import { type CallerRoute, goodPath, goodRequest, isOfEntities } from "./route-samples.ts";
import { CALLER_ROUTES, openSpoilingPlace, type SpoilingPlace, table, WITH_BODY } from "./spoiled-requests.ts";

let at: SpoilingPlace;
beforeAll(async () => {
  at = await openSpoilingPlace();
});
afterAll(async () => await at.close());

describe.each(table(CALLER_ROUTES))("%s", (_name, route) => {
  test("an unknown query parameter", async () => {
    const path = `${goodRequest(route, at.world).path}?verbose=1`;
    expect(await at.spoiled(route, { path })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("a bad id in each place of the path", async () => {
    for (const place of route.path.matchAll(/:[a-z]+/g)) {
      // The ids of a host's things are whatever it likes.
      const isForeign = isOfEntities(route) && place[0] === ":id";
      for (const bad of ["%00", "%zz", "x".repeat(300), ...(isForeign ? [] : ["Not%20An%20Id"])]) {
        const path = goodPath(route.path.replace(place[0], bad), at.world);
        expect(await at.spoiled(route, { path })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      }
    }
  });
});

const LINES_ROUTES = CALLER_ROUTES.filter(({ dialect }) => dialect === "lines"); // each line: entity-lines.test.ts
test.each(table(LINES_ROUTES))("the body of %s is of lines by its type", async (_name, route) => {
  for (const type of ["application/json", "text/plain", "application/x-ndjson-seq", ""]) {
    const headers = { "content-type": type };
    expect(await at.spoiled(route, { headers })).toMatchObject({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
  }
  const headers = { "content-encoding": "gzip" };
  expect(await at.spoiled(route, { headers })).toMatchObject({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
});

const CHANGING = CALLER_ROUTES.filter(({ method, dialect }) => method !== "get" && dialect !== "lines");
describe.each(table(CHANGING))("The body of %s", (_name, route) => {
  test("is malformed, or is no object", async () => {
    expect(await at.spoiled(route, { body: '{"name":' })).toMatchObject({ status: 400, code: "MALFORMED_JSON" });
    for (const body of ["[]", "null", '"text"', "7"]) {
      expect(await at.spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    }
  });

  test("is too large", async () => {
    const most = route.dialect === "authzen" ? LIMITS.checkBytes : LIMITS.bodyBytes;
    const body = JSON.stringify({ padding: "x".repeat(most) });
    expect(await at.spoiled(route, { body })).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  });

  test("is no JSON by its type", async () => {
    const headers = { "content-type": "text/plain" };
    const status = route.dialect === "authzen" ? 400 : 415;
    expect(await at.spoiled(route, { body: "{}", headers })).toMatchObject({ status });
  });

  if (route.dialect === "rest") {
    test("has an unknown member", async () => {
      const body = JSON.stringify({ ...goodBody(route), admin: true });
      expect(await at.spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    });
  }

  test("comes with a malformed If-Match", async () => {
    expect(await at.spoiled(route, { headers: { "if-match": "3" } })).toMatchObject({
      status: 400,
      code: "INVALID_REQUEST",
    });
  });
});

/** What is right by chance: no scope at all is one way to register, an empty list may be meant, and null is no limit. */
const FINE: Readonly<Record<string, readonly unknown[]>> = {
  ...{ scopes: [[]], redirectUris: [[]], accounts: [[]], blocked: [[]], domains: [[]], token: [[]], service: [[]] },
  ...{
    methods: [null],
    connectors: [null],
    maximumAgeSeconds: [null, 7],
    expiresInDays: [7],
    claims: [{}],
    reauthenticateAfterSeconds: [null],
  },
};
const OPTIONAL = new Set(["publicKey", "expiresInDays", "claims"]);
const isEmptyObject = (value: unknown): boolean => JSON.stringify(value) === "{}";

function goodBody(route: CallerRoute): object {
  const { body = {} } = goodRequest(route, at.world);
  if (typeof body === "string") throw new Error("lines have no members");
  return body;
}

describe.each(table(WITH_BODY))("The body of %s", (_name, route) => {
  test("lacks a member, or has one of a wrong type", async () => {
    const good = goodBody(route);
    const isRotation = route.path.endsWith("/keys/rotate");
    const isUpdate = route.method === "patch" && route.path.includes("/clients/");
    const isAllOptional = isOfEntities(route) || isUpdate || isRotation;
    for (const member of Object.keys(good)) {
      for (const wrong of [undefined, null, 7, [], {}, "\u0000", ""]) {
        if (wrong === undefined && (isAllOptional || OPTIONAL.has(member))) continue;
        if (FINE[member]?.some((fine) => isDeepStrictEqual(fine, wrong)) === true) continue;
        if (isEmptyObject(wrong) && isOfEntities(route)) continue; // no attribute, or no relation
        const body = JSON.stringify({ ...good, [member]: wrong });
        expect(await at.spoiled(route, { body })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      }
    }
  });
});

const onEntity = CALLER_ROUTES.filter(
  ({ dialect, method, path }) =>
    dialect !== "authzen" && method !== "get" && /:[a-z]+(\/rules)?(\/[a-z]+)?$/.test(path),
);
const revised = onEntity.filter(
  ({ path }) => !/:slug\/(sectors|applications|connectors|invitations|transfers|entities)$/.test(path),
);
describe.each(table(revised))("%s", (_name, route) => {
  test("with nothing spoiled is stopped by a revision that is not the entity's, or by a rule", async () => {
    const { status } = await at.spoiled(route, { headers: { "if-match": '"999999"' } });
    expect([403, 409, 412]).toContain(status);
  });
});
