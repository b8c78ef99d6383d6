/** S0.15, S0.16: what applications see of people: one identifier in a sector, and nothing that could be joined across sectors. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { resealAll } from "../../src/domain/resealing.ts";
import { createSealing } from "../../src/domain/sealing.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, foundForLogins, logIn } from "../support/logins.ts";
import { admission } from "../support/rules.ts";
import { addApplication, must } from "../support/world.ts";

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ACCOUNTS = IS_FULL ? 1_000 : 30;
const SECTORS = IS_FULL ? 50 : 6;
/** Accounts that log in at once. */
const TOGETHER = 20;

/** The newest first. */
const KEYS = ["k2", "k1"].map((id) => ({ id, secret: randomBytes(32) }));

let gateway: TestGateway;
let alice: Person;
let service: Person;
let slug: string;
beforeAll(async () => {
  gateway = await startTestGateway({
    settings: { MASTER_KEYS: KEYS.map(({ id, secret }) => `${id}:${secret.toString("base64")}`).join(",") },
  });
  ({ alice, slug, service } = await foundForLogins(gateway));
});
afterAll(async () => await gateway.close());

async function open(sector?: string): Promise<{ readonly anchor: string; readonly sector: string }> {
  const made = await addApplication(alice, slug, sector === undefined ? {} : { sector });
  const rules = `/v1/organizations/${slug}/applications/${made.anchor}/rules/admission`;
  must(await alice.put(rules, admission({ everyone: true })), 200);
  return made;
}

async function subjectsAt(anchor: string, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let from = 0; from < ids.length; from += TOGETHER) {
    const some = ids.slice(from, from + TOGETHER).map(async (id) => {
      const answer = await logIn(service, anchor, attemptOf("", { subject: { type: "identity", id } }));
      return answer.login?.subject.id ?? "";
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

test(
  `${ACCOUNTS} accounts in ${SECTORS} sectors: all equal inside a sector, no two equal across sectors, and no order in common`,
  async () => {
    const ids = Array.from({ length: ACCOUNTS }, (_none, index) => `person-${index}`);
    const all = new Set<string>();
    const orders = new Set<string>();
    for (let count = 0; count < SECTORS; count += 1) {
      const { anchor, sector } = await open();
      const seen = await subjectsAt(anchor, ids);
      for (const subject of seen) all.add(subject);
      const order = ids.map((id, index) => [seen[index] ?? "", id] as const).sort(([a], [b]) => (a < b ? -1 : 1));
      orders.add(order.map(([, id]) => id).join(" "));
      const beside = await open(sector);
      const some = ids.slice(0, 25);
      expect(await subjectsAt(beside.anchor, some)).toEqual(seen.slice(0, 25));
    }
    expect([all.has(""), all.size, orders.size]).toEqual([false, ACCOUNTS * SECTORS, SECTORS]);
  },
  IS_FULL ? 40 * 60_000 : undefined,
);

test("a sector's secret is sealed, of its own, and moved to another sector it opens nothing", async () => {
  const [one, other] = [await open(), await open()];
  await subjectsAt(one.anchor, ["person-0"]);
  await subjectsAt(other.anchor, ["person-0"]);
  const rows = await gateway.sql<{ secret: string }>(
    "select secret from sector_secrets where sector_id = any ($1) order by sector_id",
    [[one.sector, other.sector]],
  );
  expect(rows.map(({ secret }) => /^1\.k2\.[\w-]{80}$/.test(secret))).toEqual([true, true]);
  expect(new Set(rows.map(({ secret }) => secret)).size).toBe(2);
  const swap =
    "update sector_secrets s set secret = o.secret from sector_secrets o where s.sector_id = $1 and o.sector_id = $2";
  await gateway.sql(swap, [one.sector, other.sector]);
  const attempt = attemptOf("", { subject: { type: "identity", id: "person-0" } });
  const refused = await service.post(`/v1/applications/${one.anchor}/logins`, attempt);
  expect([refused.status, refused.body["code"]]).toEqual([503, "CANNOT_DECIDE"]);
});

test("a sector's secret that is sealed anew is the same: nobody becomes somebody else", async () => {
  const { anchor, sector } = await open();
  const before = await subjectsAt(anchor, ["person-0", "person-1"]);
  const { database, sealing } = gateway.gateway.deps;
  const [row] = await gateway.sql<{ organization: string; secret: string }>(
    "select organization_id as organization, secret from sector_secrets where sector_id = $1",
    [sector],
  );
  const place = {
    purpose: "sector secret",
    organization: row?.organization ?? "",
    owner: sector,
    row: sector,
  } as const;
  const older = createSealing(KEYS.slice(1)).seal(sealing.open(row?.secret ?? "", place), place);
  await gateway.sql("update sector_secrets set secret = $2 where sector_id = $1", [sector, older]);
  const told: string[] = [];
  await resealAll({ database, sealing }, (secret, error) => {
    expect(error).toBeNull();
    told.push(`${secret.purpose} ${secret.row}`);
  });
  expect(told).toEqual([`sector secret ${sector}`]);
  const [now] = await gateway.sql<{ secret: string }>("select secret from sector_secrets where sector_id = $1", [
    sector,
  ]);
  expect([now?.secret.split(".")[1], now?.secret === row?.secret]).toEqual(["k2", false]);
  expect(await subjectsAt(anchor, ["person-0", "person-1"])).toEqual(before);
});
