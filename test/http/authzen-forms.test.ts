/** AUTHZEN.md about what every endpoint takes and gives, a rule a test; each title quotes its rule. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Deps } from "../../src/domain/deps.ts";
import { cannotDecide } from "../../src/entities/errors.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let bob: Person;
let slug: string;
let judge: Deps["judge"];

beforeAll(async () => {
  gateway = await startTestGateway();
  const alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "viewer");
  judge = gateway.gateway.deps.judge;
});
afterEach(() => void Object.assign(gateway.gateway.deps, { judge }));
afterAll(async () => await gateway.close());

type Members = Readonly<Record<string, unknown>>;
type Body = Readonly<Record<string, Members>>;

interface Endpoint {
  readonly path: string;
  /** Of the entities, the members that must be there. */
  readonly required: Readonly<Record<string, readonly string[]>>;
  /** Of the answer. */
  readonly members: readonly string[];
}

const entity = ["type", "id"];
const FOUND = ["context", "page", "results"];
const ENDPOINTS: readonly Endpoint[] = [
  {
    path: "/access/v1/evaluation",
    required: { subject: entity, action: ["name"], resource: entity },
    members: ["context", "decision"],
  },
  {
    path: "/access/v1/evaluations",
    required: { subject: entity, action: ["name"], resource: entity },
    members: ["context", "decision"],
  },
  {
    path: "/access/v1/search/subject",
    required: { subject: ["type"], action: ["name"], resource: entity },
    members: FOUND,
  },
  {
    path: "/access/v1/search/resource",
    required: { subject: entity, action: ["name"], resource: ["type"] },
    members: FOUND,
  },
  { path: "/access/v1/search/action", required: { subject: entity, resource: entity }, members: FOUND },
];

/** Bob views the organization: no more than must be there. */
function bodyOf({ required }: Endpoint): Body {
  const whole: Body = {
    subject: { type: "account", id: bob.alias },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  };
  const needed = ([name, members]: readonly [string, readonly string[]]): [string, Members] => {
    return [name, Object.fromEntries(members.map((member) => [member, whole[name]?.[member]]))];
  };
  return Object.fromEntries(Object.entries(required).map(needed));
}

/** Each entity with more in it. */
function withMore(body: Body, more: Members): Body {
  return Object.fromEntries(Object.entries(body).map(([name, members]) => [name, { ...members, ...more }]));
}

interface Sent {
  readonly type?: string | null;
  readonly text: string;
}

async function sendText(path: string, { type = "application/json", text }: Sent): Promise<Response> {
  const headers = { authorization: `Bearer ${gateway.shop.token}`, ...(type !== null && { "content-type": type }) };
  // Bytes, for `fetch` gives text a type of its own.
  return await fetch(gateway.url + path, { method: "POST", headers, body: new TextEncoder().encode(text) });
}

function expectRefusal({ status, headers, text }: Answered, wanted: number): void {
  expect([status, headers.get("content-type")]).toEqual([wanted, "application/problem+json"]);
  expect(text).not.toMatch(/"(decision|results)":/);
}

const PLACES = ["", "/o"] as const;
const EVERYWHERE = ENDPOINTS.flatMap((endpoint) =>
  PLACES.map((place) => [`${place}${endpoint.path}`, place, endpoint] as const),
);

