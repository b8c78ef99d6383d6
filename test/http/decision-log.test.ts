import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { lineOf as lineOfAnswer, linesOf, logged as allLogged } from "../support/decision-lines.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { type TcpProxy, startTcpProxy } from "../support/tcp-proxy.ts";
import { testEngines } from "../support/test-engines.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

interface Line {
  readonly id: string;
  readonly answer: string;
  readonly caller: { readonly kind: string; readonly id: string } | null;
  readonly question: object;
  readonly facts: object | null;
  readonly reasons: readonly object[];
  readonly [member: string]: unknown;
}

interface Context {
  readonly id: string;
  readonly reasons: readonly object[];
  readonly [member: string]: unknown;
}

let judge: TcpProxy;
let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let slug: string;
let anchor: string;
let sector: string;
let invitation: string;

beforeAll(async () => {
  const engines = testEngines();
  judge = await startTcpProxy(`http://${engines.cerbosTarget}`);
  gateway = await startTestGateway({
    engines: { ...engines, cerbosTarget: new URL(judge.url).host },
    settings: { DECISION_LOG_MASK: "sector.ownerCount,*.maxApplications" },
  });
  [alice, bob, carol] = await Promise.all([
    gateway.person("alice-of-acme"),
    gateway.person("bob-the-builder"),
    gateway.person("carol-invited"),
  ]);
  slug = await foundOrganization(alice);
  ({ anchor, sector } = await addApplication(alice, slug));
  await addMember(alice, slug, bob, "viewer");
  const invited = { alias: carol.alias, role: "viewer" };
  invitation = String(must(await alice.post(`/v1/organizations/${slug}/invitations`, invited), 201).body.id);
});
afterAll(async () => {
  await gateway.close();
  await judge.close();
});

async function ask(
  by: Person,
  subject: string,
  action: string,
  resource: readonly [string, string],
): Promise<Answered> {
  const [type, id] = resource;
  const question = { subject: { type: "account", id: subject }, action: { name: action }, resource: { type, id } };
  return await by.post("/access/v1/evaluation", question);
}

const contextOf = ({ body }: Answered): Context => body["context"] as Context;

const logged = (): string => allLogged(gateway);
const lines = (): Line[] => linesOf<Line>(gateway);
const lineOf = async (answer: Answered): Promise<Line> => await lineOfAnswer<Line>(gateway, answer);

async function pseudonymOf({ alias }: Person): Promise<string> {
  const [row] = await gateway.sql<{ pseudonym: string }>("select pseudonym from accounts where alias = $1", [alias]);
  return row?.pseudonym ?? "";
}

