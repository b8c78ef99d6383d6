/** S0.12, S0.23: an application's settings, the three layers of its rules and its claim policy, each replaced whole. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { RESERVED_CLAIMS } from "../../src/entities/application-documents.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addConnector } from "../support/connectors.ts";
import { admission, AUTHENTICATION, CLAIMS, SESSION, SETTINGS } from "../support/rules.ts";
import { addApplication, foundOrganization, foundWideTeam, must } from "../support/world.ts";

const NO_CONNECTOR = `con-${"0".repeat(20)}`;

let gateway: TestGateway;
let alice: Person;
let admin: Person;
let viewer: Person;
let slug: string;
let at: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, admin, viewer, slug } = await foundWideTeam(gateway));
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  at = `/v1/organizations/${slug}/applications/${(await addApplication(alice, slug)).anchor}`;
});

/** Path, what it is before anybody has set it, and something else. */
const DOCUMENTS = [
  ["settings", { redirectUris: [] }, SETTINGS],
  ["rules/admission", admission(), admission({ everyone: true, accounts: ["admin"], blocked: ["viewer"] })],
  [
    "rules/authentication",
    { methods: null, connectors: null, assurance: 1, secondFactor: false, maximumAgeSeconds: null },
    AUTHENTICATION,
  ],
  ["rules/session", { tokenLifetimeSeconds: 3600, reauthenticateAfterSeconds: null }, SESSION],
  ["claims", { token: [], service: [] }, CLAIMS],
] as const;

const tag = ({ headers }: Answered): string => headers.get("etag") ?? "";

describe.each(DOCUMENTS)("%s", (path, initial, other) => {
  test("is the default until somebody sets it, and then what an Admin has set, for every Viewer", async () => {
    const before = must(await viewer.get(`${at}/${path}`), 200);
    expect([before.body, tag(before)]).toEqual([initial, '"1"']);
    const set = must(await admin.put(`${at}/${path}`, other), 200);
    expect([set.body, tag(set)]).toEqual([other, '"2"']);
    const after = must(await viewer.get(`${at}/${path}`), 200);
    expect([after.body, tag(after)]).toEqual([other, '"2"']);
  });

  test("is set by no Viewer, and read by nobody who does not belong to the organization", async () => {
    expect((await viewer.put(`${at}/${path}`, other)).body).toMatchObject({
      reasons: [{ code: "ROLE_TOO_LOW", least: "admin" }],
    });
    const stranger = await gateway.person("stranger");
    expect((await stranger.get(`${at}/${path}`)).body.code).toBe("ORGANIZATION_NOT_ACCESSIBLE");
    expect((await stranger.put(`${at}/${path}`, other)).body.code).toBe("ORGANIZATION_NOT_ACCESSIBLE");
    expect(must(await viewer.get(`${at}/${path}`), 200).body).toEqual(initial);
  });

  test("is replaced by who says which it was (If-Match), and by nobody else once it is set", async () => {
    const put = async (body: object, ifMatch?: string): Promise<Answered> =>
      await admin.put(`${at}/${path}`, body, ifMatch === undefined ? {} : { "if-match": ifMatch });
    expect((await put(other, '"2"')).status).toBe(412);
    expect(tag(must(await put(other, '"1"'), 200))).toBe('"2"');
    const blind = await put(initial);
    expect([blind.status, blind.body.code, tag(blind)]).toEqual([428, "PRECONDITION_REQUIRED", '"2"']);
    const stale = await put(initial, '"1"');
    expect([stale.status, stale.body.code, tag(stale)]).toEqual([412, "PRECONDITION_FAILED", '"2"']);
    expect(tag(must(await put(other), 200))).toBe('"2"'); // what it is already: nothing is replaced
    expect(tag(must(await put(initial, "*"), 200))).toBe('"3"');
  });

  test("is what it was after a dry run, which answers as if", async () => {
    const dry = must(await admin.put(`${at}/${path}?dryRun=true`, other), 200);
    expect([dry.body, tag(dry), dry.headers.get("bailiwick-dry-run")]).toEqual([other, '"2"', "true"]);
    expect(must(await viewer.get(`${at}/${path}`), 200).body).toEqual(initial);
  });

  test("of an application that is not there is not found", async () => {
    const nowhere = `/v1/organizations/${slug}/applications/app-${"0".repeat(20)}/${path}`;
    expect([(await viewer.get(nowhere)).status, (await admin.put(nowhere, other)).status]).toEqual([404, 404]);
  });

  test("stays while the application is retired, and is not replaced while the organization is", async () => {
    const frozen = await foundOrganization(alice);
    const { anchor } = await addApplication(alice, frozen);
    const there = `/v1/organizations/${frozen}/applications/${anchor}/${path}`;
    const { sector } = must(await alice.get(`/v1/organizations/${frozen}/applications/${anchor}`), 200).body;
    must(await alice.post(`/v1/organizations/${frozen}/applications/${anchor}/retire`), 200);
    must(await alice.put(there, other), 200);
    must(await alice.post(`/v1/organizations/${frozen}/sectors/${String(sector)}/retire`), 200);
    must(await alice.post(`/v1/organizations/${frozen}/retire`), 200);
    const refused = await alice.put(there, initial, { "if-match": "*" });
    expect([refused.status, refused.body.code]).toEqual([409, "ORGANIZATION_RETIRED"]);
    expect(must(await alice.get(there), 200).body).toEqual(other);
  });
});

