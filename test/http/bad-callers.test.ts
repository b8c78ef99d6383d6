/** Every route of the registry, asked by those who may not: the documented problem, no stack, nothing written. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { SCOPES } from "../../src/entities/records.ts";
import { type CallerRoute, goodRequest, isOfEntities } from "./route-samples.ts";
import {
  bodyText,
  CALLER_ROUTES,
  openSpoilingPlace,
  type SpoilingPlace,
  table,
  WITH_BODY,
} from "./spoiled-requests.ts";

let at: SpoilingPlace;
beforeAll(async () => {
  at = await openSpoilingPlace();
});
afterAll(async () => await at.close());

describe.each(table(CALLER_ROUTES))("%s", (_name, route) => {
  test("no token", async () => {
    expect(await at.spoiled(route, { token: "" })).toMatchObject({ status: 401, code: "TOKEN_MISSING" });
  });

  test("a token that does not hold", async () => {
    const subject = { sub: "mallory" };
    const now = Math.floor(Date.now() / 1000);
    const tokens = [
      await at.issuer.sign({ ...subject, exp: now - LIMITS.clockSkewSeconds }),
      await at.issuer.sign({ ...subject, aud: "another" }),
      await at.issuer.sign({ ...subject, iss: "https://issuer.example.com" }),
      at.issuer.unsigned(subject),
      `${await at.issuer.sign(subject)}x`,
      "x".repeat(LIMITS.tokenBytes),
    ];
    for (const token of tokens) {
      expect(await at.spoiled(route, { token })).toMatchObject({ status: 401, code: "TOKEN_INVALID" });
    }
  });
});

/** A foreign organization, and one that does not exist. */
async function expectAlike(route: CallerRoute, token: string): Promise<void> {
  const foreign = await at.spoiled(route, { token });
  expect(foreign).toMatchObject({ status: 403, code: "ORGANIZATION_NOT_ACCESSIBLE" });
  const { path, body } = goodRequest(route, { ...at.world, slug: "no-such-organization" });
  expect((await at.spoiled(route, { token, path, body: bodyText(body) })).text).toBe(foreign.text);
}

const inOrganization = CALLER_ROUTES.filter(({ path }) => path.startsWith("/v1/organizations/:slug"));
describe.each(table(inOrganization.filter((route) => !isOfEntities(route))))("%s", (_name, route) => {
  test("a foreign organization and one that does not exist answer alike", async () => {
    await expectAlike(route, at.stranger.token);
  });

  test("a service is no person", async () => {
    expect(await at.spoiled(route, { token: at.gateway.shop.token })).toMatchObject({
      status: 403,
      code: "NOT_A_USER",
    });
  });
});

describe.each(table(inOrganization.filter(isOfEntities)))("%s", (_name, route) => {
  test("a foreign organization and one that does not exist answer alike, to a service that keeps another's", async () => {
    await expectAlike(route, at.elsewhere.token);
  });

  test("a person is no service: not an Owner, and not a stranger to one or the other organization", async () => {
    const answers = new Set<string>();
    for (const { token } of [at.world.alice, at.stranger]) {
      for (const slug of [at.world.slug, "no-such-organization"]) {
        const { path } = goodRequest(route, { ...at.world, slug });
        const { status, code, text } = await at.spoiled(route, { token, path });
        expect([status, code]).toEqual([403, "NOT_A_CLIENT"]);
        answers.add(text);
      }
    }
    expect(answers.size).toBe(1);
  });

  test("a service that may only ask keeps nothing", async () => {
    expect(await at.spoiled(route, { token: at.gateway.shop.token })).toMatchObject({
      ...{ status: 403, code: "SCOPE_MISSING" },
    });
  });
});

describe("A scope", () => {
  /** Behind which a registration must stand. */
  const guarded = CALLER_ROUTES.filter(({ requires }) => requires.startsWith("scope "));
  test.each(table(guarded))(
    "that the registration lacks does not count, whatever the token says: %s",
    async (_name, route) => {
      const scope = SCOPES.filter((each) => each !== "authz:search").join(" ");
      const token = await at.issuer.sign({ sub: "narrow", client_id: "narrow", scope });
      expect(await at.spoiled(route, { token })).toMatchObject({ status: 403, code: "SCOPE_MISSING" });
    },
  );

  test("guards what the list above is meant to have", () => {
    expect(new Set(guarded.map(({ requires }) => requires)).size).toBeGreaterThan(3);
  });

  const ofClients = guarded.filter(({ requires }) => !requires.includes("a person"));
  test.each(table(ofClients))("%s is for clients", async (_name, route) => {
    expect(await at.spoiled(route, { token: at.world.alice.token })).toMatchObject({
      ...{ status: 403, code: "NOT_A_CLIENT" },
    });
  });
});

test("what a caller that nobody has seen sends wrongly makes no account", async () => {
  const [route] = WITH_BODY as [CallerRoute];
  expect(await at.spoiled(route, { token: await at.issuer.sign({ sub: "zoe" }), body: "{}" })).toMatchObject({
    status: 400,
  });
});
