/** An export is all that is stored, or none: what would have to be left out is told. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { documentLine, type Documents, foundDocuments } from "../support/document-world.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, DOCUMENTS, type FolderCopy, RECORDS } from "../support/host-folder.ts";
import { must } from "../support/world.ts";

let at: TestGateway;
let broken: FolderCopy;
let owner: Person;
let docs: Documents;
beforeAll(async () => {
  broken = await copyFolder(DOCUMENTS);
  await broken.edit("cerbos/folder.yaml", (text) => text.replace("effect: EFFECT_ALLOW", "effect: EFFECT_DENY"));
  at = await startTestGateway({ hostPolicies: [RECORDS, broken.directory] });
  owner = await at.person("owner");
  docs = await foundDocuments(at, owner);
  await docs.store([documentLine("d-1"), { type: "user", id: "ann" }]);
});
afterAll(async () => {
  await at.close();
  await broken.remove();
});

/** As it was stored when its kind was served. */
async function store(type: string, isStored = true): Promise<void> {
  await at.sql(
    `insert into entities (organization_id, type, id, surrogate, is_stored, created_at, updated_at)
     values ($1, $2, 'x', 'e-' || $2, $3, now(), now())`,
    [docs.organization, type, isStored],
  );
}

async function exported(query = ""): Promise<unknown[]> {
  const { text } = must(await docs.keeper.get(`${docs.base}${query}`), 200);
  return text.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { id: string }).id]));
}

test("an export of all kinds is refused while something of a broken kind, or of one without a folder, is stored; the others can be had one by one", async () => {
  await store("folder", false); // named only: an export has not got it in any case
  expect(await exported()).toEqual(["d-1", "ann"]);
  await at.sql("update entities set is_stored = true where surrogate = 'e-folder'");
  await store("spaceship");
  const { status, body, headers } = await docs.keeper.get(docs.base);
  expect([status, body.code, headers.get("retry-after")]).toEqual([503, "CANNOT_DECIDE", "1"]);
  expect(body["detail"]).toMatch(
    /entities of folder, spaceship are stored, and their policies are broken, or in no folder/,
  );
  expect(await exported("?type=document")).toEqual(["d-1"]);
  expect((await docs.keeper.get(`${docs.base}?type=folder`)).body.code).toBe("CANNOT_DECIDE");
});

test("what the client is not bound to is none of its export: of its own kinds that is whole", async () => {
  const bind = async (...kinds: readonly string[]): Promise<unknown> =>
    await at.sql("update clients set kinds = $1 where client_id = $2", [kinds, docs.keeper.alias]);
  await bind("document", "user");
  expect(await exported()).toEqual(["d-1", "ann"]);
  await bind("document", "spaceship");
  const { status, body } = await docs.keeper.get(docs.base);
  expect([status, body.code]).toEqual([503, "CANNOT_DECIDE"]);
  expect(body["detail"]).toContain("entities of spaceship are stored");
});
