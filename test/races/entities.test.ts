/** Entities and their relations beside revocations, on two gateways: nothing is decided on what was over, and nothing is left of who is gone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { account, documentLine, type Documents, foundDocuments, type Line } from "../support/document-world.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { DOCUMENTS } from "../support/host-folder.ts";
import { chanceOf, type Chance } from "../support/seed.ts";
import { addMember, must } from "../support/world.ts";

const ROUNDS = process.env["BAILIWICK_FULL"] === "1" ? 100 : 10;
const LONG_MS = 240_000;
const [MEMBERS, COMMON] = [5, 12]; // COMMON: documents that everybody changes
let at: TestGateway;
let second: Gateway;
let owner: Person;
let members: Person[];
let docs: Documents;
let urls: readonly [string, string];
beforeAll(async () => {
  at = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  second = await startBeside(at);
  urls = [at.url, second.url];
  owner = await at.person("owner");
  members = await Promise.all(Array.from({ length: MEMBERS }, async (_, index) => await at.person(`member-${index}`)));
}, LONG_MS);
afterAll(async () => {
  await second.close();
  await at.close();
});
beforeEach(async () => {
  docs = await foundDocuments(at, owner);
  for (const member of members) await addMember(owner, docs.slug, member, "viewer");
});

const aliasOf = (index: number): string => `member-${index}`;

/** What a change may be answered, beside that it is done: the thing or the member is gone, the organization is retired, it lost too often. */
const REFUSALS = new Set(["NOT_FOUND", "PRECONDITION_FAILED", "UNKNOWN_RELATED", "ORGANIZATION_RETIRED", "CONTENTION"]);

function expectEnded(answer: Answered): void {
  if (answer.status < 300) return;
  expect([...REFUSALS]).toContain(answer.body.code);
}

function lineOf(chance: Chance): Line {
  const readers = Array.from({ length: MEMBERS }, (_, index) => aliasOf(index)).filter(() => chance.below(2) === 0);
  return documentLine(`common-${chance.below(COMMON)}`, ...readers);
}

/** One change of a common document, at one of the gateways. */
async function changeOne(chance: Chance): Promise<void> {
  const url = urls[chance.below(2)] ?? at.url;
  const keeper = docs.keeper.at(url);
  const { id, attributes, relations } = lineOf(chance);
  const path = `${docs.base}/document/${id}`;
  const shared = { shared_with: [account(aliasOf(chance.below(MEMBERS)))] };
  switch (chance.below(6)) {
    case 0: {
      const put = await keeper.put(path, { attributes, relations });
      if (put.status === 428) expectEnded(await keeper.put(path, { attributes, relations }, { "if-match": "*" }));
      else expectEnded(put);
      return;
    }
    case 1:
      expectEnded(await keeper.delete(path));
      return;
    case 2:
      expectEnded(await keeper.patch(path, { unrelate: shared }));
      return;
    case 3: {
      const told = await docs
        .store([lineOf(chance), lineOf(chance), lineOf(chance)], url)
        .catch((error: unknown) => String(error));
      const end = typeof told === "string" ? /"code":"(\w+)"/.exec(told)?.[1] : told.at(-1)?.["stopped"]?.["code"];
      expect([undefined, ...REFUSALS]).toContain(end);
      return;
    }
    default:
      expectEnded(await keeper.patch(path, { relate: shared }));
  }
}

/** Of a document of its own, so that the answer is known: at once, at the other gateway, whatever the header said. */
async function changeAndAsk(index: number, round: number): Promise<void> {
  const [here, there] = round % 2 === 0 ? urls : [urls[1], urls[0]];
  const path = `${docs.base}/document/own-${index}`;
  const shared = { shared_with: [account("owner")] };
  const patch = round % 3 === 0 ? { unrelate: shared } : { relate: shared };
  const changed = await docs.keeper.at(here).patch(path, patch);
  expectEnded(changed);
  if (changed.status !== 200) return;
  const answer = await docs.ask("owner", "view", `own-${index}`, there);
  if (answer.status === 503) return; // in doubt, nothing
  expect([round, must(answer, 200).body["decision"]]).toEqual([round, round % 3 !== 0]);
}

/** Removes, asks at the other gateway about everything, and lets the member join again. */
async function removeAndAsk(member: Person, round: number): Promise<void> {
  const [here, there] = round % 2 === 0 ? urls : [urls[1], urls[0]];
  const removed = await owner.at(here).delete(`/v1/organizations/${docs.slug}/members/${member.alias}`);
  expectEnded(removed);
  if (removed.status !== 204) return;
  for (let id = 0; id < COMMON; id += 3) {
    const answer = await docs.ask(member.alias, "view", `common-${id}`, there);
    if (answer.status !== 503) expect(must(answer, 200).body["decision"]).toBe(false);
  }
  await joinAgain(member);
}

/** The organization may be retired for a moment: then again. */
async function joinAgain(person: Person): Promise<void> {
  const again = async (ask: () => Promise<Answered>, status: number): Promise<Answered> => {
    for (;;) {
      const answer = await ask();
      if (answer.status === status) return answer;
      expectEnded(answer);
    }
  };
  const invitations = `/v1/organizations/${docs.slug}/invitations`;
  const invited = await again(async () => await owner.post(invitations, { alias: person.alias, role: "viewer" }), 201);
  await again(async () => await person.post(`/v1/invitations/${String(invited.body.id)}/accept`), 200);
}

