/** Who learns of an offer of ownership. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let carol: Person;
let slug: string;
let path: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
/** Alice owns, Bob is an Admin, Carol a Viewer. */
beforeEach(async () => {
  scene += 1;
  const names = ["alice", "bob", "carol"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, bob, carol] = (await Promise.all(names)) as [Person, Person, Person];
  slug = await foundOrganization(alice);
  path = `/v1/organizations/${slug}`;
  await addMember(alice, slug, bob, "admin");
  await addMember(alice, slug, carol, "viewer");
});
afterAll(async () => await gateway.close());

async function offer(to: Person): Promise<string> {
  const made = must(await alice.post(`${path}/transfers`, { alias: to.alias }), 201);
  return String(made.headers.get("location"));
}

describe("An offer is seen", () => {
  test("by Owners and the two whom it is about; for everybody else it is as one that does not exist", async () => {
    const at = await offer(bob);
    const none = `${path}/transfers/tra-${"0".repeat(20)}`;
    for (const by of [alice, bob]) expect((await by.get(at)).body.state).toBe("pending");
    const [known, unknown] = [await carol.get(at), await carol.get(none)];
    expect([known.status, known.body]).toEqual([403, unknown.body]);
    for (const verb of ["accept", "decline", "cancel"]) {
      const answers = [await carol.post(`${at}/${verb}`), await carol.post(`${none}/${verb}`)];
      expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [403, unknown.body]));
    }
    expect((await bob.get(`${path}/transfers`)).status).toBe(403);
    expect((await alice.get(none)).status).toBe(404);
    must(await bob.post(`${at}/decline`), 200);
    expect((await bob.get(at)).body.state).toBe("declined");
  });

  test("by its recipient among what waits for them, with the organization's name", async () => {
    const at = await offer(bob);
    const waiting = must(await bob.get("/v1/me/transfers"), 200).body.items;
    expect(waiting).toMatchObject([{ organization: slug, offeredBy: alice.alias, state: "pending" }]);
    for (const by of [alice, carol]) expect((await by.get("/v1/me/transfers")).body.items).toEqual([]);
    must(await bob.post(`${at}/accept`), 200);
    expect((await bob.get("/v1/me/transfers")).body.items).toEqual([]);
  });

  test("in the list of Owners, whatever became of it, page by page", async () => {
    must(await bob.post(`${await offer(bob)}/decline`), 200);
    await offer(bob);
    const states: string[] = [];
    let token = "";
    do {
      const page = must(await alice.get(`${path}/transfers?page_size=1&page_token=${token}`), 200);
      states.push(...(page.body.items as { state: string }[]).map(({ state }) => state));
      token = page.body.next_page_token ?? "";
    } while (token !== "");
    expect(states.sort()).toEqual(["declined", "pending"]);
  });
});
