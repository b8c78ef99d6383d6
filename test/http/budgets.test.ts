import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, decide, foundOrganization, must } from "../support/world.ts";

/** Small ones: three changes and many questions a caller, and for an organization what the test below spends. */
const BUDGETS = {
  RATE_CALLER_QUESTIONS: "40",
  RATE_CALLER_CHANGES: "12",
  RATE_ORGANIZATION_QUESTIONS: "15",
  RATE_ORGANIZATION_CHANGES: "6",
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ settings: BUDGETS });
});
afterAll(async () => await gateway.close());

async function spend(times: number, call: () => Promise<{ status: number }>): Promise<number[]> {
  const statuses: number[] = [];
  for (let round = 0; round < times; round += 1) statuses.push((await call()).status);
  return statuses;
}

const remaining = (headers: Headers): number => Number(/;r=(\d+);/.exec(headers.get("RateLimit") ?? "")?.[1]);

describe("the budget of a caller", () => {
  let dora: Person;
  beforeAll(async () => {
    dora = await gateway.person("dora");
  });

  test("is told with each answer, a refusal's too, and shrinks with each request", async () => {
    const first = await dora.get("/v1/me/organizations");
    const second = await dora.get("/v1/organizations/nobodys");
    expect(first.headers.get("RateLimit-Policy")).toBe('"questions";q=40;w=60');
    expect(first.headers.get("RateLimit")).toMatch(/^"questions";r=\d+;t=([1-9]|[1-5]\d|60)$/);
    expect([second.status, remaining(first.headers) - remaining(second.headers)]).toEqual([403, 1]);
  });

  test("spent for questions: 429 with Retry-After, while changes and other callers go on", async () => {
    const statuses = await spend(60, async () => await dora.get("/v1/me/organizations"));
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
    const refused = await dora.get("/v1/me/organizations");
    expect([refused.status, refused.body.code]).toEqual([429, "RATE_LIMITED"]);
    const seconds = Number(refused.headers.get("Retry-After"));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await dora.post("/v1/organizations", { slug: "doras", name: "Dora's" })).status).toBe(201);
    expect((await (await gateway.person("emil")).get("/v1/me/organizations")).status).toBe(200);
  });

  test("shrinks with each item of a batch, though that is one request, and a batch that it does not cover is 429", async () => {
    const gina = await gateway.person("gina");
    const first = await gina.get("/v1/me/organizations");
    const account = { type: "account", id: gina.alias };
    const batch = (count: number): object => {
      const evaluations = Array.from({ length: count }, () => ({ action: { name: "view" } }));
      return { subject: account, resource: account, evaluations };
    };
    const second = await gina.post("/access/v1/evaluations", batch(7));
    expect([second.status, remaining(first.headers) - remaining(second.headers)]).toEqual([200, 7]);
    expect(remaining((await gina.post("/access/v1/evaluations", batch(1))).headers)).toBe(
      remaining(second.headers) - 1,
    );
    expect((await gina.post("/access/v1/evaluations", batch(40))).body.code).toBe("RATE_LIMITED");
  });

  test("spent for changes: nothing is written, and questions go on; a dry run is a change", async () => {
    const fred = await gateway.person("fred");
    const found = async (index: number): Promise<{ status: number }> =>
      await fred.post("/v1/organizations?dryRun=true", { slug: `freds-${index}`, name: "Fred's" });
    const statuses = await spend(13, async () => await found(1));
    expect(statuses).toEqual([...Array<number>(12).fill(201), 429]);
    expect((await fred.post("/v1/organizations", { slug: "freds", name: "Fred's" })).body.code).toBe("RATE_LIMITED");
    expect((await fred.get("/v1/me/organizations")).body.items).toEqual([]);
  });

  test("is not known to who brings no token: 401, without headers that tell of one", async () => {
    const answer = await fetch(`${gateway.url}/v1/me/organizations`);
    expect([answer.status, answer.headers.get("RateLimit")]).toEqual([401, null]);
  });
});

describe("the budget of an organization", () => {
  test("is shared by its members and spent by nobody else: a stranger gets the stranger's answer before and after", async () => {
    const [alice, bob, mallory] = await Promise.all([
      gateway.person("alice"),
      gateway.person("bob"),
      gateway.person("mallory"),
    ]);
    const slug = await foundOrganization(alice); // a change of nobody's yet
    await addMember(alice, slug, bob, "viewer");
    const path = `/v1/organizations/${slug}`;

    const strange = await mallory.get(path);
    await spend(20, async () => await mallory.patch(path, { name: "Mine" }));
    await spend(20, async () => await mallory.get(path));
    const renamed = await spend(7, async () => await alice.patch(path, { name: "Ours" }));
    expect(renamed).toContain(200);
    expect(renamed.at(-1)).toBe(429);
    expect((await alice.post(`${path}/sectors`, { name: "More" })).body.code).toBe("RATE_LIMITED");

    const read = await spend(16, async () => await bob.get(path));
    expect([read[0], read.at(-1)]).toEqual([200, 429]);
    expect((await alice.get(path)).body.code).toBe("RATE_LIMITED");
    const again = await mallory.get(path);
    expect([again.status, again.body]).toEqual([strange.status, strange.body]);
    const gone = await gateway.service("shop", { scopes: ["authz:evaluate"] });
    expect((await gone.post("/access/v1/evaluation", question(bob, slug))).body.code).toBe("RATE_LIMITED");
  });

  test("is spent by searches as by checks", async () => {
    const hanna = await gateway.person("hanna");
    const slug = await foundOrganization(hanna);
    const finder = await gateway.service("finder", { scopes: ["authz:search"], organizations: [slug] });
    const { action, resource } = question(hanna, slug);
    const search = { subject: { type: "account" }, action, resource };
    const statuses = await spend(16, async () => await finder.post("/access/v1/search/subject", search));
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
    const refused = await finder.post("/access/v1/search/subject", search);
    expect([refused.body.code, Number(refused.headers.get("Retry-After")) > 0]).toEqual(["RATE_LIMITED", true]);
    expect((await hanna.get(`/v1/organizations/${slug}`)).body.code).toBe("RATE_LIMITED");
  });

  test("of one organization leaves the others alone", async () => {
    const gustav = await gateway.person("gustav");
    const other = await foundOrganization(gustav);
    expect(must(await gustav.get(`/v1/organizations/${other}`), 200).body.slug).toBe(other);
    expect((await decide(gateway, gustav, "view", ["organization", other])).decision).toBe(true);
  });
});

function question({ alias }: Person, slug: string): Readonly<Record<"subject" | "action" | "resource", object>> {
  return {
    subject: { type: "account", id: alias },
    action: { name: "view" },
    resource: { type: "organization", id: slug },
  };
}
