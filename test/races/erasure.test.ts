/** An erasure beside what would change its decision: each ends one way or the other, and never with an organization without an Owner. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Gateway } from "../../src/assemble.ts";
import { type Answered, type Person, startBeside, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { addApplication, addMember, foundOrganization, must, retireEverything } from "../support/world.ts";

const ROUNDS = process.env["BAILIWICK_FULL"] === "1" ? 20 : 4;

let gateway: TestGateway;
let second: Gateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  second = await startBeside(gateway);
});
afterAll(async () => {
  await second.close();
  await gateway.close();
});

interface Scene {
  readonly alice: Person;
  readonly bob: Person;
  readonly slug: string;
  readonly path: string;
}

/** Alice owns an organization in which Bob has this role. */
async function scene(name: string, role: string): Promise<Scene> {
  const [alice, bob] = await Promise.all([gateway.person(`alice-${name}`), gateway.person(`bob-${name}`)]);
  const slug = await foundOrganization(alice);
  await addMember(alice, slug, bob, role);
  return { alice, bob, slug, path: `/v1/organizations/${slug}` };
}

type Outcome = readonly [erased: number | string, other: number | string];

const told = ({ status, body }: Answered): number | string => body.code ?? status;

/** The two at once, at one gateway or at two, and now this one first, now that one. */
async function beside(
  round: number,
  erased: Person,
  other: (url: string) => Promise<Answered>,
): Promise<readonly [Answered, Answered]> {
  const url = round % 2 === 0 ? gateway.url : second.url;
  if (round % 4 < 2) return await Promise.all([erased.delete("/v1/me"), other(url)]);
  const answers = await Promise.all([other(url), erased.delete("/v1/me")]);
  return [answers[1], answers[0]];
}

async function requireOwners(): Promise<void> {
  const orphans = await gateway.sql(`
    select o.slug from organizations o
    where o.state <> 'archived' and o.id <> 'platform'
      and not exists (select from memberships m where m.organization_id = o.id and m.role = 'owner')`);
  expect(orphans).toEqual([]);
}

/** Plays the rounds; gives each outcome once, in words. Every round must have one of the promised. */
async function play(
  name: string,
  promised: readonly Outcome[],
  round: (name: string, round: number) => Promise<readonly [Answered, Answered]>,
): Promise<void> {
  const allowed = promised.map((outcome) => outcome.join(" / "));
  for (let index = 0; index < ROUNDS; index += 1) {
    const [erased, other] = await round(`${name}-${index}`, index);
    expect(allowed).toContain(`${told(erased)} / ${told(other)}`);
    await requireOwners();
  }
}

describe("an erasure of the only Owner of something live", () => {
  test("beside the promotion of another: it is refused until the other is an Owner, who then owns alone", async () => {
    await play("promotion", [[204, 200]], async (name, round) => {
      const { alice, bob, slug, path } = await scene(name, "admin");
      await addApplication(alice, slug);
      const patient = { ...alice, delete: async () => await insisted(alice) };
      return await beside(round, patient, async (url) => {
        return await alice.at(url).patch(`${path}/members/${bob.alias}`, { role: "owner" });
      });
    });
  });
});

/** Erases as soon as it is allowed, and is refused for no other reason before. */
async function insisted(person: Person): Promise<Answered> {
  for (;;) {
    const answer = await person.delete("/v1/me");
    if (answer.body.code !== "LIVE_ORGANIZATIONS") return answer;
  }
}

describe("an erasure of one of two Owners of something live", () => {
  test("S0.28 beside the other's leaving: one of the two is refused", async () => {
    const promised: Outcome[] = [
      [204, "LAST_OWNER"],
      ["LIVE_ORGANIZATIONS", 204],
    ];
    await play("leaving", promised, async (name, round) => {
      const { alice, bob, slug, path } = await scene(name, "owner");
      await addApplication(alice, slug);
      return await beside(round, alice, async (url) => await bob.at(url).delete(`${path}/members/${bob.alias}`));
    });
  });

  test("S0.28 beside the other's erasure: one of the two is refused", async () => {
    const promised: Outcome[] = [
      [204, "LIVE_ORGANIZATIONS"],
      ["LIVE_ORGANIZATIONS", 204],
    ];
    await play("both", promised, async (name, round) => {
      const { alice, bob, slug } = await scene(name, "owner");
      await addApplication(alice, slug);
      return await beside(round, alice, async (url) => await bob.at(url).delete("/v1/me"));
    });
  });
});

