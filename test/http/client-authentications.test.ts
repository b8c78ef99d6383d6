/** S0.11, S0.23: whether it is the application that asks for tokens, for the service that issues them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import {
  AUDIENCE,
  claimsOf,
  type ClientKey,
  INVALID,
  jwkOf,
  pairOf,
  signed,
  validBy,
} from "../support/client-assertions.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { bindTo, foundForLogins, loginService } from "../support/logins.ts";
import { addApplication, foundOrganization, must } from "../support/world.ts";

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

const add = async (more: object = {}, to = keys): Promise<ClientKey> =>
  must(await alice.post(to, { name: "Deployment", ...more }), 201).body as unknown as ClientKey;
const ask = async (body: object, by = service, of = anchor): Promise<Answered> =>
  await by.post(`/v1/applications/${of}/client-authentications`, body);
const asked = async (body: object, of = anchor): Promise<unknown> => must(await ask(body, service, of), 200).body;

describe("A secret", () => {
  test("of the application's own is valid, and says by which of its keys; another text, or its hash, is not", async () => {
    const [first, second] = [await add({ name: "March" }), await add({ name: "April" })];
    for (const key of [first, second]) expect(await asked({ secret: key.secret })).toEqual(validBy(key));
    const [{ hash } = { hash: "" }] = await gateway.sql<{ hash: string }>(
      "select encode(secret_hash, 'hex') as hash from client_keys where id = $1",
      [first.id],
    );
    for (const secret of [`${first.secret}x`, first.secret?.slice(0, -1), hash, first.id]) {
      expect(await asked({ secret })).toEqual(INVALID);
    }
  });

  test("of another application is none of this one's", async () => {
    const other = (await addApplication(alice, slug)).anchor;
    const key = await add({}, `/v1/organizations/${slug}/applications/${other}/client-keys`);
    expect(await asked({ secret: key.secret })).toEqual(INVALID);
    expect(await asked({ secret: key.secret }, other)).toEqual(validBy(key));
  });

  test("is valid until it expires, and until it is removed", async () => {
    const [short, long] = [await add({ expiresInDays: 1 }), await add({ expiresInDays: 2 })];
    at = Date.parse(short.expiresAt) - 1;
    expect(await asked({ secret: short.secret })).toEqual(validBy(short));
    at += 1;
    expect(await asked({ secret: short.secret })).toEqual(INVALID);
    expect(await asked({ secret: long.secret })).toEqual(validBy(long));
    at = undefined;
    must(await alice.delete(`${keys}/${long.id}`), 204);
    expect(await asked({ secret: long.secret })).toEqual(INVALID);
  });
});

describe("Of an application that nobody could log in to nothing is valid", () => {
  const path = (): string => `/v1/organizations/${slug}/applications/${anchor}`;

  test("while it is retired, and again once it is enabled", async () => {
    const pair = pairOf();
    const [secret, key] = [await add(), await add({ publicKey: jwkOf(pair) })];
    must(await alice.post(`${path()}/retire`), 200);
    expect(await asked({ secret: secret.secret })).toEqual(INVALID);
    const proof = { assertion: await signed(pair.privateKey, claimsOf(anchor)), audience: AUDIENCE };
    expect(await asked(proof)).toEqual(INVALID);
    must(await alice.post(`${path()}/enable`), 200);
    expect(await asked({ secret: secret.secret })).toEqual(validBy(secret));
    expect(await asked(proof)).toEqual(validBy(key)); // it was not spent
  });

  test.each(["organizations", "sectors"])("while one of its %s is retired", async (table) => {
    const { secret, ...key } = await add();
    const set = async (state: string): Promise<void> => {
      const id = table === "sectors" ? "(select sector_id from applications where anchor = $1)" : "o";
      const of = "(select organization_id from applications where anchor = $1)";
      await gateway.sql(`update ${table} set state = $2 where id = ${table === "sectors" ? id : of}`, [anchor, state]);
    };
    await set("retired");
    expect(await asked({ secret })).toEqual(INVALID);
    await set(table === "sectors" ? "enabled" : "active");
    expect(await asked({ secret })).toEqual(validBy({ secret, ...key }));
  });
});

describe("Who asks", () => {
  test.each<[string, () => Promise<Person>, number, string]>([
    ["a person", async () => await Promise.resolve(alice), 403, "NOT_A_CLIENT"],
    [
      "a service without the scope",
      async () => await gateway.service("asker", { scopes: ["authz:all"] }),
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
    const { secret } = await add();
    const refused = await ask({ secret }, await by());
    expect([refused.status, refused.body.code]).toEqual([status, code]);
    must(await ask({ secret }), 200);
  });

  test("and is bound to applications asks about these alone", async () => {
    const bound = await loginService(gateway, "bound", [slug]);
    const { secret } = await add();
    must(await ask({ secret }, bound), 200); // it registers itself
    const other = (await addApplication(alice, slug)).anchor;
    await bindTo(gateway, bound, [other]);
    expect((await ask({ secret }, bound)).body.code).toBe("NOT_FOUND");
    must(await ask({ secret }, bound, other), 200);
  });

  test.each<[object, string]>([
    [{}, "body"],
    [{ secret: "bws_x", audience: AUDIENCE }, "body"],
    [{ secret: "bws_x", assertion: "a.b.c", audience: AUDIENCE }, "body"],
    [{ assertion: "a.b.c" }, "body"],
    [{ audience: AUDIENCE }, "body"],
    [{ secret: "" }, "body.secret"],
    [{ secret: "bws_ü" }, "body.secret"],
    [{ secret: "a".repeat(LIMITS.idBytes + 1) }, "body.secret"],
    [{ assertion: "a".repeat(LIMITS.tokenBytes + 1), audience: AUDIENCE }, "body.assertion"],
    [{ assertion: "a.b.c", audience: "" }, "body.audience"],
  ])("with a body that is neither of the two gets 400, and nothing of it is repeated: %#", async (body, where) => {
    const { status, body: answer, text } = await ask(body);
    expect([status, (answer["issues"] as { path: string }[])[0]?.path]).toEqual([400, where]);
    expect(text).not.toMatch(/bws_|a\.b\.c|aaaa/);
  });
});
