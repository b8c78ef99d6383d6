/** S0.16: a service that is bound to an application knows people by its sector's subjects only, in every question and in every answer. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Counter, countCalls } from "../support/call-counter.ts";
import { addKeeper, DOCUMENTS, TITLE } from "../support/documents.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { attemptOf, bindTo, logIn, loginService } from "../support/logins.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

const MEMBERS = 24;

let gateway: TestGateway;
let alice: Person;
let people: Person[];
let slug: string;
let host: Person;
let counter: Counter;

/** A service of its own sector. */
interface Bound {
  readonly service: Person;
  readonly anchor: string;
}
let one: Bound;
let other: Bound;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  alice = await gateway.person("alice");
  slug = await foundOrganization(alice);
  host = await loginService(gateway, "host", [slug]);
  people = await Promise.all(
    Array.from({ length: MEMBERS }, async (_none, index) => await gateway.person(`person-${index}`)),
  );
  for (const person of people) await addMember(alice, slug, person, "viewer");
  [one, other] = [await bound("one"), await bound("other")];
  counter = countCalls(gateway);
});
afterAll(async () => await gateway.close());

async function bound(name: string): Promise<Bound> {
  const { anchor } = await addApplication(alice, slug);
  const scopes = ["authz:evaluate", "authz:search", "authz:explain", "logins:create"];
  const service = await gateway.service(name, { scopes, organizations: [slug] });
  must(await service.post("/access/v1/evaluation", checkOf("alice", "account")), 200); // it registers itself
  await bindTo(gateway, service, [anchor], [slug]);
  return { service, anchor };
}

const organization = (): object => ({ type: "organization", id: slug });
const checkOf = (id: string, type = "sector_subject"): object => ({
  ...{ subject: { type, id }, action: { name: "view" } },
  resource: organization(),
});

async function subjectAt({ anchor }: Bound, person: Person): Promise<string> {
  return (await logIn(host, anchor, attemptOf(person))).login?.subject.id ?? "";
}

interface Page {
  readonly results: readonly { readonly type: string; readonly id: string }[];
  readonly page: { readonly next_token: string };
}

/** All pages. */
async function whoViews({ service }: Bound, limit: number, resource = organization(), at = ""): Promise<string[]> {
  const found: string[] = [];
  let token = "";
  do {
    const page = { limit, ...(token !== "" && { token }) };
    const asked = { subject: { type: "sector_subject" }, action: { name: "view" }, resource, page };
    const answer = must(await service.post(`${at}/access/v1/search/subject`, asked), 200);
    const body = answer.body as unknown as Page;
    expect(body.results.map(({ type }) => type)).toEqual(body.results.map(() => "sector_subject"));
    found.push(...body.results.map(({ id }) => id));
    token = body.page.next_token;
  } while (token !== "");
  return found;
}

/** Nothing in it names anybody. */
function expectNobody({ text }: Answered): void {
  expect(text).not.toMatch(/person-\d|alice/);
}

describe("A search for people", () => {
  test("finds everybody as the service's sector knows them, in an order of that sector's own, also who has never logged in", async () => {
    const [mine, theirs] = [await whoViews(one, 50), await whoViews(other, 50)];
    expect([mine.length, theirs.length]).toEqual([MEMBERS + 1, MEMBERS + 1]);
    expect([mine, theirs]).toEqual([[...mine].sort(), [...theirs].sort()]);
    expect(new Set([...mine, ...theirs]).size).toBe(2 * (MEMBERS + 1)); // no value in common
    const everybody = [alice, ...people];
    const seen = await Promise.all(everybody.map(async (person) => await subjectAt(one, person)));
    expect([...seen].sort()).toEqual(mine);
    const orderOf = async (at: Bound, found: readonly string[]): Promise<number[]> =>
      await Promise.all(everybody.map(async (person) => found.indexOf(await subjectAt(at, person))));
    expect(await orderOf(one, mine)).not.toEqual(await orderOf(other, theirs));
  });

  test("in pages of any size finds the same, each once", async () => {
    const whole = await whoViews(one, 50);
    for (const limit of [1, 7, MEMBERS, MEMBERS + 1])
      expect([limit, await whoViews(one, limit)]).toEqual([limit, whole]);
  });

  test("looks at those alone who have a role that the action needs", async () => {
    const asked = { subject: { type: "sector_subject" }, action: { name: "rename" }, resource: organization() };
    const { body } = must(await one.service.post("/access/v1/search/subject", asked), 200);
    expect(body["results"]).toEqual([{ type: "sector_subject", id: await subjectAt(one, alice) }]);
  });

  test("about a thing of a host's kind finds them by the same names", async () => {
    const keeper = await addKeeper(gateway, "keeper", [slug]);
    const [ann, ben] = people as [Person, Person];
    const project = {
      attributes: { title: TITLE, state: "active" },
      relations: { leader: [{ type: "account", id: ann.alias }], contributor: [{ type: "account", id: ben.alias }] },
    };
    must(await keeper.put(`/v1/organizations/${slug}/entities/project/plant`, project), 201);
    const wanted = await Promise.all([ann, ben].map(async (person) => await subjectAt(one, person)));
    const found = await whoViews(one, 1, { type: "project", id: "plant" }, `/o/${slug}`);
    expect(found).toEqual([...found].sort());
    expect(found).toEqual(expect.arrayContaining(wanted));
    const check = {
      subject: { type: "sector_subject", id: wanted[0] },
      action: { name: "view" },
      resource: { type: "project", id: "plant" },
    };
    expect(must(await one.service.post(`/o/${slug}/access/v1/evaluation`, check), 200).body).toMatchObject({
      decision: true,
    });
    const theirs = { ...check, subject: { type: "sector_subject", id: await subjectAt(other, ann) } };
    expect(must(await one.service.post(`/o/${slug}/access/v1/evaluation`, theirs), 200).body).toMatchObject({
      decision: false,
    });
  });
});