describe("What does not fit", () => {
  const put = async (path: string, body: object): Promise<Answered> => await admin.put(`${at}/${path}`, body);
  const issues = ({ status, body }: Answered): unknown => [status, (body["issues"] as { path: string }[])[0]?.path];

  test("a redirect URI that the application's kind does not allow is told by its place, and not repeated", async () => {
    const refused = await put("settings", { redirectUris: [...SETTINGS.redirectUris, "com.example.game:/in"] });
    expect(issues(refused)).toEqual([400, "body.redirectUris.1"]);
    expect(refused.text).not.toContain("com.example.game:/in");
    const game = must(await alice.post(`/v1/organizations/${slug}/applications`, { name: "Game", kind: "game" }), 201);
    const there = `/v1/organizations/${slug}/applications/${String(game.body["anchor"])}/settings`;
    must(await admin.put(there, { redirectUris: ["com.example.game:/in"] }), 200);
  });

  test(`more than ${LIMITS.redirectUris} redirect URIs, or one of more than ${LIMITS.redirectUriCharacters} characters, is refused`, async () => {
    const uris = Array.from({ length: LIMITS.redirectUris + 1 }, (_none, index) => `https://shop.example.com/${index}`);
    expect(issues(await put("settings", { redirectUris: uris }))).toEqual([400, "body.redirectUris"]);
    must(await put("settings", { redirectUris: uris.slice(1) }), 200);
    const long = `https://shop.example.com/${"a".repeat(LIMITS.redirectUriCharacters)}`;
    expect(issues(await put("settings", { redirectUris: [long] }))).toEqual([400, "body.redirectUris.0"]);
    const fits = { redirectUris: [long.slice(0, LIMITS.redirectUriCharacters)] };
    must(await admin.put(`${at}/settings`, fits, { "if-match": "*" }), 200);
  });

  test.each([...RESERVED_CLAIMS])(
    "the claim %s cannot be set, for tokens have a meaning of their own for it",
    async (name) => {
      expect(issues(await put("claims", { token: [name], service: [] }))).toEqual([400, "body.token.0"]);
      expect(issues(await put("claims", { token: [], service: ["name", name] }))).toEqual([400, "body.service.1"]);
    },
  );

  test.each([
    ["rules/authentication", { ...AUTHENTICATION, assurance: 0 }, "body.assurance"],
    ["rules/authentication", { ...AUTHENTICATION, assurance: 4 }, "body.assurance"],
    ["rules/authentication", { ...AUTHENTICATION, assurance: 1.5 }, "body.assurance"],
    ["rules/authentication", { ...AUTHENTICATION, methods: [] }, "body.methods"],
    ["rules/authentication", { ...AUTHENTICATION, methods: ["pwd", "pwd"] }, "body.methods"],
    ["rules/authentication", { ...AUTHENTICATION, methods: ["Pwd"] }, "body.methods.0"],
    ["rules/authentication", { ...AUTHENTICATION, connectors: [] }, "body.connectors"],
    ["rules/authentication", { ...AUTHENTICATION, connectors: ["login"] }, "body.connectors.0"],
    ["rules/authentication", { ...AUTHENTICATION, connectors: [NO_CONNECTOR, NO_CONNECTOR] }, "body.connectors"],
    ["rules/authentication", { ...AUTHENTICATION, maximumAgeSeconds: -1 }, "body.maximumAgeSeconds"],
    ["rules/authentication", { ...AUTHENTICATION, maximumAgeSeconds: 86_401 }, "body.maximumAgeSeconds"],
    ["rules/session", { ...SESSION, tokenLifetimeSeconds: 59 }, "body.tokenLifetimeSeconds"],
    ["rules/session", { ...SESSION, tokenLifetimeSeconds: 86_401 }, "body.tokenLifetimeSeconds"],
    ["rules/session", { ...SESSION, reauthenticateAfterSeconds: 59 }, "body.reauthenticateAfterSeconds"],
    ["rules/admission", admission({ accounts: ["alice@example.com"] }), "body.accounts.0"],
    ["rules/admission", { everyone: true, members: true }, "body.accounts"],
    ["rules/admission", admission({ domains: ["Acme.example.com"] }), "body.domains.0"],
    ["rules/admission", admission({ domains: ["acme.example.com", "acme.example.com"] }), "body.domains"],
    ["claims", { token: ["1st"], service: [] }, "body.token.0"],
    ["settings", { redirectUris: ["https://shop.example.com/\u00e9"] }, "body.redirectUris.0"],
  ])("%s: %j is refused at %s", async (path, body, where) => {
    expect(issues(await put(path, body))).toEqual([400, where]);
  });

  test.each([
    ["rules/authentication", { ...AUTHENTICATION, assurance: 3, maximumAgeSeconds: 0 }],
    ["rules/authentication", { ...AUTHENTICATION, maximumAgeSeconds: 86_400 }],
    ["rules/session", { tokenLifetimeSeconds: 60, reauthenticateAfterSeconds: 86_400 }],
    ["rules/session", { tokenLifetimeSeconds: 86_400, reauthenticateAfterSeconds: 60 }],
    ["claims", { token: ["https://example.com/claims/name"], service: [] }],
  ])("%s: %j, at the edge, is taken", async (path, body) => {
    expect(must(await put(path, body), 200).body).toEqual(body);
  });
});

test("federation connectors are named that the organization has when they are named; what is removed later stays named", async () => {
  const [ours, theirs] = [await addConnector(alice, slug), await addConnector(alice, await foundOrganization(alice))];
  const put = async (connectors: string[], assurance = 1): Promise<Answered> =>
    await admin.put(`${at}/rules/authentication`, { ...AUTHENTICATION, connectors, assurance }, { "if-match": "*" });
  const refused = await put([ours, theirs]);
  expect([refused.status, refused.body["issues"]]).toMatchObject([400, [{ path: "body.connectors.1" }]]);
  expect(must(await put([ours]), 200).body["connectors"]).toEqual([ours]);
  must(await alice.delete(`/v1/organizations/${slug}/connectors/${ours}`), 204);
  expect(must(await put([ours]), 200).body["connectors"]).toEqual([ours]); // as it was
  expect((await put([ours], 2)).status).toBe(400);
});

test("two Admins who replace the same document with the same If-Match: one of them is told that the other was first", async () => {
  const answers = await Promise.all(
    [600, 601, 602, 603].map(async (tokenLifetimeSeconds) => {
      return await admin.put(`${at}/rules/session`, { ...SESSION, tokenLifetimeSeconds }, { "if-match": '"1"' });
    }),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
});