describe.each(EVERYWHERE)("%s", (_path, place, endpoint) => {
  const at = (): string => `${place === "" ? "" : `/o/${slug}`}${endpoint.path}`;
  const send = async (body: object, by = gateway.shop): Promise<Answered> => await by.post(at(), body);

  test('"POST, JSON object bodies; metadata is GET"', async () => {
    const { status, headers, body } = await send(bodyOf(endpoint));
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(Object.keys(body).sort()).toEqual(endpoint.members);
    const other = await gateway.shop.get(at());
    expectRefusal(other, 405);
    expect(other.headers.get("allow")).toBe("POST, OPTIONS");
  });

  test('"`subject{type,id,properties?}`, `resource{type,id,properties?}`, `action{name,properties?}`, `context?`"', async () => {
    const body = bodyOf(endpoint);
    const plain = await send(body);
    for (const properties of [{}, { some: ["thing", { deep: null }] }]) {
      const sent = await send({ ...withMore(body, { properties }), context: properties });
      expect([sent.status, undrawn(sent)]).toEqual([200, undrawn(plain)]);
    }
    for (const wrong of [null, 7, "text", ["list"]]) {
      expectRefusal(await send({ ...body, context: wrong }), 400);
      for (const [name, members] of Object.entries(body)) {
        expectRefusal(await send({ ...body, [name]: { ...members, properties: wrong } }), 400);
        expectRefusal(await send({ ...body, [name]: wrong }), 400);
      }
    }
  });

  test('"Unknown members are ignored, in AuthZEN bodies only"', async () => {
    const body = bodyOf(endpoint);
    const more = { more: 1, Type: "x", organization: { id: "another" } };
    const sent = await send({ ...withMore(body, more), ...more, page: more, options: more });
    expect([sent.status, undrawn(sent)]).toEqual([200, undrawn(await send(body))]);
    const founded = { name: "More", slug: "more-of-it" };
    expect((await bob.post("/v1/organizations?dryRun=true", founded)).status).toBe(201);
    expectRefusal(await bob.post("/v1/organizations?dryRun=true", { ...founded, more: 1 }), 400);
  });

  test('"Missing required member: 400"', async () => {
    const body = bodyOf(endpoint);
    for (const [name, members] of Object.entries(body)) {
      expectRefusal(await send({ ...body, [name]: undefined }), 400);
      for (const member of Object.keys(members)) {
        expectRefusal(await send({ ...body, [name]: { ...members, [member]: undefined } }), 400);
        expectRefusal(await send({ ...body, [name]: { ...members, [member]: null } }), 400);
      }
    }
  });

  test('"Not `application/json` (with or without charset): 400"', async () => {
    const text = JSON.stringify(bodyOf(endpoint));
    for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]) {
      expect([type, (await sendText(at(), { type, text })).status]).toEqual([type, 200]);
    }
    for (const type of [null, "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "json"]) {
      const response = await sendText(at(), { type, text });
      expect([type, response.status, response.headers.get("content-type")]).toEqual([
        ...[type, 400, "application/problem+json"],
      ]);
    }
  });

  test('"Malformed JSON, empty body, top-level array: 400"', async () => {
    const text = JSON.stringify(bodyOf(endpoint));
    for (const broken of ["", " ", text.slice(0, -1), `${text}x`, `[${text}]`, "[]", "null", '"text"', "7"]) {
      const response = await sendText(at(), { text: broken });
      expect([broken, response.status, response.headers.get("content-type")]).toEqual([
        ...[broken, 400, "application/problem+json"],
      ]);
    }
  });

  test('"401 and 403 are about the *caller*": a subject that may do nothing, or is not known, is 200', async () => {
    const body = bodyOf(endpoint);
    const url = gateway.url + at();
    const anonymous = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect([anonymous.status, anonymous.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
    expect(anonymous.headers.get("www-authenticate")).toMatch(/^Bearer/);
    const scopeless = await gateway.service("scopeless", { scopes: ["logins:create"], organizations: [slug] });
    expectRefusal(await send(body, scopeless), 403);
    expect((await send({ ...body, subject: { type: "account", id: "nobody-at-all" } })).status).toBe(200);
    if (body["action"] !== undefined) expect((await send({ ...body, action: { name: "archive" } })).status).toBe(200);
  });

  test('"cannot decide" "is 503: never `false`, never `true`"', async () => {
    const silent: Deps["judge"] = async () => await Promise.reject(cannotDecide("cerbos", new Error("silent")));
    Object.assign(gateway.gateway.deps, { judge: silent });
    const answer = await send(bodyOf(endpoint));
    expectRefusal(answer, 503);
    expect([answer.body.code, answer.headers.get("retry-after")]).toEqual([
      "CANNOT_DECIDE",
      expect.stringMatching(/^[0-9]+$/),
    ]);
  });

  test('"`X-Request-ID` is echoed exactly, made when absent", and "decisions are `Cache-Control: no-store`"', async () => {
    const id = "!One~/ID:{9}";
    const answer = await gateway.shop.post(at(), bodyOf(endpoint), { "x-request-id": id });
    expect([answer.headers.get("x-request-id"), answer.headers.get("cache-control")]).toEqual([id, "no-store"]);
    const made = [await send(bodyOf(endpoint)), await send(bodyOf(endpoint))].map(({ headers }) => {
      expect(headers.get("cache-control")).toBe("no-store");
      return headers.get("x-request-id");
    });
    for (const each of made) expect(each).toMatch(/^[0-9a-z]{20}$/);
    expect(made[0]).not.toBe(made[1]);
  });
});

test('"a denial is 200 with `decision:false`", an allow 200 with `decision:true`', async () => {
  const [endpoint] = ENDPOINTS as readonly [Endpoint];
  for (const [name, decision] of [
    ["view", true],
    ["retire", false],
  ] as const) {
    const { status, headers, body } = await gateway.shop.post(endpoint.path, {
      ...bodyOf(endpoint),
      action: { name },
    });
    expect([status, headers.get("content-type"), body["decision"]]).toEqual([200, "application/json", decision]);
  }
});

test('"our answers carry `context`: stable reason codes, the matrix and the policy unit, the organization\'s version"', async () => {
  const [endpoint] = ENDPOINTS as readonly [Endpoint];
  const [row] = await gateway.sql<{ version: string }>("select version from organizations where slug = $1", [slug]);
  const { unit } = gateway.gateway.deps;
  const denied = await gateway.shop.post(endpoint.path, { ...bodyOf(endpoint), action: { name: "retire" } });
  const common = { matrix: "default", unit, version: Number(row?.version) };
  expect(denied.body["context"]).toMatchObject({ ...common, reasons: [{ code: "ROLE_TOO_LOW", least: "owner" }] });
  const allowed = await gateway.shop.post(endpoint.path, bodyOf(endpoint));
  expect(allowed.body["context"]).toMatchObject({ ...common, reasons: [] });
  const batch = await gateway.shop.post("/access/v1/evaluations", { evaluations: [bodyOf(endpoint)] });
  expect(batch.body["evaluations"]).toMatchObject([{ context: { ...common, reasons: [] } }]);
});
