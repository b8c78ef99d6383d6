/** S0.11: what an application signs with, and how whoever verifies gets to know it (RFC 7517). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { importJWK, type JSONWebKeySet } from "jose";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { LIMITS } from "../../src/entities/limits.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

const SECOND = 1_000;
const UNTIL_IT_SIGNS = (LIMITS.jwksSeconds + LIMITS.clockSkewSeconds) * SECOND;
const UNTIL_IT_IS_GONE = (LIMITS.loginTokenSeconds + LIMITS.clockSkewSeconds) * SECOND + LIMITS.requestMs;

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let slug: string;
let anchor: string;
let keys: string;
/** Added to the time of the machine. */
let later = 0;

beforeAll(async () => {
  gateway = await startTestGateway({ clock: () => new Date(Date.now() + later) });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  slug = await foundOrganization(alice);
  await gateway.sql("insert into limits select id, 'applications', 1000 from organizations where slug = $1", [slug]);
  await addMember(alice, slug, bob, "viewer");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor } = await addApplication(alice, slug));
  keys = `/v1/organizations/${slug}/applications/${anchor}/keys`;
});

interface Key {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
  readonly activatesAt: string;
}

async function keySet(of = anchor): Promise<JSONWebKeySet["keys"]> {
  const response = await fetch(`${gateway.url}/v1/applications/${of}/jwks.json`);
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "public, max-age=300"]);
  expect(response.headers.get("content-type")).toBe("application/json");
  return ((await response.json()) as JSONWebKeySet).keys;
}

async function states(): Promise<Record<string, string>> {
  const { items } = must(await bob.get(keys), 200).body as unknown as { items: Key[] };
  return Object.fromEntries(items.map(({ kid, state }) => [kid, state]));
}

const published = async (): Promise<string[]> => (await keySet()).map(({ kid }) => kid ?? "").sort();
const keyOf = ({ body }: Answered): Key => body as unknown as Key;
/** What is answered is what is there. */
const rotate = async (body = {}): Promise<Key> => {
  const made = must(await alice.post(`${keys}/rotate`, body), 201);
  const found = must(await bob.get(made.headers.get("location") ?? ""), 200);
  expect(found.body).toEqual(made.body);
  return keyOf(made);
};
const revoke = async (kid: string): Promise<Key> => keyOf(must(await alice.post(`${keys}/${kid}/revoke`), 200));
const onlyKey = async (): Promise<string> => {
  const [kid = "", ...others] = await published();
  expect(others).toEqual([]);
  return kid;
};

describe("The key set of an application", () => {
  test("has the key that it signs with from its first day, for everybody, and nothing of its private part", async () => {
    const kid = await onlyKey();
    expect(await states()).toEqual({ [kid]: "active" });
    const [key, ...others] = await keySet();
    const coordinate: unknown = expect.stringMatching(/^[\w-]{43}$/);
    expect([key, others]).toEqual([
      { kty: "EC", crv: "P-256", x: coordinate, y: coordinate, kid, alg: "ES256", use: "sig" },
      [],
    ]);
    expect(await importJWK(key ?? {}, "ES256")).toHaveProperty("type", "public");
  });

  test("of nothing is not found, with what may be done", async () => {
    const response = await fetch(`${gateway.url}/v1/applications/app-${"0".repeat(20)}/jwks.json`);
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: "NOT_FOUND" })]);
  });

  test("stays while the application is retired: tokens live on (S0.32)", async () => {
    const before = await keySet();
    must(await alice.post(`/v1/organizations/${slug}/applications/${anchor}/retire`), 200);
    expect(await keySet()).toEqual(before);
  });
});

describe("The next key", () => {
  test("is published before it signs, for as long as anybody keeps a key set; then the one before goes, when nothing that it signed is valid", async () => {
    const first = await onlyKey();
    const next = await rotate();
    expect(next).toMatchObject({ state: "next", algorithm: "ES256" });
    expect(Date.parse(next.activatesAt) - Date.now() - later).toBeGreaterThan(UNTIL_IT_SIGNS - 5 * SECOND);
    expect(await published()).toEqual([first, next.kid].sort());
    expect(await states()).toEqual({ [first]: "active", [next.kid]: "next" });

    later += UNTIL_IT_SIGNS + SECOND;
    expect(await states()).toEqual({ [first]: "retiring", [next.kid]: "active" });
    expect(await published()).toEqual([first, next.kid].sort());

    later += UNTIL_IT_IS_GONE - 5 * SECOND;
    expect(await states()).toEqual({ [first]: "retiring", [next.kid]: "active" });
    later += 10 * SECOND;
    expect(await states()).toEqual({ [first]: "gone", [next.kid]: "active" });
    expect(await published()).toEqual([next.kid]);
  });

  test("can be of the other algorithm, which those after it keep", async () => {
    const next = await rotate({ algorithm: "EdDSA" });
    const key = (await keySet()).find(({ kid }) => kid === next.kid);
    expect(key).toMatchObject({ kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" });
    expect(await importJWK(key ?? {}, "EdDSA")).toHaveProperty("type", "public");
    later += UNTIL_IT_SIGNS + SECOND;
    expect(await rotate()).toMatchObject({ algorithm: "EdDSA" });
  });

  test("is one at a time, and says from when on it signs", async () => {
    const { activatesAt } = await rotate();
    const refused = await alice.post(`${keys}/rotate`, {});
    expect([refused.status, refused.body.code]).toEqual([409, "ROTATION_UNDER_WAY"]);
    expect(refused.text).toContain(activatesAt);
  });

  test(`is one of ${LIMITS.signingKeys} that are published at the most`, async () => {
    for (let count = 1; count < LIMITS.signingKeys; count += 1) {
      await rotate();
      later += UNTIL_IT_SIGNS + SECOND;
    }
    expect((await published()).length).toBe(LIMITS.signingKeys);
    const refused = await alice.post(`${keys}/rotate`, {});
    expect([refused.status, refused.body.code]).toEqual([409, "TOO_MANY_KEYS"]);
    later += UNTIL_IT_IS_GONE;
    expect(await rotate()).toMatchObject({ state: "next" });
  });

  test("signs at once in an application that has none, as one that was made before there were keys", async () => {
    await gateway.sql("delete from signing_keys where anchor = $1", [anchor]);
    expect(await keySet()).toEqual([]);
    const { kid } = await rotate();
    expect(await states()).toEqual({ [kid]: "active" });
    expect(await onlyKey()).toBe(kid);
  });

  test("is an admin's to make, and a viewer's to see", async () => {
    const refused = await bob.post(`${keys}/rotate`, {});
    expect([refused.status, refused.body.code]).toEqual([403, "ROLE_TOO_LOW"]);
    must(await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role: "admin" }), 200);
    must(await bob.post(`${keys}/rotate`, {}), 201);
    must(await alice.patch(`/v1/organizations/${slug}/members/${bob.alias}`, { role: "viewer" }), 200);
  });
});