describe("The decision log", () => {
  test("has exactly one line for each decision, equal to its answer, whoever asks and whatever about", async () => {
    const questions: [Person, string, string, [string, string]][] = [
      [gateway.shop, bob.alias, "view", ["organization", slug]],
      [gateway.shop, bob.alias, "retire", ["organization", slug]],
      [gateway.shop, alice.alias, "retire", ["organization", slug]],
      [gateway.shop, bob.alias, "edit", ["application", anchor]],
      [gateway.shop, bob.alias, "view", ["sector", sector]],
      [gateway.shop, alice.alias, "remove", ["member", `${slug}/${bob.alias}`]],
      [gateway.shop, carol.alias, "accept", ["invitation", invitation]],
      [gateway.shop, bob.alias, "view", ["account", carol.alias]],
      [gateway.shop, "who-is-that", "view", ["organization", slug]],
      [gateway.shop, bob.alias, "fly", ["organization", slug]],
      [gateway.shop, bob.alias, "view", ["building", "1"]],
      [bob, bob.alias, "view", ["organization", slug]],
      [carol, carol.alias, "view", ["organization", slug]],
    ];
    const before = new Set(lines().map(({ id }) => id));
    const { model, commit } = gateway.gateway.deps;
    const answers = [];
    for (const question of questions) answers.push(must(await ask(...question), 200));
    for (const answer of answers) {
      const line = await lineOf(answer);
      const { id, reasons, unit, matrix = null, version = null } = contextOf(answer);
      const said = { id, reasons, unit, answer: answer.body["decision"] === true ? "allow" : "deny" };
      expect(line).toMatchObject(matrix === null ? said : { ...said, matrix, version });
      expect(line).toMatchObject({ model, commit, durationMs: expect.any(Number) });
    }
    expect(lines().filter(({ id }) => !before.has(id))).toHaveLength(questions.length);
    expect(new Set(answers.map(({ body }) => body["decision"]))).toEqual(new Set([true, false]));
  });

  test("names people by pseudonym and things by the ledger's ids", async () => {
    const byShop = await lineOf(await ask(gateway.shop, alice.alias, "remove", ["member", `${slug}/${bob.alias}`]));
    expect(byShop).toMatchObject({
      caller: { kind: "client", id: expect.stringMatching(/^cli-/) },
      organization: expect.stringMatching(/^org-[0-9a-z]{20}$/),
      question: {
        subject: { type: "account", id: await pseudonymOf(alice) },
        action: "remove",
        resource: { type: "member", id: await pseudonymOf(bob) },
      },
    });
    const byBob = await lineOf(await ask(bob, bob.alias, "view", ["application", anchor]));
    expect(byBob.caller).toEqual({ kind: "account", id: await pseudonymOf(bob) });
    expect(byBob.question).toMatchObject({ resource: { type: "application", id: anchor } });
  });

  test.each<[string, string, string, [string, string]]>([
    ["subject", "mail@example.com", "view", ["organization", "-"]],
    ["action", "", "mail@example.com", ["organization", "-"]],
    ["resource", "", "view", ["organization", "mail@example.com"]],
    ["account", "", "view", ["account", "mail@example.com"]],
    ["type of resource", "", "view", ["mail@example.com", "1"]],
  ])("an unknown %s is null: what was sent could name somebody", async (_what, subject, action, [type, id]) => {
    const resource: [string, string] = [type, id === "-" ? slug : id];
    const answer = await ask(gateway.shop, subject === "" ? bob.alias : subject, action, resource);
    const line = await lineOf(answer);
    expect(JSON.stringify(line.question)).toContain("null");
    expect(logged()).not.toContain("mail@example.com");
  });

  test("masks the facts that configuration names, and no others; the answer has them", async () => {
    const answer = await ask(gateway.shop, bob.alias, "view", ["sector", sector]);
    const { facts } = contextOf(answer) as unknown as { facts: { resource: object } };
    expect(facts.resource).toMatchObject({ ownerCount: 1, maxApplications: 25 });
    const resource = { ...facts.resource, ownerCount: "***", maxApplications: "***" };
    expect((await lineOf(answer)).facts).toEqual({ subject: { role: "viewer" }, resource });
    const other = await lineOf(await ask(gateway.shop, bob.alias, "view", ["application", anchor]));
    expect(other.facts).toMatchObject({ resource: { ownerCount: 1, maxApplications: "***" } });
  });

  test("tells a question that could not be decided, with what was known by then", async () => {
    judge.cut();
    const answer = await ask(gateway.shop, bob.alias, "view", ["organization", slug]);
    judge.mend();
    expect([answer.status, answer.body.code]).toEqual([503, "CANNOT_DECIDE"]);
    const line = await eventually(() => {
      const found = lines().filter((each) => each.answer === "undecided");
      expect(found).toHaveLength(1);
      return found[0] as Line;
    });
    expect(line).toMatchObject({
      caller: { kind: "client" },
      question: { subject: { id: await pseudonymOf(bob) }, action: "view" },
      ...{ facts: null, graph: null, reasons: [{ code: "CANNOT_DECIDE" }] },
    });
  });

  test("has a line for each item of a batch that is answered, in order, and counts none behind the end of a short circuit", async () => {
    const subject = { type: "account", id: bob.alias };
    const items = ["view", "edit", "view", "retire", "view"].map((name) => ({ action: { name } }));
    const askAll = async (evaluations: object[], semantic: string): Promise<string[]> => {
      const options = { evaluations_semantic: semantic };
      const batch = { subject, resource: { type: "organization", id: slug }, evaluations, options };
      const answer = must(await gateway.shop.post("/access/v1/evaluations", batch), 200);
      const decided = answer.body["evaluations"] as { readonly context: { readonly id: string } }[];
      return decided.map(({ context }) => context.id);
    };
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      const values = [...text.matchAll(/^bailiwick_decisions_total\{decision="allow"[^}]*\} ([0-9]+)$/gm)];
      return values.reduce((sum, [, value]) => sum + Number(value), 0);
    };
    await lineOf(await ask(gateway.shop, bob.alias, "view", ["organization", slug])); // all lines before it are written
    const [before, allowed] = [lines().length, await count()];
    const ids = [...(await askAll(items, "deny_on_first_deny")), ...(await askAll(items, "execute_all"))];
    expect(ids).toHaveLength(2 + items.length);
    const written = await eventually(() => {
      expect(lines().map(({ id }) => id)).toContain(ids.at(-1));
      return lines().slice(before);
    });
    expect(written.map(({ id }) => id)).toEqual(ids);
    expect((await count()) - allowed).toBe(1 + 3);
  });

  test("has no line for who may not ask, nor for what a route asks for itself", async () => {
    const last = await lineOf(await ask(gateway.shop, bob.alias, "view", ["organization", slug]));
    const before = lines().length;
    must(await ask(alice, bob.alias, "view", ["organization", slug]), 403);
    must(await alice.get(`/v1/organizations/${slug}`), 200);
    must(await bob.post(`/v1/organizations/${slug}/retire`), 403);
    await lineOf(await ask(gateway.shop, bob.alias, "view", ["organization", slug]));
    expect(lines()).toHaveLength(before + 1);
    expect(lines().map(({ id }) => id)).toContain(last.id);
  });

  test("holds no alias, no id of an account, no name and no token", async () => {
    const accounts = await gateway.sql<{ id: string; alias: string }>("select id, alias from accounts");
    expect(accounts.length).toBeGreaterThan(2);
    const text = logged();
    const secret = [
      ...accounts.flatMap(({ id, alias }) => [id, alias]),
      alice.token,
      bob.token,
      gateway.shop.token,
      slug,
    ];
    expect(secret.filter((each) => text.includes(each))).toEqual([]);
    expect(text).not.toMatch(/acc-|@|Bearer|eyJ/);
  });
});
