/** What a caller sends beside the ids is never taken for what is stored, whatever it is called and wherever it stands (AUTHZEN.md). */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ACTIONS, type Kind } from "../../src/entities/kinds.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { RECORDS, TICKETS } from "../support/host-folder.ts";
import { addApplication, addMember, foundOrganization, must, undrawn } from "../support/world.ts";

type Members = Readonly<Record<string, unknown>>;

/** Every name that a schema has, of built-in and host kinds, at any depth; and those that JavaScript, Cerbos and the ledger have. */
function tempting(): string[] {
  const root = path.resolve(import.meta.dirname, "../..");
  const files = globSync("{policies,examples/*/policies,test/fixtures/*}/cerbos/_schemas/*.json", { cwd: root });
  const names = new Set(["roles", "id", "kind", "attr", "P", "R", "V", "principal", "resource", "matrix", "facts"]);
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (name === "properties") for (const property of Object.keys(member as object)) names.add(property);
      visit(member);
    }
  };
  for (const file of files) visit(JSON.parse(readFileSync(path.join(root, file), "utf8")));
  for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length"]) names.add(name);
  return [...names].filter((name) => name !== "soft"); // declared, to be believed
}

const NAMES = tempting();
const WISHES: Members = { role: "manager", tier: "gold", status: "active", state: "active" };

/** All of them at once, each with a value that would help; within itself once more. */
function poison(depth: number): Members {
  const inner = depth === 0 ? { owner: true, viewer: true, holder: true, role: "admin" } : poison(depth - 1);
  const nesting = new Set(["relations", "sent", "attr", "R", "P", "__proto__", "constructor", "resource", "subject"]);
  const members = NAMES.map((name): [string, unknown] => [name, nesting.has(name) ? inner : (WISHES[name] ?? true)]);
  const made: Members = Object.fromEntries(members); // also __proto__ is a member of its own
  return made;
}
const POISON = poison(1);
const LESS = poison(0);
const QUESTION = new Set(["subject", "action", "resource", "context"]);
/** Members that a question has no place for. */
const BESIDE = Object.fromEntries(Object.entries(LESS).filter(([name]) => !QUESTION.has(name)));

/** Of a batch: it is to fit into a body. */
const AT_ONCE = 10;

interface Question {
  readonly subject: Members;
  readonly action: Members;
  readonly resource: Members;
}

function poisoned(question: Partial<Question>, by: Members = POISON): Members {
  const parts = Object.entries(question).map(([name, part]): [string, Members] => [
    name,
    { ...LESS, ...part, properties: by },
  ]);
  return { ...BESIDE, ...Object.fromEntries(parts), context: by };
}

let gateway: TestGateway;
let slug: string;
let all: Person;
let builtIn: Question[];

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [RECORDS, TICKETS] });
  const [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "viewer");
  const { anchor, sector } = await addApplication(alice, slug);
  const scopes = ["authz:evaluate", "authz:search", "authz:explain", "entities:write"];
  all = await gateway.service("all", { scopes, organizations: [slug] });
  const ids = { account: "alice", organization: slug, application: anchor, sector, member: `${slug}/alice` };
  builtIn = Object.entries(ids).flatMap(([type, id]) =>
    ACTIONS[type as Kind].map((name) => ({
      subject: { type: "account", id: "bob" },
      action: { name },
      resource: { type, id },
    })),
  );
  const at = `/v1/organizations/${slug}/entities`;
  await stored(`${at}/user/clerk`, { attributes: { role: "clerk" } });
  await stored(`${at}/user/nobody`, {});
  const owner = [{ type: "user", id: "clerk" }];
  await stored(`${at}/record/active`, { attributes: { status: "active" }, relations: { owner } });
  await stored(`${at}/record/archived`, { attributes: { status: "archived" }, relations: { owner } });
});
afterAll(async () => await gateway.close());

async function stored(at: string, document: object): Promise<void> {
  must(await all.put(at, document), 201);
}

const records: readonly Question[] = ["clerk", "nobody", "unknown"].flatMap((who) =>
  ["active", "archived", "unknown"].flatMap((id) =>
    ["read", "write", "delete", "constructor", "__proto__"].map((name) => ({
      subject: { type: "user", id: who },
      action: { name },
      resource: { type: "record", id },
    })),
  ),
);

async function ask(what: string, body: Members): Promise<Answered> {
  return must(await all.post(`/o/${slug}${what}`, body), 200);
}

/** Sent as it is and poisoned; gives the two answers, without the ids that are drawn. */
async function both(what: string, question: Partial<Question>): Promise<[string, string]> {
  const [plain, sent] = [await ask(what, question), await ask(what, poisoned(question))];
  return [undrawn(plain), undrawn(sent)];
}

