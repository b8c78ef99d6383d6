/** What an import does at once: by what is there, not only by what its lines say, and by the rights that its client has now. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Documents, documentLine, foundDocuments, type Line, type Told } from "../support/document-world.ts";
import { eventually } from "../support/eventually.ts";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { DOCUMENTS } from "../support/host-folder.ts";

let at: TestGateway;
let owner: Person;
let docs: Documents;
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  owner = await at.person("owner");
});
afterAll(async () => await at.close());
beforeEach(async () => {
  docs = await foundDocuments(at, owner);
});

function folder(id: string, parents: number): Line {
  const parent = Array.from({ length: parents }, (_, index) => ({ type: "folder", id: `parent-${index}` }));
  return { type: "folder", id, attributes: { title: id }, relations: { parent } };
}

/** How many rows of the outbox there were so far, and what each change of an import has stored, in their order. */
async function changes(): Promise<{ rows: number; stored: number[] }> {
  const [row] = await at.sql<{ rows: number; stored: number[] }>(
    `select o.tuples_filed::int as rows,
       array(
         select (e.after ->> 'stored')::int from audit_events e
         where e.organization_id = o.id and e.action = 'entities.import'
         order by e.version, e.ordinal) as stored
     from organizations o where o.id = $1`,
    [docs.organization],
  );
  return row ?? { rows: 0, stored: [] };
}

test("an import counts what its lines take away: a change is no more than one Write takes, and questions are answered in between", async () => {
  const few = Array.from({ length: 60 }, (_, index) => folder(`few-${index}`, 10));
  const many = Array.from({ length: 3 }, (_, index) => folder(`many-${index}`, 1_200));
  await docs.store([...many, ...few, documentLine("d-1", "owner")]);
  const before = await changes();

  const progress = { isOver: false };
  const bare = [...many, ...few].map((line) => ({ ...line, relations: {} }));
  const importing = docs.store([...bare, folder("new", 0)]).finally(() => (progress.isOver = true));
  const answers = new Set<unknown>();
  while (!progress.isOver) answers.add(await docs.may("owner", "view", "d-1"));
  expect((await importing).at(-1)).toEqual({ done: { lines: 64, stored: 64, unchanged: 0, refused: 0 } });
  expect([...answers]).toEqual([true]);

  const after = await changes();
  // Who loses more than one Write takes goes alone; of the others nine have 90 tuples.
  const together = [1, 1, 1, ...Array.from({ length: 6 }, () => 9), 7];
  expect(after.stored.slice(before.stored.length)).toEqual(together);
  expect(after.rows - before.rows).toBe(3 * Math.ceil(1_200 / 98) + 7);
  await expectGraphEqualsLedger(at);
});

test("an import counts what stays as nothing: many lines that take away a little each are one change", async () => {
  const lines = Array.from({ length: 40 }, (_, index) => folder(`f-${index}`, 3));
  await docs.store(lines);
  const before = await changes();
  const told = await docs.store(lines.map(({ id }) => folder(id, 2)));
  expect(told.at(-1)).toMatchObject({ done: { stored: 40 } });
  const after = await changes();
  expect(after.stored.slice(before.stored.length)).toEqual([40]);
  expect(after.rows - before.rows).toBe(1);
});

test("an import stops where its client is no longer bound to a kind; what was stored before stays, and another kind goes on", async () => {
  const { keeper, base, organization } = docs;
  const stored = async (): Promise<number> =>
    (await at.sql("select from entities where organization_id = $1 and is_stored", [organization])).length;
  const bind = async (kind: string): Promise<unknown> =>
    await at.sql("update clients set kinds = array[$1] where client_id = $2", [kind, keeper.alias]);
  const lines = async function* (): AsyncGenerator<string> {
    for (let index = 0; index < 200; index += 1) yield `${JSON.stringify(documentLine(`d-${index}`, "owner"))}\n`;
    await eventually(async () => expect(await stored()).toBe(196)); // twice 98
    await bind("folder");
    for (let index = 200; index < 400; index += 1) yield `${JSON.stringify(documentLine(`d-${index}`, "owner"))}\n`;
  };
  const response = await fetch(`${at.url}${base}`, {
    method: "POST",
    headers: { authorization: `Bearer ${keeper.token}`, "content-type": "application/x-ndjson" },
    body: ReadableStream.from(lines()).pipeThrough(new TextEncoderStream()),
    duplex: "half", // it is sent while the answer comes
  });
  const told = (await response.text()).trimEnd().split("\n");
  expect(JSON.parse(told.at(-1) ?? "") as Told).toMatchObject({
    stopped: { lines: 196, stored: 196, unchanged: 0, refused: 0, line: 197, code: "KIND_NOT_BOUND" },
  });
  expect(await stored()).toBe(196);
  expect((await docs.store([folder("f", 0)])).at(-1)).toMatchObject({ done: { stored: 1 } });
});