describe("A key that is revoked", () => {
  test("is out of the key set at once, and a new one signs", async () => {
    const first = await onlyKey();
    expect(await revoke(first)).toMatchObject({ kid: first, state: "revoked" });
    const second = await onlyKey();
    expect(await states()).toEqual({ [first]: "revoked", [second]: "active" });
    expect(await revoke(first)).toMatchObject({ state: "revoked" }); // a retry
    expect(await onlyKey()).toBe(second);
  });

  test("gives way to the one that waits, where there is one", async () => {
    const first = await onlyKey();
    const { kid } = await rotate();
    await revoke(first);
    expect(await states()).toEqual({ [first]: "revoked", [kid]: "active" });
    expect(await published()).toEqual([kid]);
  });

  test("and waited itself leaves the one before at its work, and room for another", async () => {
    const first = await onlyKey();
    const { kid } = await rotate();
    await revoke(kid);
    expect(await published()).toEqual([first]);
    later += UNTIL_IT_SIGNS + UNTIL_IT_IS_GONE;
    expect(await states()).toEqual({ [first]: "active", [kid]: "revoked" });
    expect(await rotate()).toMatchObject({ state: "next" });
  });

  test("and signed before leaves the one that signs", async () => {
    const first = await onlyKey();
    const { kid } = await rotate();
    later += UNTIL_IT_SIGNS + SECOND;
    await revoke(first);
    expect(await states()).toEqual({ [first]: "revoked", [kid]: "active" });
  });

  test("is not found where it is another application's", async () => {
    const { anchor: other } = await addApplication(alice, slug);
    const [key] = await keySet(other);
    const refused = await alice.post(`${keys}/${key?.kid}/revoke`);
    expect([refused.status, refused.body.code]).toEqual([404, "NOT_FOUND"]);
    expect(await keySet(other)).toEqual([key]);
  });
});

describe("A private key", () => {
  interface Row {
    readonly kid: string;
    readonly organization: string;
    readonly sealed: string | null;
  }
  const rows = async (): Promise<Row[]> =>
    await gateway.sql<Row>(
      "select kid, organization_id as organization, private_key as sealed from signing_keys where anchor = $1 order by activates_at",
      [anchor],
    );

  test.each(["ES256", "EdDSA"])(
    "of %s is sealed in the ledger, and is the one of its public key",
    async (algorithm) => {
      const { kid } = await rotate({ algorithm });
      const row = (await rows()).find((each) => each.kid === kid);
      const place = { purpose: "signing key", organization: row?.organization ?? "", owner: anchor, row: kid } as const;
      const { sealing } = gateway.gateway.deps;
      const key = createPrivateKey({
        key: Buffer.from(sealing.open(row?.sealed ?? "", place)),
        format: "der",
        type: "pkcs8",
      });
      const jwk = (await keySet()).find((each) => each.kid === kid) ?? {};
      const digest = algorithm === "EdDSA" ? null : "sha256";
      const signature = sign(digest, Buffer.from("signed"), key);
      expect(verify(digest, Buffer.from("signed"), createPublicKey({ key: jwk, format: "jwk" }), signature)).toBe(true);
    },
  );

  test("is forgotten when the key is revoked, and with the rotation after it has signed for the last time", async () => {
    const [first] = await rows();
    await rotate();
    expect((await rows()).map(({ sealed }) => sealed !== null)).toEqual([true, true]);
    later += UNTIL_IT_SIGNS + LIMITS.requestMs + SECOND;
    const { kid } = await rotate();
    expect((await rows()).map(({ sealed }) => sealed !== null)).toEqual([false, true, true]);
    await revoke(kid);
    expect((await rows()).map(({ sealed }) => sealed !== null)).toEqual([false, true, false]);
    expect(first?.sealed).toMatch(/^1\.secret-[0-9a-f]{8}\./);
  });
});
