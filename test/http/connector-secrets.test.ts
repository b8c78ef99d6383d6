/** What a connector authenticates with at its provider: kept sealed, and told to nobody. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { resealAll } from "../../src/domain/resealing.ts";
import { createSealing } from "../../src/domain/sealing.ts";
import { BY_SECRET, CONNECTOR, OIDC } from "../support/connectors.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

const MASTER = { id: "k1", secret: Buffer.alloc(32, 1) };

let gateway: TestGateway;
let admin: Person;
let bob: Person;
let at: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { MASTER_KEYS: `k1:${MASTER.secret.toString("base64")}` } });
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  scene += 1;
  const people = ["alice", "admin", "bob"].map(async (name) => await gateway.person(`${name}-${scene}`));
  const [alice, ...others] = (await Promise.all(people)) as [Person, Person, Person];
  [admin, bob] = others;
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, admin, "admin");
  await addMember(alice, slug, bob, "viewer");
  at = `/v1/organizations/${slug}/connectors`;
});

const code = ({ status, body }: Answered): unknown => [status, body.code];

interface Stored {
  readonly organization: string;
  readonly owner: string;
  readonly row: string;
  readonly sealed: string | null;
}

async function stored(id: string): Promise<Stored> {
  const text = `select organization_id as organization, id as owner, id as "row", client_secret as sealed
    from connectors where id = $1`;
  const [row] = await gateway.sql<Stored>(text, [id]);
  if (row === undefined) throw new Error("there is none");
  return row;
}

async function secretOf(id: string, sealing = gateway.gateway.deps.sealing): Promise<string | null> {
  const { sealed, ...place } = await stored(id);
  if (sealed === null) return null;
  return Buffer.from(sealing.open(sealed, { ...place, purpose: "connector secret" })).toString();
}

const add = async (clientSecret: string, more = {}): Promise<Answered> =>
  must(await admin.post(at, { ...CONNECTOR, settings: BY_SECRET, clientSecret, ...more }), 201);
const pathOf = ({ headers }: Answered): string => headers.get("location") ?? "";
const idOf = ({ body }: Answered): string => String(body["id"]);

test("the secret is told by when it was set alone; a replacement without it keeps it, another one replaces it", async () => {
  const made = await add("first secret");
  const set = made.body["clientSecretSetAt"];
  expect([set, await secretOf(idOf(made))]).toEqual([made.body["createdAt"], "first secret"]);
  const renamed = { name: "Other", settings: BY_SECRET };
  const kept = must(await admin.put(pathOf(made), renamed, { "if-match": "*" }), 200);
  expect([kept.body["clientSecretSetAt"], await secretOf(idOf(made))]).toEqual([set, "first secret"]);
  const other = { ...renamed, clientSecret: "second secret" };
  const replaced = must(await admin.put(pathOf(made), other, { "if-match": "*" }), 200);
  expect([replaced.body["clientSecretSetAt"], await secretOf(idOf(made))]).toEqual([
    replaced.body["updatedAt"],
    "second secret",
  ]);
  expect([made, kept, replaced, await bob.get(at)].map(({ text }) => text).join("\n")).not.toContain(" secret");
});

test("a secret that was set for one issuer goes to no other: whoever changes the issuer sends one", async () => {
  const made = await add("of the first");
  const other = { ...CONNECTOR, settings: { ...BY_SECRET, issuer: "https://elsewhere.example.com" } };
  const refused = await admin.put(pathOf(made), other, { "if-match": "*" });
  expect([refused.status, refused.body["issues"]]).toMatchObject([400, [{ path: "body.clientSecret" }]]);
  const put = { ...other, clientSecret: "of the second" };
  must(await admin.put(pathOf(made), put, { "if-match": "*" }), 200);
  expect(await secretOf(idOf(made))).toBe("of the second");
});

test("a secret that is sent is a change, also when it is the same: nobody finds out by it what it is", async () => {
  const made = await add("the same");
  for (const clientSecret of ["the same", "another"]) {
    const body = { ...CONNECTOR, settings: BY_SECRET, clientSecret };
    expect(code(await admin.put(pathOf(made), body))).toEqual([428, "PRECONDITION_REQUIRED"]);
  }
});

test("the secret goes by null, or when nothing authenticates by it any more; the log says that it changed", async () => {
  for (const more of [{ clientSecret: null }, {}]) {
    const made = await add("gone soon", {
      settings: { ...BY_SECRET, issuer: `https://${Object.keys(more).length}.example.com` },
    });
    const settings = { ...OIDC, issuer: (made.body["settings"] as { issuer: string }).issuer };
    const put = must(await admin.put(pathOf(made), { ...CONNECTOR, settings, ...more }, { "if-match": "*" }), 200);
    expect([put.body["clientSecretSetAt"], (await stored(idOf(made))).sealed]).toEqual([null, null]);
    const [event] = await gateway.sql<{ after: object }>(
      "select after from audit_events where target_id = $1 and action = 'connector.edit'",
      [idOf(made)],
    );
    expect(event?.after).toEqual({ fields: ["authentication", "clientSecret"] });
  }
});

test("the secret is sealed for its row, opens in no other, and is sealed anew with the newest master key", async () => {
  const [one, two] = [
    await add("one"),
    await add("two", { settings: { ...BY_SECRET, issuer: "https://two.example.com" } }),
  ];
  const [first, second] = [await stored(idOf(one)), await stored(idOf(two))];
  const { sealing, database } = gateway.gateway.deps;
  expect(() => sealing.open(first.sealed ?? "", { ...second, purpose: "connector secret" })).toThrow(
    "cannot be opened",
  );
  expect(() => sealing.open(first.sealed ?? "", { ...first, purpose: "sector secret" })).toThrow("cannot be opened");
  const newer = createSealing([{ id: "k2", secret: Buffer.alloc(32, 2) }, MASTER]);
  const failed: string[] = [];
  await resealAll({ database, sealing: newer }, ({ row }, error) => {
    if (error !== null) failed.push(row);
  });
  expect([failed, (await stored(idOf(one))).sealed?.split(".")[1]]).toEqual([[], "k2"]);
  expect([await secretOf(idOf(one), newer), await secretOf(idOf(two), newer)]).toEqual(["one", "two"]);
});

test("the secret is in no record of an Idempotency-Key, which knows the body again and tells it from another", async () => {
  const headers = { "idempotency-key": `once-${scene}` };
  const body = { ...CONNECTOR, settings: BY_SECRET, clientSecret: "1234" };
  const first = must(await admin.post(at, body, headers), 201);
  expect(must(await admin.post(at, body, headers), 201).body).toEqual(first.body);
  expect((await admin.post(at, { ...body, clientSecret: "1235" }, headers)).status).toBe(422);
  const [record] = await gateway.sql<{ text: string }>(
    "select r::text as text from idempotency_records r where key = $1",
    [headers["idempotency-key"]],
  );
  expect(record?.text).toContain(idOf(first));
  for (const text of ["1234", createHash("sha256").update(JSON.stringify(body)).digest("base64url")]) {
    expect(record?.text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|con-[0-9a-z]+/g, "")).not.toContain(text);
  }
  expect(must(await bob.get(at), 200).body["items"]).toHaveLength(1);
});
