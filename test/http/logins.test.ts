/** S0.12, S0.15, S0.16, S0.31, S0.32: logins to applications, decided for the service that asks. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
  attemptOf,
  bindTo,
  codesOf,
  foundForLogins,
  granted,
  logIn,
  type LoginAnswer,
  loginService,
  tryLogin,
  verified,
} from "../support/logins.ts";
import { admission, CLAIMS } from "../support/rules.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let service: Person;
let slug: string;
let anchor: string;
let sector: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, slug, service } = await foundForLogins(gateway));
  bob = await gateway.person("bob");
  await addMember(alice, slug, bob, "viewer");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor, sector } = await addApplication(alice, slug));
});

const at = (): string => `/v1/organizations/${slug}/applications/${anchor}`;
const set = async (document: string, body: object): Promise<void> => {
  must(await alice.put(`${at()}/${document}`, body, { "if-match": "*" }), 200);
};
const subjectOf = (answer: LoginAnswer): string => granted(answer).subject.id;

describe("A login that is granted", () => {
  test("carries a token that the application's key set verifies, of the application and for it, and nothing that names the person", async () => {
    const before = Math.floor(Date.now() / 1000);
    const answer = await logIn(service, anchor, attemptOf(bob));
    expect(answer).toMatchObject({
      decision: true,
      context: { reasons: [], matrix: "default", graph: expect.any(String) },
    });
    const { subject, token, expiresAt, claims } = granted(answer);
    const { payload, protectedHeader } = await verified(gateway, anchor, token);
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "login+jwt", kid: expect.stringMatching(/^key-/) });
    expect(payload).toEqual({
      iss: `${gateway.config.publicUrl}/v1/applications/${anchor}`,
      ...{ aud: anchor, sub: subject.id, iat: expect.any(Number), exp: Math.floor(Date.parse(expiresAt) / 1000) },
      ...{ auth_time: expect.any(Number), acr: "1", amr: ["pwd"] },
    });
    expect(payload.iat).toBeGreaterThanOrEqual(before);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(LIMITS.defaultTokenSeconds);
    expect([subject.type, subject.id, claims]).toEqual(["sector_subject", expect.stringMatching(/^[0-9a-z]{26}$/), {}]);
    expect(JSON.stringify(payload)).not.toContain("bob");
  });

  test("is noted where the person sees which applications know it, with the claims that left (S0.4)", async () => {
    await set("claims", CLAIMS);
    const told = async (): Promise<object[]> => {
      const { items } = must(await bob.get("/v1/me/data-sharing?page_size=100"), 200).body as {
        items: { application: string }[];
      };
      return items.filter(({ application }) => application === anchor);
    };
    expect(await told()).toEqual([]);
    await logIn(service, anchor, attemptOf(bob, { claims: { email: "bob@example.com" } }));
    const [first] = await told();
    expect(first).toMatchObject({ organization: slug, claims: ["email"] });
    must(await bob.patch("/v1/me", { name: "Bob Builder" }), 200);
    await logIn(service, anchor, attemptOf(bob));
    expect(await told()).toMatchObject([
      { claims: ["email", "name"], firstAt: (first as { firstAt: string }).firstAt },
    ]);
  });

  test("lets out what the claim policy lists, to whom it says, and nothing else of what was sent", async () => {
    const claims = { email: "bob@example.com", colour: "red", preferred_username: "mallory" };
    expect(granted(await logIn(service, anchor, attemptOf(bob, { claims }))).claims).toEqual({});
    await set("claims", { token: ["email", "missing"], service: ["preferred_username", "email"] });
    const { token, claims: forService } = granted(await logIn(service, anchor, attemptOf(bob, { claims })));
    expect(forService).toEqual({ preferred_username: "bob", email: "bob@example.com" });
    const payload = decodeJwt(token);
    expect([payload["email"], "colour" in payload, "preferred_username" in payload]).toEqual([
      "bob@example.com",
      false,
      false,
    ]);
  });

  test("ends no later than somebody has to authenticate anew", async () => {
    await set("rules/session", { tokenLifetimeSeconds: 3600, reauthenticateAfterSeconds: 600 });
    const authenticatedAt = new Date(Date.now() - 500_000);
    const authentication = { at: authenticatedAt.toISOString() };
    const { expiresAt } = granted(await logIn(service, anchor, attemptOf(bob, { authentication })));
    expect(Date.parse(expiresAt)).toBe(authenticatedAt.getTime() + 600_000);
    const late = { at: new Date(Date.now() - 602_000).toISOString() };
    expect(codesOf(await logIn(service, anchor, attemptOf(bob, { authentication: late })))).toEqual([
      "REAUTHENTICATION_REQUIRED",
    ]);
  });

  test("carries a token that is no access token: nobody calls this service with it", async () => {
    const { token } = granted(await logIn(service, anchor, attemptOf(bob)));
    const response = await fetch(`${gateway.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.json()]).toEqual([401, expect.objectContaining({ code: "TOKEN_INVALID" })]);
  });

  test("works for an application that was made before there were keys: the first login makes one", async () => {
    await gateway.sql("delete from signing_keys where anchor = $1", [anchor]);
    const answers = await Promise.all([0, 1, 2, 3].map(async () => await logIn(service, anchor, attemptOf(bob))));
    for (const answer of answers) await verified(gateway, anchor, granted(answer).token);
    expect(await gateway.sql("select from signing_keys where anchor = $1", [anchor])).toHaveLength(1);
  });
});

describe("What an application sees of a person", () => {
  test("is the same in every application of a sector, and in every login (S0.15), and another in another sector (S0.16)", async () => {
    const first = subjectOf(await logIn(service, anchor, attemptOf(bob)));
    expect(subjectOf(await logIn(service, anchor, attemptOf(bob)))).toBe(first);
    const beside = await addApplication(alice, slug, { sector });
    expect(subjectOf(await logIn(service, beside.anchor, attemptOf(bob)))).toBe(first);
    const elsewhere = await addApplication(alice, slug);
    expect(subjectOf(await logIn(service, elsewhere.anchor, attemptOf(bob)))).not.toBe(first);
    expect(subjectOf(await logIn(service, anchor, attemptOf(alice)))).not.toBe(first);
  });

  test("stays when the alias changes, and when the master key does not open it nobody gets another one", async () => {
    const dora = await gateway.person("dora");
    await set("rules/admission", admission({ everyone: true }));
    const first = subjectOf(await logIn(service, anchor, attemptOf(dora)));
    must(await dora.patch("/v1/me", { alias: "dora-two" }), 200);
    expect(subjectOf(await logIn(service, anchor, attemptOf("dora-two")))).toBe(first);
    const moved = "update sector_secrets set secret = replace(secret, '1.', '1.other-') where sector_id = $1";
    await gateway.sql(moved, [sector]);
    const refused = await tryLogin(service, anchor, attemptOf("dora-two"));
    expect([refused.status, refused.body.code]).toEqual([503, "CANNOT_DECIDE"]);
  });

  test("names the person in the next login of the sector, and nobody in another sector", async () => {
    const id = subjectOf(await logIn(service, anchor, attemptOf(bob)));
    const again = attemptOf("", { subject: { type: "sector_subject", id } });
    expect(subjectOf(await logIn(service, anchor, again))).toBe(id);
    const elsewhere = await addApplication(alice, slug);
    expect(codesOf(await logIn(service, elsewhere.anchor, again))).toEqual(["UNKNOWN_SUBJECT"]);
  });
});

describe("Who asks", () => {
  test("names people as its own issuer does: whom nobody has seen yet becomes known by that", async () => {
    await set("rules/admission", admission({ everyone: true }));
    const attempt = attemptOf("", { subject: { type: "identity", id: "new-in-town" } });
    const first = subjectOf(await logIn(service, anchor, attempt));
    expect(subjectOf(await logIn(service, anchor, attempt))).toBe(first);
    const known = attemptOf("", { subject: { type: "identity", id: "bob" } });
    expect(subjectOf(await logIn(service, anchor, known))).toBe(
      subjectOf(await logIn(service, anchor, attemptOf(bob))),
    );
  });

  test("by an erased identity gets nobody, and makes nobody", async () => {
    await set("rules/admission", admission({ everyone: true }));
    const finn = await gateway.person("finn");
    const first = subjectOf(await logIn(service, anchor, attemptOf(finn)));
    must(await finn.delete("/v1/me"), 204);
    const byIdentity = attemptOf("", { subject: { type: "identity", id: "finn" } });
    expect(codesOf(await logIn(service, anchor, byIdentity))).toEqual(["UNKNOWN_SUBJECT"]);
    const bySubject = attemptOf("", { subject: { type: "sector_subject", id: first } });
    expect(codesOf(await logIn(service, anchor, bySubject))).toEqual(["UNKNOWN_SUBJECT"]);
  });

  test("and is bound to applications knows people by their sector alone: an alias is refused, whoever has it", async () => {
    const id = subjectOf(await logIn(service, anchor, attemptOf(bob)));
    const bound = await loginService(gateway, "bound-service", [slug]);
    await logIn(bound, anchor, attemptOf(bob)); // it registers itself
    await bindTo(gateway, bound, [anchor]);
    for (const alias of ["bob", "nobody-here"]) {
      const refused = await tryLogin(bound, anchor, attemptOf(alias));
      expect([refused.status, refused.body.code]).toEqual([403, "ALIAS_REFUSED"]);
    }
    const own = attemptOf("", { subject: { type: "sector_subject", id } });
    expect(subjectOf(await logIn(bound, anchor, own))).toBe(id);
    const other = await addApplication(alice, slug, { sector });
    expect((await tryLogin(bound, other.anchor, own)).body.code).toBe("NOT_FOUND");
  });

  test.each<[string, () => Promise<Person>, number, string]>([
    ["a person", async () => await Promise.resolve(alice), 403, "NOT_A_CLIENT"],
    [
      "a service without the scope",
      async () => await gateway.service("asker", { scopes: ["authz:evaluate"] }),
      403,
      "SCOPE_MISSING",
    ],
    [
      "a service of another organization",
      async () => await loginService(gateway, "foreign", [await foundOrganization(alice)]),
      404,
      "NOT_FOUND",
    ],
  ])("%s is refused", async (_who, by, status, code) => {
    const refused = await tryLogin(await by(), anchor, attemptOf(bob));
    expect([refused.status, refused.body.code]).toEqual([status, code]);
  });

  test("about an application that is not there gets what it gets about a foreign one", async () => {
    const foreign = await addApplication(alice, await foundOrganization(alice));
    const answers = [
      await tryLogin(service, foreign.anchor, attemptOf(bob)),
      await tryLogin(service, `app-${"0".repeat(20)}`, attemptOf(bob)),
    ];
    const [one, other] = answers.map(({ status, body: { code, detail } }) => [status, code, detail]);
    expect(one).toEqual(other);
  });

  test.each<[object, string]>([
    [{ authentication: { at: new Date(Date.now() + 120_000).toISOString() } }, "body.authentication.at"],
    [{ authentication: { at: "yesterday" } }, "body.authentication.at"],
    [{ authentication: { assurance: 4 } }, "body.authentication.assurance"],
    [{ authentication: { factors: 0 } }, "body.authentication.factors"],
    [{ authentication: { methods: [] } }, "body.authentication.methods"],
    [{ claims: { sub: "bob" } }, "body.claims"],
    [{ claims: { "": 1 } }, "body.claims"],
    [{ claims: { email: "a".repeat(LIMITS.sentClaimsBytes) } }, "body.claims"],
    [{ subject: { type: "robot", id: "r2" } }, "body.subject.type"],
  ])("%j is no login: 400", async (more, where) => {
    const refused = await tryLogin(service, anchor, attemptOf(bob, more));
    const [issue] = refused.body["issues"] as { path: string }[];
    expect([refused.status, issue?.path.startsWith(where)]).toEqual([400, true]);
  });
});
