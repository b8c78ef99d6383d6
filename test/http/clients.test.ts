import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DEVELOPMENT_ISSUER } from "../../src/entities/callers.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { type ForeignIssuer, startForeignIssuer } from "../support/foreign-issuer.ts";
import { caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let issuer: ForeignIssuer;
let operator: Person;
let slug: string;

const PATH = "/v1/platform/clients";

beforeAll(async () => {
  issuer = await startForeignIssuer();
  gateway = await startTestGateway({ settings: { ...issuer.settings, PLATFORM_CLIENT: "ops:ops-subject" } });
  operator = await clientOf("ops", "ops-subject", "platform:admin");
  slug = await foundOrganization(await gateway.person("alice"));
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

async function clientOf(id: string, sub: string, scope: string): Promise<Person> {
  return caller(gateway.url, id, await issuer.sign({ sub, client_id: id, scope }));
}

async function mayAsk(by: Person): Promise<unknown> {
  const answer = await by.post("/access/v1/evaluation", {
    subject: { type: "account", id: "alice" },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  });
  return answer.status === 200 ? answer.body["decision"] : answer.body.code;
}

function registration(clientId: string, changes: object = {}): object {
  const ids = { issuer: issuer.issuer, clientId, subject: `${clientId}-subject`, name: clientId };
  return { ...ids, scopes: ["authz:evaluate"], organizations: [slug], ...changes };
}

test("the first platform client comes from the configuration; nobody else may register", async () => {
  const made = must(await operator.post(PATH, registration("first")), 201);
  expect(made.headers.get("location")).toBe(`${PATH}/${String(made.body.id)}`);
  expect(made.headers.get("etag")).toBe('"1"');
  expect(made.body).toMatchObject({ origin: "registered", state: "enabled", organizations: [slug], applications: [] });
  const first = await clientOf("first", "first-subject", "platform:admin authz:evaluate");
  expect((await first.post(PATH, registration("second"))).body.code).toBe("SCOPE_MISSING");
});

test("a client is registered once", async () => {
  must(await operator.post(PATH, registration("twice")), 201);
  const again = await operator.post(PATH, registration("twice", { subject: "another" }));
  expect([again.status, again.body.code]).toEqual([409, "CLIENT_EXISTS"]);
});

test("a scope counts only if token and registration both have it", async () => {
  must(await operator.post(PATH, registration("both")), 201);
  must(await operator.post(PATH, registration("narrow", { scopes: ["authz:search"] })), 201);
  expect(await mayAsk(await clientOf("both", "both-subject", "authz:evaluate"))).toBe(true);
  expect(await mayAsk(await clientOf("both", "both-subject", "authz:search"))).toBe("SCOPE_MISSING");
  expect(await mayAsk(await clientOf("narrow", "narrow-subject", "authz:evaluate"))).toBe("SCOPE_MISSING");
});

test("authz:all of a registration counts only if the token has it too, the development issuer's included", async () => {
  const unbound = { scopes: ["authz:evaluate", "authz:all"], organizations: [] };
  must(await operator.post(PATH, registration("wide", unbound)), 201);
  expect(await mayAsk(await clientOf("wide", "wide-subject", "authz:evaluate authz:all"))).toBe(true);
  expect(await mayAsk(await clientOf("wide", "wide-subject", "authz:evaluate"))).toBe(false);

  const local = { ...unbound, issuer: DEVELOPMENT_ISSUER, subject: "client:local" };
  must(await operator.post(PATH, registration("local", local)), 201);
  expect(await mayAsk(await gateway.service("local", { scopes: ["authz:evaluate", "authz:all"] }))).toBe(true);
  expect(await mayAsk(await gateway.service("local", { scopes: ["authz:evaluate"] }))).toBe(false);
});

test("another subject that comes through the client is a person, whatever its token says", async () => {
  must(await operator.post(PATH, registration("portal")), 201);
  expect(await mayAsk(await clientOf("portal", "portal-subject", "authz:evaluate"))).toBe(true);
  expect(await mayAsk(await clientOf("portal", "somebody", "authz:evaluate"))).toBe("NOT_ABOUT_SELF");
});

test("a registration is read, listed and changed, under its ETag", async () => {
  const made = must(await operator.post(PATH, registration("changing")), 201);
  const path = `${PATH}/${String(made.body.id)}`;
  const client = await clientOf("changing", "changing-subject", "authz:evaluate");
  expect(await mayAsk(client)).toBe(true);

  const stale = await operator.patch(path, { state: "disabled" }, { "if-match": '"7"' });
  expect([stale.status, stale.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
  expect(stale.headers.get("etag")).toBe('"1"');
  const changed = must(await operator.patch(path, { state: "disabled" }, { "if-match": '"1"' }), 200);
  expect([changed.body.state, changed.headers.get("etag")]).toEqual(["disabled", '"2"']);
  expect(await mayAsk(client)).toBe("NOT_A_CLIENT");

  const read = must(await operator.get(path), 200);
  expect(read.body).toEqual(changed.body);
  const listed = must(await operator.get(PATH), 200).body.items as readonly { readonly id: string }[];
  expect(listed.find(({ id }) => id === made.body.id)).toEqual({ ...read.body, etag: '"2"' });
});

test("an unknown registration is 404", async () => {
  expect((await operator.get(`${PATH}/cli-00000000000000000000`)).body.code).toBe("NOT_FOUND");
});

test("the development issuer's services register themselves, and grow with their tokens", async () => {
  const narrow = await gateway.service("grows", { scopes: ["authz:search"], organizations: [slug] });
  expect(await mayAsk(narrow)).toBe("SCOPE_MISSING");
  expect(await mayAsk(await gateway.service("grows", { scopes: ["authz:evaluate"], organizations: [slug] }))).toBe(
    true,
  );
  expect(await mayAsk(narrow)).toBe("SCOPE_MISSING");
});

test("they grow to as many organizations as a client can be bound to: those of the last token count", async () => {
  const many = Array.from(
    { length: LIMITS.clientBindings },
    (_, index) => `organization-${String(index).padStart(3, "0")}`,
  );
  const scopes = ["authz:evaluate"];
  await mayAsk(await gateway.service("collects", { scopes, organizations: many }));
  const bound = async (): Promise<unknown> => {
    const { items } = must(await operator.get(PATH), 200).body as {
      items: { clientId: string; organizations: string[] }[];
    };
    return items.find(({ clientId }) => clientId === "collects")?.organizations;
  };
  expect(await bound()).toEqual(many);
  const one = await gateway.service("collects", { scopes, organizations: [slug] });
  expect(await mayAsk(one)).toBe(true);
  expect(await bound()).toEqual([...many.slice(0, -1), slug].sort());
  await mayAsk(await gateway.service("collects", { scopes, organizations: many }));
  expect(await bound()).toEqual(many);
  expect(await mayAsk(one)).toBe(true);
});
