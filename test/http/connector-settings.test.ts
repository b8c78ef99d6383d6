/** What the settings of a federation connector may be, member by member; nothing that was sent is repeated. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { NAME_ID_FORMATS } from "../../src/entities/connectors.ts";
import { CERTIFICATES, ED25519, RSA_1024, RSA_2048 } from "../support/certificates.ts";
import { BY_SECRET, CONNECTOR, OIDC, SAML } from "../support/connectors.ts";
import { startForeignIssuer, type ForeignIssuer } from "../support/foreign-issuer.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

let trusted: ForeignIssuer;
let gateway: TestGateway;
let alice: Person;
let at: string;

beforeAll(async () => {
  trusted = await startForeignIssuer();
  gateway = await startTestGateway({ settings: { ...trusted.settings, PUBLIC_URL: "https://authz.example.com" } });
  alice = await gateway.person("alice");
  at = `/v1/organizations/${await foundOrganization(alice)}/connectors`;
});
afterAll(async () => {
  await gateway.close();
  await trusted.close();
});

/** A dry run: nothing stays that would be in the way of the next. */
const add = async (body: object): Promise<Answered> => await alice.post(`${at}?dryRun=true`, { ...CONNECTOR, ...body });
const where = ({ status, body }: Answered): unknown => [
  status,
  (body["issues"] as { path: string }[] | undefined)?.[0]?.path,
];

const LONG = "a".repeat(LIMITS.connectorAddressCharacters);
const many = (count: number): string[] => Array.from({ length: count }, (_none, index) => `scope-${index}`);
const oidc = (member: object): object => ({ settings: { ...OIDC, ...member } });
const saml = (member: object): object => ({ settings: { ...SAML, ...member } });

test.each<[string, object, string]>([
  ["an issuer that is no address", oidc({ issuer: "login.example.com" }), "issuer"],
  ["an issuer of http elsewhere", oidc({ issuer: "http://login.example.com" }), "issuer"],
  ["an issuer with a query", oidc({ issuer: "https://login.example.com/?tenant=1" }), "issuer"],
  ["an issuer with an empty fragment", oidc({ issuer: "https://login.example.com/#" }), "issuer"],
  ["an issuer with a user", oidc({ issuer: "https://eve:pw@login.example.com" }), "issuer"],
  ["an issuer in another form", oidc({ issuer: "https://LOGIN.example.com" }), "issuer"],
  ["an issuer with dots in its path", oidc({ issuer: "https://login.example.com/a/../b" }), "issuer"],
  ["an issuer that is too long", oidc({ issuer: `https://login.example.com/${LONG}` }), "issuer"],
  ["an empty client id", oidc({ clientId: "" }), "clientId"],
  ["a client id that is too long", oidc({ clientId: "a".repeat(LIMITS.idBytes + 1) }), "clientId"],
  ["an unknown way to authenticate", oidc({ authentication: "client_secret_jwt" }), "authentication"],
  ["scopes without openid", oidc({ scopes: ["email"] }), "scopes"],
  ["a scope twice", oidc({ scopes: ["openid", "openid"] }), "scopes"],
  ["a scope with a space in it", oidc({ scopes: ["openid", "e mail"] }), "scopes.1"],
  ["too many scopes", oidc({ scopes: ["openid", ...many(LIMITS.connectorScopes)] }), "scopes"],
  ["a claim that is none", oidc({ subjectClaim: "1st" }), "subjectClaim"],
  ["another protocol", oidc({ protocol: "ldap" }), "protocol"],
  ["an entity id that is no URI", saml({ entityId: "idp" }), "entityId"],
  ["an entity id that is too long", saml({ entityId: `urn:${LONG}` }), "entityId"],
  ["an address of http", saml({ ssoUrl: "http://localhost/sso" }), "ssoUrl"],
  ["an address with a fragment", saml({ ssoUrl: "https://idp.example.com/sso#here" }), "ssoUrl"],
  ["an address with a user", saml({ ssoUrl: "https://eve@idp.example.com/sso" }), "ssoUrl"],
  ["no certificate", saml({ certificates: [] }), "certificates"],
  ["too many certificates", saml({ certificates: CERTIFICATES.slice(0, LIMITS.certificates + 1) }), "certificates"],
  ["a certificate that is none", saml({ certificates: ["AAAA"] }), "certificates.0"],
  ["a certificate that breaks off", saml({ certificates: [RSA_2048, RSA_2048.slice(0, 400)] }), "certificates.1"],
  ["a certificate with something behind it", saml({ certificates: [withTail(RSA_2048)] }), "certificates.0"],
  ["two certificates in one text", saml({ certificates: [pem(RSA_2048) + pem(RSA_2048)] }), "certificates.0"],
  ["a key that is too short", saml({ certificates: [RSA_1024] }), "certificates.0"],
  ["a key that no profile has", saml({ certificates: [ED25519] }), "certificates.0"],
  [
    "a certificate that is too long",
    saml({ certificates: [" ".repeat(LIMITS.certificateCharacters) + RSA_2048] }),
    "certificates.0",
  ],
  ["no word on assertions", saml({ wantAssertionsSigned: null }), "wantAssertionsSigned"],
  ["a format of one's own", saml({ nameIdFormat: "urn:example:name" }), "nameIdFormat"],
  ["a member of the other protocol", saml({ issuer: OIDC.issuer }), ""],
])("%s is refused", async (_what, body, member) => {
  const answer = await add(body);
  expect(where(answer)).toEqual([400, ["body", "settings", ...(member === "" ? [] : [member])].join(".")]);
  const { settings } = body as { readonly settings: Readonly<Record<string, unknown>> };
  const sent = String(settings[member.split(".")[0] ?? ""]);
  if (sent.length > 12) expect(answer.text).not.toContain(sent);
});

