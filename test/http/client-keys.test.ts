/** S0.11, S0.23: what an application authenticates with: public keys, and secrets that are shown once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createHash, generateKeyPairSync } from "node:crypto";
import { LIMITS } from "../../src/entities/limits.ts";
import { PUBLIC_KEY } from "../support/client-key.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundWide, must } from "../support/world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

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
  ({ alice, slug } = await foundWide(gateway));
  bob = await gateway.person("bob");
  await addMember(alice, slug, bob, "viewer");
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  ({ anchor } = await addApplication(alice, slug));
  keys = `/v1/organizations/${slug}/applications/${anchor}/client-keys`;
});

interface Key {
  readonly id: string;
  readonly kind: string;
  readonly publicKey: object | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly secret?: string | null;
}

const keyOf = ({ body }: Answered): Key => body as unknown as Key;
const add = async (body: object = {}, headers = {}): Promise<Key> =>
  keyOf(must(await alice.post(keys, { name: "Deployment", ...body }, headers), 201));
const listed = async (): Promise<Key[]> => must(await bob.get(keys), 200).body["items"] as Key[];
const refusal = async (body: object): Promise<unknown> => {
  const answer = await alice.post(keys, { name: "Deployment", ...body });
  return [answer.status, answer.body.code, (answer.body["issues"] as { path: string }[] | undefined)?.[0]?.path];
};

describe("A secret", () => {
  test("is in the one answer that made it and nowhere else: not in a list, not when it is read, and in no table", async () => {
    const made = must(await alice.post(keys, { name: "Deployment" }), 201);
    const { secret, ...rest } = keyOf(made);
    expect(secret).toMatch(/^bws_[\w-]{43}$/);
    expect(rest).toMatchObject({
      id: expect.stringMatching(/^cak-/),
      kind: "secret",
      name: "Deployment",
      publicKey: null,
    });
    expect(made.headers.get("location")).toBe(`${keys}/${rest.id}`);
    expect(must(await bob.get(made.headers.get("location") ?? ""), 200).body).toEqual(rest);
    expect(await listed()).toEqual([rest]);
    const rows = await gateway.sql<{ text: string }>("select k::text as text from client_keys k where id = $1", [
      rest.id,
    ]);
    const events = await gateway.sql<{ text: string }>(
      "select e::text as text from audit_events e where target_id = $1",
      [anchor],
    );
    const bytes = secret?.slice("bws_".length) ?? "";
    for (const { text } of [...rows, ...events]) expect(text).not.toContain(bytes);
    expect(rows[0]?.text).toContain(
      createHash("sha256")
        .update(secret ?? "")
        .digest("hex"),
    );
  });

  test("is in no answer to a repetition by Idempotency-Key, nor in its record; the key is the same one", async () => {
    const headers = { "idempotency-key": "once" };
    const { secret, ...first } = await add({}, headers);
    const { secret: again, ...second } = await add({}, headers);
    expect([again, second]).toEqual([null, first]);
    expect(secret).not.toBeNull();
    const records = await gateway.sql<{ text: string }>("select r::text as text from idempotency_records r");
    expect(records.some(({ text }) => text.includes(first.id))).toBe(true);
    for (const { text } of records) expect(text).not.toContain(secret ?? "");
    expect(await listed()).toHaveLength(1);
  });

  test("of a dry run is nobody's: nothing was kept", async () => {
    must(await alice.post(`${keys}?dryRun=true`, { name: "Deployment" }), 201);
    expect(await listed()).toEqual([]);
  });

  test("is another one each time", async () => {
    const secrets = [await add(), await add(), await add()].map(({ secret }) => secret);
    expect(new Set(secrets).size).toBe(3);
  });
});

const jwkOf = (pair: { readonly publicKey: { export: (options: { format: "jwk" }) => object } }): object =>
  pair.publicKey.export({ format: "jwk" });

describe("A public key", () => {
  test.each([
    ["P-256", jwkOf(generateKeyPairSync("ec", { namedCurve: "P-256" }))],
    ["Ed25519", jwkOf(generateKeyPairSync("ed25519"))],
    ["RSA with 2048 bits", jwkOf(generateKeyPairSync("rsa", { modulusLength: 2048 }))],
    ["P-256, with what tells of its use", { ...PUBLIC_KEY, kid: "2026-03", alg: "ES256", use: "sig" }],
  ])("of %s is kept as it came, for every Viewer", async (_what, publicKey) => {
    const { secret, ...made } = await add({ publicKey });
    expect([secret, made.kind, made.publicKey]).toEqual([null, "public_key", publicKey]);
    expect(await listed()).toEqual([made]);
  });

  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  test.each<[string, object, string]>([
    ["that comes with its private part", pair.privateKey.export({ format: "jwk" }), "body.publicKey"],
    ["of a point beside the curve", { ...PUBLIC_KEY, y: PUBLIC_KEY.x }, "body.publicKey"],
    ["that lacks a coordinate", { kty: "EC", crv: "P-256", x: PUBLIC_KEY.x }, "body.publicKey"],
    ["of RSA with 1024 bits", jwkOf(generateKeyPairSync("rsa", { modulusLength: 1024 })), "body.publicKey"],
    ["of another curve", jwkOf(generateKeyPairSync("ec", { namedCurve: "P-384" })), "body.publicKey.crv"],
    ["that is a secret", { kty: "oct", k: "c2VjcmV0" }, "body.publicKey.kty"],
    ["that is for encryption", { ...PUBLIC_KEY, use: "enc" }, "body.publicKey.use"],
    ["whose text is none of base64url", { ...PUBLIC_KEY, x: "a+b/c=" }, "body.publicKey.x"],
  ])("%s is refused, and nothing of it is repeated", async (_what, publicKey, where) => {
    expect(await refusal({ publicKey })).toEqual([400, "INVALID_REQUEST", where]);
    const { text } = await alice.post(keys, { name: "Deployment", publicKey });
    for (const value of Object.values(publicKey)) if (String(value).length > 8) expect(text).not.toContain(value);
    expect(await listed()).toEqual([]);
  });
});

describe("A key", () => {
  test("is added and removed by an Admin, by no Viewer, and told to nobody else", async () => {
    const { id } = await add();
    expect((await bob.post(keys, { name: "Deployment" })).body).toMatchObject({
      reasons: [{ code: "ROLE_TOO_LOW", least: "admin" }],
    });
    expect((await bob.delete(`${keys}/${id}`)).body).toMatchObject({
      reasons: [{ code: "ROLE_TOO_LOW", least: "admin" }],
    });
    const stranger = await gateway.person("stranger");
    expect((await stranger.get(keys)).body.code).toBe("ORGANIZATION_NOT_ACCESSIBLE");
    expect(await listed()).toHaveLength(1);
    must(await alice.delete(`${keys}/${id}`), 204);
    expect(await listed()).toEqual([]);
    expect([(await alice.delete(`${keys}/${id}`)).status, (await bob.get(`${keys}/${id}`)).status]).toEqual([404, 404]);
  });

  test("is found at its own application alone", async () => {
    const { id } = await add();
    const other = `/v1/organizations/${slug}/applications/${(await addApplication(alice, slug)).anchor}/client-keys`;
    expect(must(await bob.get(other), 200).body["items"]).toEqual([]);
    expect([(await bob.get(`${other}/${id}`)).status, (await alice.delete(`${other}/${id}`)).status]).toEqual([
      404, 404,
    ]);
    expect(await listed()).toHaveLength(1);
  });

  test.each([
    [{}, LIMITS.defaultClientKeyDays],
    [{ expiresInDays: 1 }, 1],
    [{ expiresInDays: LIMITS.clientKeyDays }, LIMITS.clientKeyDays],
  ])("that is added with %j expires after %d days", async (body, days) => {
    const { createdAt, expiresAt } = await add(body);
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(days * DAY_MS);
  });

  test("is for a day at the least and two years at the most", async () => {
    for (const expiresInDays of [0, LIMITS.clientKeyDays + 1, 1.5]) {
      expect(await refusal({ expiresInDays })).toEqual([400, "INVALID_REQUEST", "body.expiresInDays"]);
    }
  });

  test(`is one of ${LIMITS.clientKeys} at the most; those that have expired make room`, async () => {
    await add({ expiresInDays: 1 });
    for (let count = 1; count < LIMITS.clientKeys; count += 1) await add();
    expect(await refusal({})).toEqual([409, "TOO_MANY_KEYS", undefined]);
    expect(await listed()).toHaveLength(LIMITS.clientKeys);
    try {
      later = DAY_MS;
      await add();
      expect(await refusal({})).toEqual([409, "TOO_MANY_KEYS", undefined]);
      expect(await listed()).toHaveLength(LIMITS.clientKeys);
    } finally {
      later = 0;
    }
  });

  test("that is added at once by many leaves no more than there may be", async () => {
    const answers = await Promise.all(
      Array.from({ length: LIMITS.clientKeys + 4 }, async () => await alice.post(keys, { name: "Deployment" })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(LIMITS.clientKeys).fill(201), 409, 409, 409, 409]);
    expect(await listed()).toHaveLength(LIMITS.clientKeys);
  });

  test("of a list comes by id, page by page", async () => {
    const made = [await add(), await add(), await add()].map(({ id }) => id).sort();
    const first = must(await bob.get(`${keys}?page_size=2`), 200).body as { items: Key[]; next_page_token: string };
    const rest = must(await bob.get(`${keys}?page_size=2&page_token=${first.next_page_token}`), 200).body;
    const found = [...first.items, ...(rest["items"] as Key[])].map(({ id }) => id);
    expect([found, rest["next_page_token"]]).toEqual([made, ""]);
  });
});