/** Retires, asks at the other gateway for what a retired organization does not allow, and enables again. */
async function retireAndAsk(round: number): Promise<void> {
  const [here, there] = round % 2 === 0 ? urls : [urls[1], urls[0]];
  const path = `/v1/organizations/${docs.slug}`;
  const retired = await owner.at(here).post(`${path}/retire`);
  expectEnded(retired);
  if (retired.status !== 200) return;
  const answer = await docs.ask("owner", "edit", "authored", there);
  if (answer.status !== 503) expect(must(answer, 200).body["decision"]).toBe(false);
  const enabled = await owner.at(there).post(`${path}/enable`);
  expectEnded(enabled);
  if (enabled.status !== 200) return;
  const again = await docs.ask("owner", "edit", "authored", here);
  if (again.status !== 503) expect(must(again, 200).body["decision"]).toBe(true);
}

async function repeat(rounds: number, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await work(round);
}

describe("changes of entities beside revocations", () => {
  test(
    "leave nothing of who was removed, and no question is decided on what was answered to be over",
    async () => {
      const authored = { ...documentLine("authored"), relations: { author: [account("owner")] } };
      const own = Array.from({ length: 3 }, (_, index) => documentLine(`own-${index}`));
      const common = Array.from({ length: COMMON }, (_, index) =>
        documentLine(`common-${index}`, aliasOf(index % MEMBERS)),
      );
      await docs.store([authored, ...own, ...common]);
      await Promise.all([
        ...own.map(async (_, index) => await repeat(ROUNDS, async (round) => await changeAndAsk(index, round))),
        ...Array.from({ length: 4 }, async (_, lane) => {
          const chance = chanceOf(1000 + lane);
          await repeat(ROUNDS * 2, async () => await changeOne(chance));
        }),
        ...members
          .slice(0, 3)
          .map(async (member) => await repeat(ROUNDS / 5, async (round) => await removeAndAsk(member, round))),
        repeat(ROUNDS / 5, retireAndAsk),
      ]);
      await owner.post(`/v1/organizations/${docs.slug}/enable`);
      for (const member of members)
        must(await owner.delete(`/v1/organizations/${docs.slug}/members/${member.alias}`), 204);
      const left = await at.sql(
        `select a.alias from entity_relations r join accounts a on a.id = r.account_id
         where r.organization_id = $1 and a.alias <> 'owner'`,
        [docs.organization],
      );
      expect(left).toEqual([]);
      await expectGraphEqualsLedger(at);
      expect(at.gateway.reconciler.status()).toMatchObject({ missing: 0, injected: 0, rebuilt: 0 });
    },
    LONG_MS,
  );

  test(
    "are never lost to each other: who names the revision that it has seen replaces that and no other",
    async () => {
      const path = `${docs.base}/document/counter`;
      await docs.store([documentLine("counter")]);
      const numbered = (count: number): object => ({
        attributes: { title: `${count}`, state: "open", classification: "internal" },
      });
      must(await docs.keeper.put(path, numbered(0), { "if-match": "*" }), 200);
      let won = 0;
      const raise = async (lane: number): Promise<void> => {
        const keeper = docs.keeper.at(urls[lane % 2] ?? at.url);
        const seen = must(await keeper.get(path), 200);
        const count = Number((seen.body["attributes"] as { title: string }).title);
        const change = numbered(count + 1);
        const ifMatch = { "if-match": seen.headers.get("etag") ?? "" };
        const answer = lane < 3 ? await keeper.put(path, change, ifMatch) : await keeper.patch(path, change, ifMatch);
        if (answer.status === 200) won += 1;
        else expect(["PRECONDITION_FAILED", "CONTENTION"]).toContain(answer.body.code);
      };
      await Promise.all(
        Array.from({ length: 6 }, async (_, lane) => await repeat(ROUNDS, async () => await raise(lane))),
      );
      const end = must(await docs.keeper.get(path), 200).body["attributes"];
      expect(end).toMatchObject({ title: `${won}` });
      expect(won).toBeGreaterThan(ROUNDS); // each round somebody gets through
    },
    LONG_MS,
  );
});

/** How many changes of entities an import may get in before a revocation that was asked for meanwhile, at whichever gateway. */
const CHUNKS_BEFORE = 12;

test(
  "a revocation waits for a few pieces of an import that runs, not for its end, and wins at the first try",
  async () => {
    const versionNow = async (): Promise<number> => {
      const [row] = await at.sql<{ version: number }>(
        "select entity_version::int as version from organizations where id = $1",
        [docs.organization],
      );
      return row?.version ?? -1;
    };
    const lines = Array.from({ length: 6000 }, (_, index) =>
      documentLine(`d-${index}`, aliasOf(index % MEMBERS), "owner"),
    );
    let isOver = false;
    const importing = docs.store(lines).finally(() => (isOver = true));
    const waited: number[] = [];
    for (const [index, member] of members.entries()) {
      const before = await versionNow();
      must(
        await owner.at(urls[index % 2] ?? at.url).delete(`/v1/organizations/${docs.slug}/members/${member.alias}`),
        204,
      );
      expect(isOver).toBe(false);
      waited.push((await versionNow()) - before);
      const gone = await docs.ask(member.alias, "view", `d-${index}`);
      if (gone.status !== 503) expect(must(gone, 200).body["decision"]).toBe(false);
    }
    expect(Math.max(...waited)).toBeLessThanOrEqual(CHUNKS_BEFORE);
    const told = await importing;
    expect(told.at(-1)).toMatchObject({ done: { lines: lines.length } });
    const refused = told.flatMap((event) => (event["refused"] === undefined ? [] : [event["refused"]["code"]]));
    expect(new Set(refused)).toEqual(new Set(["UNKNOWN_RELATED"])); // of who is gone meanwhile
    await expectGraphEqualsLedger(at);
  },
  LONG_MS,
);
