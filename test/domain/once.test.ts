import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { createFingerprints } from "../../src/domain/fingerprints.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger, readStore } from "../support/graph.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let second: Gateway;
let alice: Person;
let bob: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startBeside(gateway);
});
beforeEach(async () => {
  scene += 1;
  [alice, bob] = await Promise.all([gateway.person(`alice-${scene}`), gateway.person(`bob-${scene}`)]);
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});

/** Everything that the ledger holds, as text. */
async function ledger(): Promise<string> {
  const tables = ["organizations", "memberships", "sectors", "applications", "invitations", "audit_events", "outbox"];
  const rows = await Promise.all(
    [...tables, "clients", "idempotency_records"].map(
      async (table) => await gateway.sql(`select * from ${table} order by 1, 2`),
    ),
  );
  return JSON.stringify(rows);
}

const sector = { name: "Sector" };

describe("an Idempotency-Key", () => {
  test("makes a POST happen once: 16 repetitions at two gateways have one effect, one event and one answer", async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        const caller = client % 2 === 0 ? alice : alice.at(second.url);
        return await caller.post(`${path}/sectors`, sector, { "idempotency-key": "once" });
      }),
    );
    expect(answers.map((each) => each.status)).toEqual(Array<number>(16).fill(201));
    const told = answers.map((each) => [each.body, each.headers.get("etag"), each.headers.get("location")]);
    expect(told).toEqual(told.map(() => told[0]));
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(1);
    const events = await gateway.sql("select 1 from audit_events where action = 'sector.create' and target_id = $1", [
      answers[0]?.body.id,
    ]);
    expect(events).toHaveLength(1);
  });

  test("also when the repetition would be refused by now, and for organizations, whose slug is taken by then", async () => {
    const body = { slug: `${slug}-again`, name: "Again" };
    const first = must(await alice.post("/v1/organizations", body, { "idempotency-key": "found" }), 201);
    expect((await alice.post("/v1/organizations", body)).body.code).toBe("SLUG_TAKEN");
    const again = must(await alice.post("/v1/organizations", body, { "idempotency-key": "found" }), 201);
    expect(again.body).toEqual(first.body);
  });

  test("also when it was the last that a limit allows: those that waited behind it answer as it did", async () => {
    await gateway.sql("insert into limits select id, 'sectors', 1 from organizations where slug = $1", [slug]);
    const repeat = async (): Promise<Answered> => {
      return await alice.post(`${path}/sectors`, sector, { "idempotency-key": "last" });
    };
    const answers = await Promise.all(Array.from({ length: 16 }, repeat));
    expect(answers.map((each) => each.status)).toEqual(Array<number>(16).fill(201));
    const another = await alice.post(`${path}/sectors`, sector, { "idempotency-key": "one-more" });
    expect([another.status, another.body.code]).toEqual([409, "LIMIT_REACHED"]);
  });

  test("with another body is 422 and changes nothing; without the key, or with another one, it happens again", async () => {
    must(await alice.post(`${path}/sectors`, sector, { "idempotency-key": "a" }), 201);
    const before = await ledger();
    const other = await alice.post(`${path}/sectors`, { name: "Other" }, { "idempotency-key": "a" });
    expect([other.status, other.body.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    expect(await ledger()).toBe(before);
    must(await alice.post(`${path}/sectors`, sector, { "idempotency-key": "b" }), 201);
    must(await alice.post(`${path}/sectors`, sector), 201);
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(3);
  });

  test("is answered with 503 where its record's master key is not configured: nobody can tell, and nothing happens twice", async () => {
    const header = { "idempotency-key": "rotated" };
    const first = must(await alice.post(`${path}/sectors`, sector, header), 201);
    const { deps } = second;
    const { fingerprints } = deps;
    const repeat = async (): Promise<Answered> => await alice.at(second.url).post(`${path}/sectors`, sector, header);
    try {
      Object.assign(deps, { fingerprints: createFingerprints([{ id: "k2", secret: Buffer.alloc(32, 2) }]) });
      expect((await repeat()).body.code).toBe("CANNOT_DECIDE");
    } finally {
      Object.assign(deps, { fingerprints });
    }
    expect(must(await repeat(), 201).body).toEqual(first.body);
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(1);
  });

  test("belongs to its caller and its path: another's, or another path's, is another key", async () => {
    await addMember(alice, slug, bob, "admin");
    const header = { "idempotency-key": "mine" };
    must(await alice.post(`${path}/sectors`, sector, header), 201);
    must(await bob.post(`${path}/sectors`, sector, header), 201);
    must(await alice.post(`${path}/applications`, { name: "Shop", kind: "web" }, header), 201);
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(3);
  });

  test("of a POST that was refused is free again; a key that is none is 400", async () => {
    await addMember(alice, slug, bob, "viewer");
    const header = { "idempotency-key": "try" };
    expect((await bob.post(`${path}/sectors`, sector, header)).status).toBe(403);
    must(await alice.patch(`${path}/members/${bob.alias}`, { role: "admin" }), 200);
    must(await bob.post(`${path}/sectors`, sector, header), 201);
    for (const key of ["with space", "x".repeat(256)]) {
      expect((await alice.post(`${path}/sectors`, sector, { "idempotency-key": key })).status).toBe(400);
    }
    must(await alice.post(`${path}/sectors`, sector, { "idempotency-key": "x".repeat(255) }), 201);
  });

  test("is forgotten after 24 hours, and what is too old is cleared away", async () => {
    must(await alice.post(`${path}/sectors`, sector, { "idempotency-key": "old" }), 201);
    await gateway.sql("update idempotency_records set created_at = created_at - interval '24 hours 1 second'");
    must(await alice.post(`${path}/sectors`, sector, { "idempotency-key": "old" }), 201);
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(2);
    expect(await gateway.sql("select key from idempotency_records")).toEqual([{ key: "old" }]);
  });
});

