/** examples/authzen-certification: its README, word for word, and then the whole fixture of AUTHZEN.md. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Answered, Person } from "../support/gateway.ts";
import { type OwnGateway, serviceAt, start } from "../support/own-gateway.ts";
import { blocksIn, ROOT, runBlocks, settled, startSettings } from "../support/shell-blocks.ts";

const README = readFileSync(path.join(ROOT, "examples/authzen-certification/README.md"), "utf8");
const stateDir = mkdtempSync(path.join(tmpdir(), "bailiwick-certification-"));

let gateway: OwnGateway;
let printed: string[];
/** Bound to the one organization. */
let bound: Person;
/** Bound to none. */
let free: Person;

beforeAll(async () => {
  gateway = await start({ ...startSettings(README), STATE_DIR: stateDir });
  printed = await runBlocks(blocksIn(README), { url: gateway.url, stateDir, cwd: ROOT });
  const scopes = ["authz:evaluate", "authz:search"];
  bound = await serviceAt(gateway.url, stateDir, { name: "bound", scopes, organizations: ["certification"] });
  free = await serviceAt(gateway.url, stateDir, { name: "free", scopes });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

test('"Bring it in as a host would: a policy file, a model type, stored subjects and resources": the README, command by command', () => {
  const blocks = blocksIn(README);
  expect(blocks.length).toBeGreaterThan(4);
  expect(printed.map(settled)).toEqual(blocks.map((block) => settled(block.printed)));
});

test('The fixture: "users `alice` and `bob` (stored `role: admin`), records `record-1` (active) and `record-2` (archived), actions read, write, delete"', async () => {
  const lines = readFileSync(path.join(ROOT, "examples/authzen-certification/entities.ndjson"), "utf8").trimEnd();
  expect(lines.split("\n").map((line) => JSON.parse(line) as object)).toMatchObject([
    { type: "user", id: "alice" },
    { type: "user", id: "bob", attributes: { role: "admin" } },
    { type: "record", id: "record-1", attributes: { status: "active" } },
    { type: "record", id: "record-2", attributes: { status: "archived" } },
  ]);
  const fly = await bound.post("/access/v1/evaluation", question(["alice", "fly", "record-1", false, {}]));
  expect(fly.body).toMatchObject({ decision: false, context: { reasons: [{ code: "UNKNOWN_ACTION" }] } });
});

/** Where, and by whom: an organization's own decision point, and the plain paths by who is bound to it. */
const PLACES = [
  ["/o/certification, of a client that is bound to nothing", "/o/certification", () => free],
  ["/o/certification, of a client that is bound to it", "/o/certification", () => bound],
  ["the plain path, of a client that is bound to one organization", "", () => bound],
] as const;

type Members = Readonly<Record<string, unknown>>;
type Row = readonly [subject: string, action: string, resource: string, decision: boolean, properties: Members];

const DECISIONS: readonly Row[] = [
  ["alice", "read", "record-1", true, {}],
  ["alice", "write", "record-1", true, {}],
  ["bob", "read", "record-1", true, {}],
  ["bob", "write", "record-1", false, {}],
  ["alice", "write", "record-2", false, {}],
  ["bob", "write", "record-2", true, {}],
  ["alice", "delete", "record-1", true, { soft: true }],
  ["alice", "delete", "record-1", false, { soft: false }],
];

const user = (id: string): Members => ({ type: "user", id });
const record = (id: string): Members => ({ type: "record", id });
function question([subject, name, resource, , properties]: Row): Members {
  return { subject: user(subject), action: { name, properties }, resource: record(resource) };
}

function itemsOf({ status, body }: Answered): boolean[] {
  expect(status).toBe(200);
  return (body["evaluations"] as { decision: boolean }[]).map(({ decision }) => decision);
}

describe.each(PLACES)(
  'At %s: "alice read r1 yes; alice write r1 yes; bob read r1 yes; bob write r1 no; alice write r2 no; bob (admin) write r2 yes; alice delete r1 with action property `soft:true` yes, `soft:false` no"',
  (_place, at, by) => {
    const batch = async (rows: readonly Row[], semantic?: string): Promise<boolean[]> => {
      const options = semantic === undefined ? {} : { options: { evaluations_semantic: semantic } };
      return itemsOf(await by().post(`${at}/access/v1/evaluations`, { evaluations: rows.map(question), ...options }));
    };
    const wanted = DECISIONS.map(([, , , decision]) => decision);

    test.each(DECISIONS)("%s %s %s: %s (%j)", async (...row) => {
      const { status, body } = await by().post(`${at}/access/v1/evaluation`, question(row));
      expect([status, body["decision"]]).toEqual([200, row[3]]);
    });

    test("a batch decides as the single questions do: execute_all, said or not", async () => {
      expect(await batch(DECISIONS)).toEqual(wanted);
      expect(await batch(DECISIONS, "execute_all")).toEqual(wanted);
    });

    test("a batch ends with the first denial, or with the first permit, where that is asked for", async () => {
      expect(await batch(DECISIONS, "deny_on_first_deny")).toEqual(wanted.slice(0, wanted.indexOf(false) + 1));
      const denied = DECISIONS.filter(([, , , decision]) => !decision);
      const rows = [...denied, ...DECISIONS];
      expect(await batch(rows, "permit_on_first_permit")).toEqual([...denied.map(() => false), true]);
    });

    test("what a batch shares is said once", async () => {
      const evaluations = [{ action: { name: "read" } }, { subject: { id: "bob" } }, { resource: { id: "record-2" } }];
      const shared = { subject: user("alice"), action: { name: "write" }, resource: record("record-1"), evaluations };
      expect(itemsOf(await by().post(`${at}/access/v1/evaluations`, shared))).toEqual([true, false, false]);
    });
  },
);

type Search = readonly [
  what: string,
  of: "subject" | "resource" | "action",
  question: Members,
  found: readonly string[],
];

const READ = { name: "read" };
const WRITE = { name: "write" };
/** All that each finds, the certification's expectation and what the policies allow besides. */
const SEARCHES: readonly Search[] = [
  [
    "who reads record-1",
    "subject",
    { subject: { type: "user" }, action: READ, resource: record("record-1") },
    ["alice", "bob"],
  ],
  [
    "what alice reads",
    "resource",
    { subject: user("alice"), action: READ, resource: { type: "record" } },
    ["record-1", "record-2"],
  ],
  ["alice on record-1", "action", { subject: user("alice"), resource: record("record-1") }, ["read", "write"]],
  [
    "who writes record-2",
    "subject",
    { subject: { type: "user" }, action: WRITE, resource: record("record-2") },
    ["bob"],
  ],
  ["what bob writes", "resource", { subject: user("bob"), action: WRITE, resource: { type: "record" } }, ["record-2"]],
  ["bob on record-2", "action", { subject: user("bob"), resource: record("record-2") }, ["read", "write"]],
];

describe.each(PLACES)(
  'Searches at %s: "who reads r1 ⊇ {alice,bob}; what alice reads ⊇ {r1}; alice on r1 ⊇ {read,write}; who writes r2 ⊇ {bob}; what bob writes ⊇ {r2}; bob on r2 ⊇ {write}"',
  (_place, at, by) => {
    const page = async (of: string, question: Members): Promise<{ found: string[]; next: string }> => {
      const { status, body } = await by().post(`${at}/access/v1/search/${of}`, question);
      expect(status).toBe(200);
      const results = body["results"] as { type?: string; id?: string; name?: string }[];
      const { next_token: next } = body["page"] as { next_token: string };
      return { found: results.map(({ id, name }) => id ?? name ?? ""), next };
    };

    test.each(SEARCHES)("%s", async (_what, of, question, wanted) => {
      const whole = await page(of, question);
      expect([[...whole.found].sort(), whole.next]).toEqual([wanted, ""]);
      const found: string[] = [];
      let token = "";
      do {
        const next = await page(of, { ...question, page: { limit: 1, ...(token !== "" && { token }) } });
        found.push(...next.found);
        token = next.next;
      } while (token !== "");
      expect(found.sort()).toEqual(wanted);
    });
  },
);

describe("What was sent", () => {
  test("is no stored fact: Alice does not become an administrator by saying so", async () => {
    const sent = { properties: { role: "admin" } };
    const refused = { subject: { ...user("alice"), ...sent }, action: { name: "write", ...sent } };
    const body = { ...refused, resource: { ...record("record-2"), ...sent }, context: sent.properties };
    const answer = await bound.post("/access/v1/evaluation", body);
    expect(answer.body).toMatchObject({ decision: false, context: { reasons: [{ code: "RECORD_ARCHIVED" }] } });
  });
});

test("at a plain path a client that is bound to no organization is told where to ask", async () => {
  const reading = question(["alice", "read", "record-1", true, {}]);
  const answer = await free.post("/access/v1/evaluation", reading);
  expect([answer.status, answer.body.code]).toEqual([400, "INVALID_REQUEST"]);
  expect(answer.body["detail"]).toContain("/o/{slug}/access/v1/");
});
