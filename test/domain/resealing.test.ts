/** Master keys are rotated: what older ones have sealed is sealed with the newest. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { resealAll, unopenable } from "../../src/domain/resealing.ts";
import { createSealing, type Sealing } from "../../src/domain/sealing.ts";
import type { MasterKey } from "../../src/entities/master-keys.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, foundOrganization, must } from "../support/world.ts";

const OLD: MasterKey = { id: "k1", secret: Buffer.alloc(32, 1) };
const NEW: MasterKey = { id: "k2", secret: Buffer.alloc(32, 2) };
const IMPOSTOR: MasterKey = { id: "k1", secret: Buffer.alloc(32, 3) };

let gateway: TestGateway;
let alice: Person;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString("base64")}` } });
  alice = await gateway.person("alice");
  for (let count = 0; count < 2; count += 1) {
    const slug = await foundOrganization(alice); // each is sealed in an organization of its own
    await addApplication(alice, slug);
    const { anchor } = await addApplication(alice, slug);
    const [key] = await rows(anchor);
    must(await alice.post(`/v1/organizations/${slug}/applications/${anchor}/keys/${key?.row}/revoke`), 200);
  }
});
afterAll(async () => await gateway.close());

interface Row {
  readonly organization: string;
  readonly owner: string;
  readonly row: string;
  readonly sealed: string | null;
}

async function rows(anchor?: string): Promise<Row[]> {
  return await gateway.sql<Row>(
    `select organization_id as organization, anchor as owner, kid as "row", private_key as sealed
     from signing_keys where anchor = coalesce($1, anchor) order by kid`,
    [anchor ?? null],
  );
}

const sealedBy = async (): Promise<(string | null)[]> =>
  (await rows()).map(({ sealed }) => sealed?.split(".")[1] ?? null).sort();

async function reseal(sealing: Sealing): Promise<{ done: number; failed: string[] }> {
  const told = { done: 0, failed: [] as string[] };
  const { database } = gateway.gateway.deps;
  await resealAll({ database, sealing }, ({ row }, error) => {
    if (error === null) told.done += 1;
    else told.failed.push(row);
  });
  return told;
}

test("what cannot be opened is counted, and stays as it is", async () => {
  const before = await rows();
  const { database } = gateway.gateway.deps;
  expect(await unopenable({ database, sealing: createSealing([NEW]) })).toEqual(new Map([["k1", 4]]));
  expect(await unopenable({ database, sealing: createSealing([NEW, OLD]) })).toEqual(new Map());
  for (const sealing of [createSealing([NEW]), createSealing([NEW, IMPOSTOR])]) {
    const { done, failed } = await reseal(sealing);
    expect([done, failed.sort()]).toEqual([0, before.flatMap(({ row, sealed }) => (sealed === null ? [] : [row]))]);
  }
  expect(await rows()).toEqual(before);
});

test("of all organizations everything is sealed with the newest, and is what it was; again it is nothing", async () => {
  const before = await rows();
  const sealing = createSealing([NEW, OLD]);
  expect(await sealedBy()).toEqual(["k1", "k1", "k1", "k1", null, null]);
  expect(await reseal(sealing)).toEqual({ done: 4, failed: [] });
  expect(await sealedBy()).toEqual(["k2", "k2", "k2", "k2", null, null]);
  const after = await rows();
  const opened = ({ sealed, ...place }: Row): string => {
    if (sealed === null) return "";
    return Buffer.from(sealing.open(sealed, { ...place, purpose: "signing key" })).toString("hex");
  };
  expect(after.map(opened)).toEqual(before.map(opened));
  expect(await reseal(sealing)).toEqual({ done: 0, failed: [] });
});

test("what was replaced meanwhile stays as that left it", async () => {
  const [first] = (await rows()).filter(({ sealed }) => sealed !== null);
  const older = createSealing([OLD]);
  const place = { ...(first as Row), purpose: "signing key" } as const;
  await gateway.sql("update signing_keys set private_key = $2 where kid = $1", [
    place.row,
    older.seal(Buffer.from("one"), place),
  ]);
  const both = createSealing([NEW, OLD]);
  const slow: Sealing = {
    ...both,
    // Between the look and the write somebody revokes it.
    seal: (secret, at) => {
      void revoked.push(gateway.sql("update signing_keys set private_key = null where kid = $1", [at.row]));
      return both.seal(secret, at);
    },
  };
  const revoked: Promise<unknown>[] = [];
  const { database } = gateway.gateway.deps;
  const transaction: typeof database.transaction = async (work) => {
    await Promise.all(revoked);
    return await database.transaction(work);
  };
  await resealAll({ database: { ...database, transaction }, sealing: slow }, (_secret, error) => {
    expect(error).toBeNull();
  });
  expect((await rows()).find(({ row }) => row === place.row)?.sealed).toBeNull();
});
