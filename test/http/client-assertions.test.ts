/** S0.11, S0.23: what an application signs to prove that it is the one (`private_key_jwt`, RFC 7523): each refusal beside what is valid. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { generateKeyPairSync } from "node:crypto";
import { LIMITS } from "../../src/entities/limits.ts";
import {
  AUDIENCE,
  claimsOf,
  type ClientKey,
  INVALID,
  jwkOf,
  type KeyPair,
  pairOf,
  signed,
  unsigned,
  validBy,
} from "../support/client-assertions.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundForLogins } from "../support/logins.ts";
import { addApplication, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let service: Person;
let slug: string;
let anchor: string;
let keys: string;
/** The time, where it is not the machine's. */
let at: number | undefined;
const now = (): number => at ?? Date.now();

beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(now()) });
  ({ alice, slug, service } = await foundForLogins(gateway));
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  at = undefined;
  ({ anchor } = await addApplication(alice, slug));
  keys = `/v1/organizations/${slug}/applications/${anchor}/client-keys`;
});

const add = async (more: object, to = keys): Promise<ClientKey> =>
  must(await alice.post(to, { name: "Deployment", ...more }), 201).body as unknown as ClientKey;
const asked = async (body: object, of = anchor): Promise<unknown> =>
  must(await service.post(`/v1/applications/${of}/client-authentications`, body), 200).body;

