/** Private keys, client secrets, assertions, sectors' secrets and those of connectors are in no answer, log, export, metric or table, nor in what is told of an error. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createHash, createPrivateKey } from "node:crypto";
import type { SealedPlace } from "../../src/entities/master-keys.ts";
import { BY_SECRET, OIDC, SAML } from "../support/connectors.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { AUDIENCE, claimsOf, jwkOf, pairOf, signed } from "../support/client-assertions.ts";
import { attemptOf, loginService, tryLogin } from "../support/logins.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let service: Person;
let slug: string;
let anchor: string;
let at: string;
const logged: string[] = [];
const told: string[] = [];

beforeAll(async () => {
  gateway = await startTestGateway({ logged: (line) => void logged.push(line) });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "viewer");
  ({ anchor } = await addApplication(alice, slug));
  at = `/v1/organizations/${slug}/applications/${anchor}`;
  service = await loginService(gateway, "id-service", [slug]);
});
afterAll(async () => await gateway.close());

/** Keeps what was answered. */
async function keep(answering: Promise<Answered>, status: number): Promise<Answered> {
  const answer = must(await answering, status);
  told.push(answer.text, JSON.stringify([...answer.headers]));
  return answer;
}

interface Sealed {
  readonly purpose: SealedPlace["purpose"];
  readonly owner: string;
  readonly row: string;
  readonly organization: string;
  readonly sealed: string;
}

async function sealed(): Promise<Sealed[]> {
  return await gateway.sql<Sealed>(
    `select 'signing key' as purpose, organization_id as organization, anchor as owner, kid as row, private_key as sealed
     from signing_keys where private_key is not null
     union all
     select 'sector secret', organization_id, sector_id, sector_id, secret from sector_secrets
     union all
     select 'connector secret', organization_id, id, id, client_secret from connectors where client_secret is not null`,
  );
}

const forms = (bytes: Uint8Array): string[] =>
  (["hex", "base64", "base64url"] as const).map((form) => Buffer.from(bytes).toString(form));

/** In every form in which it could stand somewhere. */
async function secrets(): Promise<string[]> {
  const found = await sealed();
  return found.flatMap((row) => {
    const opened = gateway.gateway.deps.sealing.open(row.sealed, row);
    if (row.purpose !== "signing key") return forms(opened);
    const key = createPrivateKey({ key: Buffer.from(opened), format: "der", type: "pkcs8" });
    const { d = "" } = key.export({ format: "jwk" });
    return [...forms(opened), d, ...forms(Buffer.from(d, "base64url"))];
  });
}

async function dump(): Promise<string> {
  const tables = await gateway.sql<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  );
  const texts = tables.map(async ({ name }) => {
    const rows = await gateway.sql<{ text: string }>(`select t::text as text from ${name} t`);
    return rows.map(({ text }) => text).join("\n");
  });
  return (await Promise.all(texts)).join("\n");
}

/** By the secret and by an assertion, valid and not; gives what was sent, and what an assertion is known by. */
async function proveIt(clientSecret: string): Promise<string[]> {
  const pair = pairOf();
  await keep(alice.post(`${at}/client-keys`, { name: "Signing", publicKey: jwkOf(pair) }), 201);
  const prove = async (body: object): Promise<unknown> =>
    (await keep(service.post(`/v1/applications/${anchor}/client-authentications`, body), 200)).body["valid"];
  const jti = "the-id-of-an-assertion";
  const assertion = await signed(pair.privateKey, claimsOf(anchor, { jti }));
  const wrong = `${clientSecret.slice(0, -4)}AAAA`;
  const valid = [
    ...[await prove({ secret: clientSecret }), await prove({ secret: wrong })],
    ...[await prove({ assertion, audience: AUDIENCE }), await prove({ assertion, audience: AUDIENCE })],
  ];
  expect(valid).toEqual([true, false, true, false]);
  await keep(service.post(`/v1/applications/${anchor}/client-authentications`, { assertion }), 400);
  return [wrong, assertion, assertion.split(".")[2] ?? "", jti];
}