describe("A question", () => {
  test("about somebody by its sector's name says what the question by alias says, in every form, and names nobody", async () => {
    const [ann] = people as [Person];
    const id = await subjectAt(one, ann);
    const by = checkOf(id);
    const single = must(await one.service.post("/access/v1/evaluation", by), 200);
    const batch = must(await one.service.post("/access/v1/evaluations", { evaluations: [by] }), 200);
    const actions = must(await one.service.post("/access/v1/search/action", by), 200);
    const sectors = must(
      await one.service.post("/access/v1/search/resource", { ...by, resource: { type: "sector" } }),
      200,
    );
    const story = must(await one.service.post("/v1/explain", by), 200);
    expect([single.body["decision"], (batch.body["evaluations"] as { decision: boolean }[])[0]?.decision]).toEqual([
      true,
      true,
    ]);
    expect(actions.body["results"]).toContainEqual({ name: "view" });
    expect((sectors.body["results"] as object[]).length).toBeGreaterThan(1);
    expect((story.body["relations"] as { subject: object }[])[0]?.subject).toEqual({ type: "sector_subject", id });
    for (const answer of [single, batch, actions, sectors, story]) expectNobody(answer);
    const denied = { ...by, action: { name: "rename" } };
    expect(must(await one.service.post("/access/v1/evaluation", denied), 200).body).toMatchObject({ decision: false });
  });

  test("by a subject of another sector learns what it learns of a subject that there is not, and takes no step more: time tells nothing, either", async () => {
    const [ann] = people as [Person];
    const theirs = await subjectAt(other, ann);
    const paths = ["/access/v1/evaluation", "/access/v1/search/action", "/access/v1/search/resource", "/v1/explain"];
    for (const path of paths) {
      const [known, unknown] = [theirs, "0".repeat(26)].map((id) => checkOf(id));
      const ask = (question: unknown) => async () => await one.service.post(path, question);
      const counted = [await counter.counted(ask(known)), await counter.counted(ask(unknown))];
      const [first, second] = counted.map(({ answer: { status, body }, calls }) => ({
        ...{ status, calls, ...body },
        context: { ...(body["context"] as object), id: "" },
      }));
      expect([path, first]).toEqual([path, second]);
    }
  });

  test.each([
    ["/access/v1/evaluation", {}],
    ["/access/v1/evaluations", {}],
    ["/access/v1/search/action", {}],
    ["/access/v1/search/resource", { resource: { type: "sector" } }],
    ["/access/v1/search/subject", {}],
    ["/v1/explain", {}],
  ])("%s by an alias is refused, whoever has it, and whatever is asked", async (path, more) => {
    for (const id of ["person-0", "nobody-here"]) {
      const refused = await one.service.post(path, { ...checkOf(id, "account"), ...more });
      expect([refused.status, refused.body.code]).toEqual([403, "ALIAS_REFUSED"]);
    }
  });

  test("about what is itself named by an alias is refused", async () => {
    const id = await subjectAt(one, alice);
    for (const resource of [
      { type: "member", id: `${slug}/person-0` },
      { type: "account", id: "person-0" },
    ]) {
      const refused = await one.service.post("/access/v1/evaluation", { ...checkOf(id), resource });
      expect([refused.status, refused.body.code]).toEqual([403, "ALIAS_REFUSED"]);
    }
  });

  test("of a service that is bound to no application knows nobody by a sector's name", async () => {
    const id = await subjectAt(one, alice);
    const { body } = must(await gateway.shop.post("/access/v1/evaluation", checkOf(id)), 200);
    expect(body).toMatchObject({ decision: false, context: { reasons: [{ code: "UNKNOWN_SUBJECT" }] } });
  });
});

describe("A registration", () => {
  const grants = { issuer: "https://id.example.com", subject: "s", name: "N", scopes: ["authz:evaluate"] };
  let count = 0;
  const register = async (more: object): Promise<Answered> => {
    count += 1;
    const operator = await gateway.service("operator", { scopes: ["platform:admin"] });
    return await operator.post("/v1/platform/clients", { ...grants, clientId: `c-${count}`, ...more });
  };
  const pathOf = ({ status, body }: Answered): unknown => [status, (body["issues"] as { path: string }[])[0]?.path];

  test("is bound to applications of one sector, and to their organization alone", async () => {
    const { sector } = must(await alice.get(`/v1/organizations/${slug}/applications/${one.anchor}`), 200).body;
    const beside = await addApplication(alice, slug, { sector: String(sector) });
    must(await register({ applications: [one.anchor, beside.anchor], organizations: [slug] }), 201);
    expect(pathOf(await register({ applications: [one.anchor, other.anchor] }))).toEqual([400, "body.applications"]);
    expect(pathOf(await register({ applications: [`app-${"0".repeat(20)}`] }))).toEqual([400, "body.applications"]);
    const elsewhere = await foundOrganization(alice);
    const both = { applications: [one.anchor], organizations: [slug, elsewhere] };
    expect(pathOf(await register(both))).toEqual([400, "body.organizations"]);
  });

  test.each(["authz:all", "entities:write", "platform:admin"])(
    "is not bound to applications with the scope %s, which names people by alias",
    async (scope) => {
      expect(pathOf(await register({ applications: [one.anchor], scopes: [scope] }))).toEqual([400, "body.scopes"]);
      must(await register({ scopes: [scope] }), 201);
    },
  );
});