describe("What is sent beside the ids changes nothing of the answer and its facts", () => {
  test.each<[string, () => readonly Question[]]>([
    ["about built-in kinds", () => builtIn],
    ["about a host's", () => records],
  ])("in one question, in a batch, as its defaults, and in an explanation: %s", async (_what, questions) => {
    const answers: string[] = [];
    for (const question of questions()) {
      const [plain, sent] = await both("/access/v1/evaluation", question);
      expect([question, sent]).toEqual([question, plain]);
      answers.push(plain);
    }
    expect(answers.some((text) => text.includes('"decision":true'))).toBe(true);
    for (let from = 0; from < questions().length; from += AT_ONCE) {
      const some = questions().slice(from, from + AT_ONCE);
      const expected = `{"evaluations":[${answers.slice(from, from + AT_ONCE).join(",")}]}`;
      const evaluations = some.map((question) => poisoned(question, LESS));
      expect(undrawn(await ask("/access/v1/evaluations", { ...BESIDE, evaluations }))).toBe(expected);
      // The subject's properties and the context are the defaults' here.
      const subject = some[0]?.subject ?? {};
      const same = some.filter((question) => question.subject["id"] === subject["id"]);
      const bare = {
        ...poisoned({ subject }),
        options: {},
        evaluations: same.map(({ action, resource }) => ({ action, resource })),
      };
      const wanted = same.map((question) => answers[questions().indexOf(question)]);
      expect(undrawn(await ask("/access/v1/evaluations", bare))).toBe(`{"evaluations":[${wanted.join(",")}]}`);
    }
    for (const question of questions().filter((_question, index) => index % 7 === 0)) {
      const [plain, sent] = await both("/v1/explain", question);
      expect([question, sent]).toEqual([question, plain]);
    }
  });

  test("in searches", async () => {
    const subject = { type: "account", id: "bob" };
    const clerk = { type: "user", id: "clerk" };
    const record = { type: "record", id: "active" };
    const organization = { type: "organization", id: slug };
    const searches: [string, Partial<Question>][] = [
      ["subject", { subject: { type: "account" }, action: { name: "view" }, resource: organization }],
      ["subject", { subject: { type: "user" }, action: { name: "write" }, resource: record }],
      ["resource", { subject, action: { name: "view" }, resource: { type: "sector" } }],
      ["resource", { subject: clerk, action: { name: "write" }, resource: { type: "record" } }],
      ["action", { subject, resource: organization }],
      ["action", { subject: clerk, resource: record }],
    ];
    for (const [what, question] of searches) {
      const [plain, sent] = await both(`/access/v1/search/${what}`, question);
      expect([what, sent]).toEqual([what, plain]);
      expect(plain).not.toContain('"results":[]');
    }
  });
});

describe("A kind that declares what may be sent", () => {
  const delete_ = (properties: unknown): Members => ({
    subject: { type: "user", id: "clerk" },
    action: { name: "delete", properties },
    resource: { type: "record", id: "active" },
  });

  test('gets that: what is sent can "reach a policy only under `R.attr.sent.…`, and only those that the kind\'s schema declares"', async () => {
    const answer = await ask("/access/v1/evaluation", delete_({ ...POISON, soft: true }));
    expect(answer.body).toMatchObject({ decision: true });
    const { facts } = answer.body["context"] as { facts: { resource: unknown; subject: unknown } };
    expect(facts).toEqual({
      subject: { role: "none", attributes: { role: "clerk" } },
      resource: {
        status: "active",
        relations: { owner: true, viewer: true },
        sent: { action: { soft: true } },
      },
    });
  });

  test.each([["yes"], [1], [null], [{}], [[true]]])("and denies when it is of the wrong type: %j", async (soft) => {
    expect((await ask("/access/v1/evaluation", delete_({ soft }))).body).toMatchObject({ decision: false });
    const other = { ...delete_({ soft }), action: { name: "read", properties: { soft } } };
    expect((await ask("/access/v1/evaluation", other)).body).toMatchObject({ decision: false });
    const rightly = { ...other, action: { name: "read", properties: { soft: false } } };
    expect((await ask("/access/v1/evaluation", rightly)).body).toMatchObject({ decision: true });
  });

  test("elsewhere than where it is declared it is not there", async () => {
    const question = { ...delete_({}), context: { soft: true, action: { soft: true } } };
    expect((await ask("/access/v1/evaluation", question)).body).toMatchObject({
      decision: false,
      context: { reasons: [{ code: "ONLY_SOFT" }] },
    });
  });
});