describe("an erasure of the only Owner of nothing live", () => {
  test("beside the promotion of another: the organization is the other's, or archived", async () => {
    const promised: Outcome[] = [
      [204, 200],
      [204, "ACCOUNT_ERASED"],
    ];
    await play("handover", promised, async (name, round) => {
      const { alice, bob, slug, path } = await scene(name, "admin");
      const answers = await beside(round, alice, async (url) => {
        return await alice.at(url).patch(`${path}/members/${bob.alias}`, { role: "owner" });
      });
      const [row] = await gateway.sql<{ state: string }>("select state from organizations where slug = $1", [slug]);
      expect([told(answers[1]), row?.state]).toEqual([
        told(answers[1]),
        answers[1].status === 200 ? "active" : "archived",
      ]);
      return answers;
    });
  });

  test("S0.39 beside enabling something again: it is refused, or the organization is archived", async () => {
    const promised: Outcome[] = [
      [204, "ACCOUNT_ERASED"],
      ["LIVE_ORGANIZATIONS", 200],
    ];
    await play("enabling", promised, async (name, round) => {
      const { alice, slug, path } = await scene(name, "admin");
      const { sector } = await addApplication(alice, slug);
      await retireEverything(alice, slug);
      must(await alice.post(`${path}/enable`), 200);
      return await beside(round, alice, async (url) => await alice.at(url).post(`${path}/sectors/${sector}/enable`));
    });
  });

  test("S0.38 beside an Admin's new application: it is refused, or the organization is archived", async () => {
    const promised: Outcome[] = [
      [204, "ORGANIZATION_ARCHIVED"],
      ["LIVE_ORGANIZATIONS", 201],
    ];
    await play("creating", promised, async (name, round) => {
      const { alice, bob, path } = await scene(name, "admin");
      return await beside(round, alice, async (url) => {
        return await bob.at(url).post(`${path}/applications`, { name: "Shop", kind: "web" });
      });
    });
  });
});

describe("an erasure", () => {
  test("beside an invitation to the person: it is made and gone, or there is nobody to invite", async () => {
    const promised: Outcome[] = [
      [204, 201],
      [204, "UNKNOWN_ALIAS"],
    ];
    await play("inviting", promised, async (name, round) => {
      const [person, host] = await Promise.all([gateway.person(`guest-${name}`), gateway.person(`host-${name}`)]);
      const slug = await foundOrganization(host);
      const answers = await beside(round, person, async (url) => {
        const body = { alias: person.alias, role: "viewer" };
        return await host.at(url).post(`/v1/organizations/${slug}/invitations`, body);
      });
      expect(must(await host.get(`/v1/organizations/${slug}/invitations`), 200).body.items).toEqual([]);
      return answers;
    });
  });

  test("beside accepting an invitation: who accepted first is a member no longer", async () => {
    const promised: Outcome[] = [
      [204, 200],
      [204, "ACCOUNT_ERASED"],
    ];
    await play("accepting", promised, async (name, round) => {
      const [person, host] = await Promise.all([gateway.person(`guest-${name}`), gateway.person(`host-${name}`)]);
      const slug = await foundOrganization(host);
      const invited = { alias: person.alias, role: "viewer" };
      const made = must(await host.post(`/v1/organizations/${slug}/invitations`, invited), 201);
      const answers = await beside(round, person, async (url) => {
        return await person.at(url).post(`/v1/invitations/${String(made.body.id)}/accept`);
      });
      const members = must(await host.get(`/v1/organizations/${slug}/members`), 200).body.items;
      expect(members).toMatchObject([{ alias: host.alias }]);
      return answers;
    });
  });

  test("beside founding an organization: it is archived with the rest, or not made", async () => {
    const promised: Outcome[] = [
      [204, 201],
      [204, "ACCOUNT_ERASED"],
    ];
    await play("founding", promised, async (name, round) => {
      const person = await gateway.person(`founder-${name}`);
      return await beside(round, person, async (url) => {
        return await person.at(url).post("/v1/organizations", { slug: `founded-${name}`, name: "Founded" });
      });
    });
    const rows = await gateway.sql<{ state: string }>(
      "select distinct state from organizations where slug like 'founded-%'",
    );
    expect(rows.map(({ state }) => state).filter((state) => state !== "archived")).toEqual([]);
  });

  test("afterwards no row names who was erased, and ledger and graph hold the same tuples, one by one", async () => {
    const dangling = await gateway.sql(`
      select from audit_pseudonyms p left join accounts a on a.id = p.account_id where a.id is null
      union all select from sign_in_methods s left join accounts a on a.id = s.account_id where a.id is null
      union all select from idempotency_records r left join accounts a on a.id = r.owner_id where a.id is null`);
    expect(dangling).toEqual([]);
    await expectGraphEqualsLedger(gateway);
  });
});