describe("An assertion", () => {
  let pair: KeyPair;
  let key: ClientKey;
  beforeEach(async () => {
    pair = pairOf();
    key = await add({ publicKey: jwkOf(pair) });
  });

  const proofOf = async (more: Readonly<Record<string, unknown>> = {}): Promise<object> => ({
    assertion: await signed(pair.privateKey, claimsOf(anchor, more, now())),
    audience: AUDIENCE,
  });
  const seconds = (later: number): number => Math.floor(now() / 1000) + later;

  test.each<[string, KeyPair, string, object]>([
    ["ES256", pairOf(), "ES256", {}],
    ["EdDSA", generateKeyPairSync("ed25519"), "EdDSA", {}],
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 }), "RS256", {}],
    ["PS256, as the key says", generateKeyPairSync("rsa", { modulusLength: 2048 }), "PS256", { alg: "PS256" }],
  ])("that one of its keys has signed by %s is valid", async (_what, mine, alg, more) => {
    const made = await add({ publicKey: { ...jwkOf(mine), ...more } });
    const assertion = await signed(mine.privateKey, claimsOf(anchor), alg);
    expect(await asked({ assertion, audience: AUDIENCE })).toEqual(validBy(made));
  });

  test("by an algorithm that is not the key's is not valid, whatever its header says: none, HMAC by the public key, another of RSA", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const named = await add({ publicKey: { ...jwkOf(rsa), alg: "PS256" } });
    const pem = pair.publicKey.export({ format: "pem", type: "spki" });
    const forged = [
      unsigned(claimsOf(anchor)),
      await signed(Buffer.from(pem), claimsOf(anchor), "HS256"),
      await signed(Buffer.from(JSON.stringify(jwkOf(pair))), claimsOf(anchor), "HS256"),
      await signed(rsa.privateKey, claimsOf(anchor), "RS256"),
    ];
    for (const assertion of forged) expect(await asked({ assertion, audience: AUDIENCE })).toEqual(INVALID);
    const assertion = await signed(rsa.privateKey, claimsOf(anchor), "PS256");
    expect(await asked({ assertion, audience: AUDIENCE })).toEqual(validBy(named));
  });

  test("that no key of its own has signed is not valid: nobody's, or another application's", async () => {
    const other = (await addApplication(alice, slug)).anchor;
    const theirs = pairOf();
    const made = await add({ publicKey: jwkOf(theirs) }, `/v1/organizations/${slug}/applications/${other}/client-keys`);
    for (const { privateKey } of [theirs, pairOf()]) {
      const assertion = await signed(privateKey, claimsOf(anchor));
      expect(await asked({ assertion, audience: AUDIENCE })).toEqual(INVALID);
    }
    const own = { assertion: await signed(theirs.privateKey, claimsOf(other)), audience: AUDIENCE };
    expect(await asked(own)).toEqual(INVALID); // brought to the wrong one
    expect(await asked(own, other)).toEqual(validBy(made));
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["of another issuer", { iss: "app-00000000000000000000" }],
    ["of no issuer", { iss: undefined }],
    ["about another", { sub: "app-00000000000000000000" }],
    ["about nobody", { sub: undefined }],
    ["for another service", { aud: "https://other.example.com" }],
    ["for this service and another", { aud: [AUDIENCE, "https://other.example.com"] }],
    ["for nobody in particular", { aud: undefined }],
    ["without an end", { exp: undefined }],
    ["without an id", { jti: undefined }],
    ["with an empty id", { jti: "" }],
    ["with a number for an id", { jti: 7 }],
  ])("%s is not valid", async (_what, more) => {
    expect(await asked(await proofOf(more))).toEqual(INVALID);
    expect(await asked(await proofOf())).toEqual(validBy(key));
  });

  test("for this service alone is valid as a list of one, too", async () => {
    expect(await asked(await proofOf({ aud: [AUDIENCE] }))).toEqual(validBy(key));
  });

  test.each<[string, string, number, number]>([
    ["has expired", "exp", -LIMITS.clockSkewSeconds + 1, -LIMITS.clockSkewSeconds],
    ["is valid for too long", "exp", LIMITS.clientAssertionSeconds, LIMITS.clientAssertionSeconds + 1],
    ["is not valid yet", "nbf", LIMITS.clockSkewSeconds, LIMITS.clockSkewSeconds + 1],
  ])("that %s is not valid, at the very second (%s)", async (_what, claim, good, bad) => {
    at = Math.floor(Date.now() / 1000) * 1000;
    expect(await asked(await proofOf({ [claim]: seconds(bad) }))).toEqual(INVALID);
    expect(await asked(await proofOf({ [claim]: seconds(good) }))).toEqual(validBy(key));
  });

  test("by a key that has expired, or was removed, is not valid", async () => {
    at = Date.parse(key.expiresAt) - 1;
    expect(await asked(await proofOf())).toEqual(validBy(key));
    at += 1;
    expect(await asked(await proofOf())).toEqual(INVALID);
    at = undefined;
    must(await alice.delete(`${keys}/${key.id}`), 204);
    expect(await asked(await proofOf())).toEqual(INVALID);
  });

  test("is good once: neither it nor another one with its id is valid a second time, of this application", async () => {
    const proof = await proofOf({ jti: "once" });
    expect([await asked(proof), await asked(proof)]).toEqual([validBy(key), INVALID]);
    expect(await asked(await proofOf({ jti: "once", exp: seconds(10) }))).toEqual(INVALID);
    expect(await asked(await proofOf({ jti: "twice" }))).toEqual(validBy(key));
    const other = (await addApplication(alice, slug)).anchor;
    const theirs = await add({ publicKey: jwkOf(pair) }, `/v1/organizations/${slug}/applications/${other}/client-keys`);
    const assertion = await signed(pair.privateKey, claimsOf(other, { jti: "once" }));
    expect(await asked({ assertion, audience: AUDIENCE }, other)).toEqual(validBy(theirs));
  });

  test("that is refused is not spent by that", async () => {
    const { assertion } = (await proofOf()) as { assertion: string };
    expect(await asked({ assertion, audience: "https://other.example.com" })).toEqual(INVALID);
    expect(await asked({ assertion, audience: AUDIENCE })).toEqual(validBy(key));
  });

  test("that many bring at once is valid for one of them", async () => {
    const proof = await proofOf();
    const answers = await Promise.all(Array.from({ length: 8 }, async () => await asked(proof)));
    expect(answers.filter((answer) => (answer as { valid: boolean }).valid)).toHaveLength(1);
  });

  test("is forgotten when it would be refused anyhow, not before", async () => {
    const digests = async (): Promise<number> =>
      (await gateway.sql("select from client_assertions where anchor = $1", [anchor])).length;
    at = Math.floor(Date.now() / 1000) * 1000;
    const proof = await proofOf({ exp: seconds(10) });
    expect(await asked(proof)).toEqual(validBy(key));
    at += (10 + LIMITS.clockSkewSeconds) * 1000 - 1;
    expect([await asked(proof), await asked(await proofOf())]).toEqual([INVALID, validBy(key)]);
    expect(await digests()).toBe(2);
    at += 1;
    expect([await asked(proof), await asked(await proofOf())]).toEqual([INVALID, validBy(key)]);
    expect(await digests()).toBe(2); // the first is gone
  });

  test("by a key that is removed while it is verified is not valid", async () => {
    const { deps } = gateway.gateway;
    const { database } = deps;
    let transactions = 0;
    const removing: typeof database.transaction = async (work) => {
      transactions += 1;
      if (transactions === 2) await gateway.sql("delete from client_keys where id = $1", [key.id]);
      return await database.transaction(work);
    };
    Object.assign(deps, { database: { ...database, transaction: removing } });
    try {
      expect([await asked(await proofOf()), transactions]).toEqual([INVALID, 2]);
    } finally {
      Object.assign(deps, { database });
    }
  });

  test("that is none at all is not valid", async () => {
    const [header, payload, signature] = ((await proofOf()) as { assertion: string }).assertion.split(".");
    const crippled = [
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
    ];
    for (const assertion of [...crippled, "..", "x", "a.b.c", `${header}.${payload}.${signature}.x.y`, "{}"]) {
      expect(await asked({ assertion, audience: AUDIENCE })).toEqual(INVALID);
    }
  });
});