describe("a dry run", () => {
  test("answers as the change then does, and writes nothing in ledger or graph", async () => {
    await addMember(alice, slug, bob, "viewer");
    const { anchor } = await addApplication(alice, slug);
    await expectGraphEqualsLedger(gateway);
    const changes: (readonly [Person, "post" | "patch" | "delete", string, object?])[] = [
      [bob, "post", `${path}/sectors`, sector], // refused
      [alice, "post", `${path}/sectors`, sector],
      [alice, "post", `${path}/invitations`, { alias: "nobody-here", role: "viewer" }], // unknown
      [alice, "patch", `${path}/members/${bob.alias}`, { role: "owner" }],
      [alice, "post", `${path}/applications/${anchor}/retire`], // refused: not the sole Owner by then
      [bob, "delete", `${path}/members/${alice.alias}`],
      [bob, "delete", `${path}/members/${bob.alias}`], // refused: the last Owner
      [bob, "post", `${path}/applications/${anchor}/retire`],
      [bob, "post", "/v1/organizations", { slug: `${slug}-dry`, name: "Dry" }],
    ];
    const send = async (change: (typeof changes)[number], query: string): Promise<Answered> => {
      const [person, method, target, body] = change;
      return method === "delete" ? await person.delete(target + query) : await person[method](target + query, body);
    };
    for (const change of changes) {
      const before = [await ledger(), JSON.stringify(await readStore(gateway.storeId))];
      const dry = await send(change, "?dryRun=true");
      expect([await ledger(), JSON.stringify(await readStore(gateway.storeId))]).toEqual(before);
      const real = await send(change, "");
      expect([dry.status, dry.body.code, dry.body.reasons]).toEqual([real.status, real.body.code, real.body.reasons]);
      expect(dry.headers.get("bailiwick-dry-run")).toBe(dry.status < 300 ? "true" : null);
      expect(real.headers.has("bailiwick-dry-run")).toBe(false);
      expect(Object.keys(dry.body).sort()).toEqual(Object.keys(real.body).sort());
    }
  });

  test("takes no key: the real change that follows with the same one happens", async () => {
    const header = { "idempotency-key": "dry" };
    must(await alice.post(`${path}/sectors?dryRun=true`, sector, header), 201);
    must(await alice.post(`${path}/sectors?dryRun=false`, sector, header), 201);
    expect(must(await alice.get(`${path}/sectors`), 200).body.items).toHaveLength(1);
    expect((await alice.post(`${path}/sectors?dryRun=maybe`, sector)).status).toBe(400);
  });
});
