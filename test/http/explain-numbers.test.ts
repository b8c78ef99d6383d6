/** An explanation of what a host's own rules compare: numbers that they name, and what is stored of the subject. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Explanation } from "../../src/domain/explain.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { copyFolder, type FolderCopy, RECORDS } from "../support/host-folder.ts";
import { foundOrganization, must } from "../support/world.ts";

let records: FolderCopy;
let gateway: TestGateway;
let keeper: Person;
let slug: string;

beforeAll(async () => {
  records = await copyFolder(RECORDS);
  await declare("record", "amount", { type: "integer" });
  await declare("record", "author", { type: "string" });
  await declare("user", "level", { type: "integer", minimum: 0 });
  const amount = "has(R.attr.amount) && R.attr.amount < 500";
  const level = "has(P.attr.level) && P.attr.level >= 7";
  const author = 'has(R.attr.author) && R.attr.author == "nobody"';
  await records.edit("cerbos/record.yaml", (text) =>
    text
      .replace("R.attr.sent.action.soft\n", `R.attr.sent.action.soft || (${amount})\n`)
      .replace('P.attr.role == "admin"\n', `P.attr.role == "admin" || (${level})\n`)
      .replace(
        "'V.isActive ? V.isOwner : V.isAdministrator'",
        `'V.isActive ? V.isOwner : V.isAdministrator || (${author})'`,
      ),
  );
  gateway = await startTestGateway({ hostPolicies: [records.directory] });
  slug = await foundOrganization(await gateway.person("alice"));
  const scopes = ["entities:write", "authz:evaluate", "authz:explain"];
  keeper = await gateway.service("keeper", { scopes, organizations: [slug] });
  await store("user/u", { level: 2 });
});
afterAll(async () => {
  await gateway.close();
  await records.remove();
});

/** A further fact of a kind of the copy. */
async function declare(kind: string, name: string, schema: object): Promise<void> {
  await records.edit(`cerbos/_schemas/${kind}.json`, (text) => {
    const document = JSON.parse(text) as { readonly properties: object };
    return JSON.stringify({ ...document, properties: { ...document.properties, [name]: schema } });
  });
}

async function store(entity: string, attributes: object, relations: object = {}): Promise<void> {
  must(await keeper.put(`/v1/organizations/${slug}/entities/${entity}`, { attributes, relations }), 201);
}

/** What would turn the answer about a record, and whether all that could was tried. */
async function turning(action: string, id: string): Promise<[changes: unknown[], isComplete: boolean]> {
  const check = { subject: { type: "user", id: "u" }, action: { name: action }, resource: { type: "record", id } };
  const { body } = must(await keeper.post(`/o/${slug}/v1/explain`, check), 200);
  const { changes, isComplete } = body as unknown as Explanation;
  return [changes.map(({ of, name, from, to }) => [of, name, from, to]), isComplete];
}

test("names the number with which a rule of the host compares a fact, of the thing and of the subject", async () => {
  await store("record/dear", { status: "active", amount: 9_000 }, { owner: [{ type: "user", id: "u" }] });
  expect(await turning("delete", "dear")).toEqual([
    [
      ["fact", "resource.amount", 9_000, 499],
      ["sent", "resource.sent.action.soft", null, true],
    ],
    true,
  ]);
  await store("record/foreign", { status: "active" });
  expect(await turning("read", "foreign")).toEqual([
    [
      ["fact", "subject.role", null, "admin"],
      ["fact", "subject.level", 2, 7],
      ["relation", "resource.relations.viewer", false, true],
    ],
    true,
  ]);
});

test("says that it is not whole where a rule reads what has no values that can be listed", async () => {
  await store("record/old", { status: "archived", author: "somebody" });
  const [changes, isComplete] = await turning("write", "old");
  expect(changes).toEqual([
    ["fact", "subject.role", null, "admin"],
    ["fact", "subject.level", 2, 7],
  ]);
  expect(isComplete).toBe(false);
});
