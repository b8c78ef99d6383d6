import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  gateway = await startTestGateway();
  [alice, bob, carol] = await Promise.all([gateway.person("alice"), gateway.person("bob"), gateway.person("carol")]);
});
afterAll(async () => await gateway.close());

interface Call {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly body?: object;
}

/** Makes the calls of the plan, each of which must succeed. */
async function execute(person: Person, plan: unknown): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (const { method, path, body } of plan as Call[]) {
    answers.push(must(await (method === "POST" ? person.post(path) : person.patch(path, body)), 200));
  }
  return answers;
}

/** Two Owners, two applications with a sector each, and Carol as a Viewer. */
async function shared(): Promise<{ path: string; slug: string; anchors: string[]; sectors: string[] }> {
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, "admin");
  await addMember(alice, slug, carol, "viewer");
  const path = `/v1/organizations/${slug}`;
  must(await alice.patch(`${path}/members/bob`, { role: "owner" }), 200);
  const applications = [await addApplication(alice, slug), await addApplication(alice, slug)];
  return {
    path,
    slug,
    anchors: applications.map(({ anchor }) => anchor).sort(),
    sectors: applications.map(({ sector }) => sector).sort(),
  };
}

describe("GET …/retire of an organization", () => {
  test("S0.25, S0.34: names every reason and blocker, and a plan that works when it is executed", async () => {
    const { path, slug, anchors, sectors } = await shared();
    const { body } = must(await alice.get(`${path}/retire`), 200);
    expect(body).toMatchObject({
      allowed: false,
      reasons: [{ code: "NOT_SOLE_OWNER", owners: 2 }, { code: "LIVE_APPLICATIONS" }, { code: "LIVE_SECTORS" }],
      remedies: [{ for: "NOT_SOLE_OWNER" }, { for: "LIVE_APPLICATIONS" }, { for: "LIVE_SECTORS" }],
      blockers: [
        { for: "NOT_SOLE_OWNER", kind: "member", id: "bob", href: `${path}/members/bob` },
        ...anchors.map((id) => ({
          for: "LIVE_APPLICATIONS",
          kind: "application",
          id,
          href: `${path}/applications/${id}`,
        })),
        ...sectors.map((id) => ({ for: "LIVE_SECTORS", kind: "sector", id, href: `${path}/sectors/${id}` })),
      ],
      plan: [
        { method: "PATCH", path: `${path}/members/bob`, body: { role: "admin" } },
        ...anchors.map((id) => ({ method: "POST", path: `${path}/applications/${id}/retire` })),
        ...sectors.map((id) => ({ method: "POST", path: `${path}/sectors/${id}/retire` })),
        { method: "POST", path: `${path}/retire` },
      ],
    });
    for (const { href } of body["blockers"] as { href: string }[]) must(await alice.get(href), 200);
    const refused = await alice.post(`${path}/retire`);
    expect(refused.status).toBe(403);
    expect(refused.body["detail"]).toMatch(
      /^Retiring and archiving take the sole Owner; .+ GET at the same address tells what stands/,
    );
    const renamed = await carol.patch(path, { name: "Carol's" });
    expect(renamed.body["detail"]).toBe("The role is too low; admin is the lowest that will do.");

    expect((await execute(alice, body["plan"])).at(-1)?.body).toMatchObject({ slug, state: "retired" });
    const { body: after } = must(await alice.get(`${path}/retire`), 200); // a retry would answer the same
    expect(after).toMatchObject({ allowed: true, reasons: [], blockers: [], plan: [{ path: `${path}/retire` }] });
  });

  test("who is no Owner learns why, and gets no list and no plan: nothing that they do leads there", async () => {
    const { path } = await shared();
    const { body } = must(await carol.get(`${path}/retire`), 200);
    expect(body).toMatchObject({ allowed: false, blockers: [], plan: null });
    expect(body.reasons).toContainEqual({ code: "ROLE_TOO_LOW", least: "owner" });
    expect(JSON.stringify(body)).not.toMatch(/"bob"|app-|sec-/);
  });

  test("a stranger gets the stranger's answer", async () => {
    const { path } = await shared();
    const mallory = await gateway.person("mallory");
    const foreign = await mallory.get(`${path}/retire`);
    const unknown = await mallory.get("/v1/organizations/nobodys/retire");
    expect([foreign.status, foreign.body]).toEqual([403, unknown.body]);
  });
});

describe("GET …/retire of what is in an organization", () => {
  test("a sector: its own applications alone stand in the way", async () => {
    const slug = await foundOrganization(alice);
    const path = `/v1/organizations/${slug}`;
    const { anchor, sector } = await addApplication(alice, slug);
    await addApplication(alice, slug);
    const { body } = must(await alice.get(`${path}/sectors/${sector}/retire`), 200);
    expect(body).toMatchObject({
      reasons: [{ code: "LIVE_APPLICATIONS" }],
      blockers: [{ kind: "application", id: anchor }],
      plan: [{ path: `${path}/applications/${anchor}/retire` }, { path: `${path}/sectors/${sector}/retire` }],
    });
    expect((await execute(alice, body["plan"])).at(-1)?.body).toMatchObject({ id: sector, state: "retired" });
  });

  test("an application of a sole Owner: nothing stands in the way", async () => {
    const slug = await foundOrganization(alice);
    const { anchor } = await addApplication(alice, slug);
    const path = `/v1/organizations/${slug}/applications/${anchor}/retire`;
    const { body } = must(await alice.get(path), 200);
    expect(body).toMatchObject({
      allowed: true,
      reasons: [],
      remedies: [],
      blockers: [],
      plan: [{ method: "POST", path }],
    });
    expect((await execute(alice, body["plan"]))[0]?.body).toMatchObject({ anchor, state: "retired" });
  });

  test("S0.35: in a frozen organization it is enabled first", async () => {
    const { path, anchors, sectors } = await shared();
    const [anchor = ""] = anchors;
    await execute(alice, must(await alice.get(`${path}/retire`), 200).body["plan"]);
    for (const item of [`applications/${anchor}`, `sectors/${sectors[0] ?? ""}`]) {
      const { body } = must(await alice.get(`${path}/${item}/retire`), 200);
      expect(body).toMatchObject({
        reasons: [{ code: "ORGANIZATION_RETIRED" }],
        plan: [{ path: `${path}/enable` }, { path: `${path}/${item}/retire` }],
      });
    }
    const { body } = must(await alice.get(`${path}/applications/${anchor}/retire`), 200);
    expect((await execute(alice, body["plan"])).at(-1)?.body.state).toBe("retired");
  });

  test("what is not there is 404 for who may list its like", async () => {
    const { path } = await shared();
    const answer = await alice.get(`${path}/applications/app-${"0".repeat(20)}/retire`);
    expect([answer.status, answer.body.code]).toEqual([404, "NOT_FOUND"]);
  });
});