/** Makes, changes, refuses and repeats; gives the secrets that were sent, the second of which is kept, and hashes by which each could be guessed. */
async function useConnectors(): Promise<string[]> {
  const connectors = `/v1/organizations/${slug}/connectors`;
  const [first, second, refused] = ["hunter-1x", "hunter-2x", "hunter-3x"];
  const body = (clientSecret: string): object => ({ name: "Example login", settings: BY_SECRET, clientSecret });
  const once = { "idempotency-key": "once" };
  const made = await keep(alice.post(connectors, body(first), once), 201);
  await keep(alice.post(connectors, body(first), once), 201);
  await keep(alice.post(connectors, body(second), once), 422);
  const path = made.headers.get("location") ?? "";
  await keep(alice.put(path, body(second), { "if-match": "*" }), 200);
  await keep(alice.put(path, body(refused)), 428);
  await keep(alice.put(path, body(`${refused}\n`)), 400);
  await keep(alice.put(path, { ...body(refused), settings: OIDC }), 400);
  await keep(bob.put(path, body(refused)), 403);
  await keep(alice.post(connectors, body(refused)), 409);
  await keep(alice.post(`${connectors}?dryRun=true`, { ...body(refused), settings: SAML }), 400);
  await keep(bob.get(path), 200);
  await keep(bob.get(connectors), 200);
  return [first, second, refused, ...[first, second, refused].flatMap((each) => hashesOf(body(each)))];
}

/** Of a whole body, without any key. */
function hashesOf(body: object): string[] {
  return forms(createHash("sha256").update(JSON.stringify(body)).digest());
}

test("whatever was done with them, and whatever went wrong", async () => {
  const keys = { signing: `${at}/keys`, client: `${at}/client-keys` };
  const made = await keep(alice.post(keys.client, { name: "Deployment" }), 201);
  const clientSecret = String(made.body["secret"]);
  told.length = 0; // it was in this one answer
  await keep(alice.post(keys.client, { name: "Deployment", publicKey: null }), 400);
  await keep(bob.get(keys.client), 200);
  await keep(bob.get(made.headers.get("location") ?? ""), 200);
  await keep(bob.get(keys.signing), 200);
  await keep(alice.post(`${keys.signing}/rotate`, {}), 201);
  await keep(alice.post(`${keys.signing}/rotate`, {}), 409);
  await keep(tryLogin(service, anchor, attemptOf(bob)), 200);
  const proofs = await proveIt(clientSecret);
  const sent = await useConnectors();
  const inUse = await secrets();
  expect(inUse).toContain(Buffer.from(sent[1] ?? "").toString("base64"));
  expect(inUse.length).toBeGreaterThan(10);

  // Nothing can be opened: somebody has moved what is sealed to other rows.
  const [row] = await gateway.sql<{ secret: string }>("select secret from sector_secrets");
  await gateway.sql(
    "update sector_secrets set secret = (select private_key from signing_keys where private_key is not null limit 1)",
  );
  await keep(tryLogin(service, anchor, attemptOf(bob)), 503);
  await gateway.sql("update sector_secrets set secret = $1", [row?.secret]);
  await keep(alice.get(`/v1/organizations/${slug}/audit`), 200);
  await keep(alice.get(`/v1/organizations/${slug}/audit/export`), 200);
  told.push(await (await fetch(`${gateway.url}/metrics`)).text());
  told.push(await (await fetch(`${gateway.url}/v1/applications/${anchor}/jwks.json`)).text());

  const everything = [...told, ...logged, await dump()].join("\n");
  expect(everything).toContain("a secret of the ledger"); // the log has what was wrong
  for (const secret of [...inUse, ...proofs, ...sent, clientSecret, clientSecret.slice("bws_".length)])
    expect(everything).not.toContain(secret);
});