test.each<[string, object]>([
  ["an issuer on this machine", oidc({ issuer: "http://127.0.0.1:8080/realms/one" })],
  ["an issuer that ends in a slash", oidc({ issuer: "https://login.example.com/" })],
  ["the most scopes", oidc({ scopes: ["openid", ...many(LIMITS.connectorScopes - 1)] })],
  ["a claim of one's own", oidc({ subjectClaim: "https://example.com/employee" })],
  ["no authentication, of a public client", oidc({ authentication: "none" })],
  ["a secret in the body", { settings: { ...BY_SECRET, authentication: "client_secret_post" }, clientSecret: "s" }],
  ["the longest secret", { settings: BY_SECRET, clientSecret: "~".repeat(LIMITS.connectorSecretCharacters) }],
  ["an entity id that is no address", saml({ entityId: "urn:example:idp" })],
  ["an address with a query", saml({ ssoUrl: "https://idp.example.com/sso?tenant=1" })],
  ["the most certificates, of EC", saml({ certificates: CERTIFICATES.slice(0, LIMITS.certificates) })],
  ["a certificate of RSA, in PEM", saml({ certificates: [pem(RSA_2048)] })],
  ...NAME_ID_FORMATS.map((nameIdFormat): [string, object] => [nameIdFormat, saml({ nameIdFormat })]),
])("%s is taken", async (_what, body) => {
  must(await add(body), 201);
});

test.each<[string, object]>([
  ["none, where a secret authenticates", { settings: BY_SECRET }],
  ["null, where a secret authenticates", { settings: BY_SECRET, clientSecret: null }],
  ["one, where a key of one's own authenticates", { settings: OIDC, clientSecret: "s" }],
  ["one, of SAML", { settings: SAML, clientSecret: "s" }],
  ["an empty one", { settings: BY_SECRET, clientSecret: "" }],
  ["one that is too long", { settings: BY_SECRET, clientSecret: "~".repeat(LIMITS.connectorSecretCharacters + 1) }],
  ["one that no form can carry", { settings: BY_SECRET, clientSecret: "sécret" }],
])("of secrets %s is refused", async (_what, body) => {
  expect(where(await add(body))).toEqual([400, "body.clientSecret"]);
});

test("an issuer whose tokens are taken here, or made, is refused in whatever form; its neighbour is not", async () => {
  const own = "https://authz.example.com";
  const issuers = [trusted.issuer, `${trusted.issuer}/`, own, `${own}/v1/applications/app-${"0".repeat(20)}`];
  for (const issuer of issuers) expect(where(await add(oidc({ issuer })))).toEqual([400, "body.settings.issuer"]);
  for (const issuer of [`${trusted.issuer}/other`, "https://authz.example.com:8443"])
    must(await add(oidc({ issuer })), 201);
  const path = must(await alice.post(at, CONNECTOR), 201).headers.get("location") ?? "";
  const put = await alice.put(path, { ...CONNECTOR, ...oidc({ issuer: trusted.issuer }) }, { "if-match": "*" });
  expect(where(put)).toEqual([400, "body.settings.issuer"]);
  must(await alice.delete(path), 204);
});

test("of one issuer, with a slash at its end or without, and of one entity there is one connector", async () => {
  const made = [
    must(await alice.post(at, CONNECTOR), 201),
    must(await alice.post(at, { ...CONNECTOR, settings: SAML }), 201),
  ];
  const [first = "", second = ""] = made.map(({ headers }) => headers.get("location") ?? "");
  const taken = [
    OIDC,
    { ...OIDC, issuer: `${OIDC.issuer}/`, clientId: "other" },
    { ...SAML, ssoUrl: "https://other.example.com" },
  ];
  for (const settings of taken) {
    const refused = [await alice.post(at, { ...CONNECTOR, settings })];
    const other = settings.protocol === "oidc" ? second : first;
    refused.push(await alice.put(other, { ...CONNECTOR, settings }, { "if-match": "*" }));
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(
      refused.map(() => [409, "CONNECTOR_EXISTS"]),
    );
  }
  must(await alice.put(first, { ...CONNECTOR, settings: taken[1] }, { "if-match": "*" }), 200); // its own
  must(await alice.delete(first), 204);
  must(await alice.post(at, CONNECTOR), 201);
});

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function withTail(base64: string): string {
  return Buffer.concat([Buffer.from(base64, "base64"), Buffer.from("more")]).toString("base64");
}
