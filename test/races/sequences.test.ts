/** Random sequences of operations, some of them at once, against a small model: each answer and each state is one that some order explains. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { expectGraphEqualsLedger } from "../support/graph.ts";
import { takeSeed } from "../support/seed.ts";
import { addApplication, addMember, foundOrganization, retireEverything } from "../support/world.ts";
import { type Operation, type Outcome, ROLES, step, TURNS, type World } from "./model.ts";

const SEQUENCES = process.env["BAILIWICK_FULL"] === "1" ? 1_000 : 20;
const NAMES = ["ann", "ben", "cas", "dan"] as const;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());

/** An operation before it is known which invitation it means: the latest of that person. */
const by = fc.constantFrom("ann", "ann", "ann", "ben", "ben", "cas", "dan"); // mostly who may
const who = fc.constantFrom(...NAMES, "cas", "dan");
/** To whom ownership is offered: mostly to who is a member from the beginning. */
const to = fc.constantFrom(...NAMES, "ben", "ben", "ben");
const role = fc.constantFrom(...ROLES);
const drawn = fc.oneof(
  { weight: 3, arbitrary: fc.record({ verb: fc.constant("invite"), by, who, role }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constantFrom("accept", "decline", "revoke"), by, who }) },
  {
    weight: 4,
    arbitrary: fc.record({ verb: fc.constant("offer"), by: fc.constantFrom("ann", "ann", "ben"), who: to }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      verb: fc.constantFrom("take", "take", "leave", "withdraw"),
      by,
      isMeant: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant("grant"), by, who, role }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("remove"), by, who }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constantFrom("archive", "erase"), by }) },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constantFrom(...TURNS),
      by,
      what: fc.constantFrom("organization", "application", "sector"),
    }),
  },
);
type Drawn = typeof drawn extends fc.Arbitrary<infer Value> ? Value : never;

interface Stage {
  readonly slug: string;
  readonly people: ReadonlyMap<string, Person>;
  readonly things: { readonly application: string; readonly sector: string };
  /** The latest invitation of each. */
  readonly invited: Map<string, string>;
  /** The latest offer of ownership, and to whom. */
  offered: { readonly id: string; readonly who: string } | null;
  world: World;
}

let scene = 0;

/** @param isFrozen everything is retired to begin with: few sequences get there by themselves, and none on to what comes after */
async function setUp(isFrozen: boolean): Promise<Stage> {
  scene += 1;
  const people = await Promise.all(NAMES.map(async (name) => await gateway.person(`${name}-${scene}`)));
  const [ann, ben] = people as [Person, Person];
  const slug = await foundOrganization(ann);
  const { anchor, sector } = await addApplication(ann, slug);
  await addMember(ann, slug, ben, "admin");
  if (isFrozen) await retireEverything(ann, slug);
  const path = `/v1/organizations/${slug}`;
  const things = { application: `${path}/applications/${anchor}`, sector: `${path}/sectors/${sector}` };
  const named = new Map(NAMES.map((name, index) => [name, people[index] as Person])); // as many as there are names
  return { slug, people: named, things, invited: new Map(), offered: null, world: await worldOf(slug, named) };
}

/** What the ledger holds. */
async function worldOf(slug: string, people: Stage["people"]): Promise<World> {
  const [row] = await gateway.sql<{ world: World }>(
    `select json_build_object(
      'organization', o.state,
      'application', (select state from applications a where a.organization_id = o.id),
      'sector', (select state from sectors s where s.organization_id = o.id),
      'roles', (select coalesce(json_object_agg(split_part(a.alias, '-', 1), m.role order by a.alias), '{}')
        from memberships m join accounts a on a.id = m.account_id where m.organization_id = o.id),
      'invitations', (select coalesce(json_object_agg(i.id, json_build_object(
          'who', split_part(a.alias, '-', 1), 'role', i.role, 'state', i.state) order by i.id), '{}')
        from invitations i join accounts a on a.id = i.account_id where i.organization_id = o.id),
      'offers', (select coalesce(json_object_agg(t.id, json_build_object(
          'by', split_part(b.alias, '-', 1), 'who', split_part(a.alias, '-', 1), 'state', t.state,
          'isVoid', not exists (select from memberships m
            where m.organization_id = o.id and m.account_id = a.id and m.created_at <= t.created_at)) order by t.id), '{}')
        from transfers t left join accounts a on a.id = t.account_id left join accounts b on b.id = t.offered_by
        where t.organization_id = o.id),
      'erased', (select coalesce(json_agg(split_part(n, '-', 1) order by n), '[]')
        from unnest($2::text[]) n where not exists (select from accounts a where a.alias = n))) as world
     from organizations o where o.slug = $1`,
    [slug, [...people.values()].map(({ alias }) => alias)],
  );
  if (row === undefined) throw new Error(`there is no ${slug}`);
  return row.world;
}

/** Invitations are known by their ids; what is meant by one that nobody has is nothing. */
function meant({ invited, offered }: Stage, asked: Drawn): Operation[] {
  if (asked.verb === "offer") return [{ ...asked, verb: "offer", id: null }];
  if ("isMeant" in asked) {
    const { verb, by, isMeant } = asked as { verb: "take" | "leave" | "withdraw"; by: string; isMeant: boolean };
    return offered === null ? [] : [{ verb, id: offered.id, by: isMeant && verb !== "withdraw" ? offered.who : by }];
  }
  if (asked.verb === "invite") return [{ ...asked, verb: "invite", id: null }];
  if (asked.verb !== "accept" && asked.verb !== "decline" && asked.verb !== "revoke") return [asked as Operation];
  const { verb, who, by } = asked as { verb: "accept" | "decline" | "revoke"; who: string; by: string };
  const id = invited.get(who);
  return id === undefined ? [] : [{ verb, id, by: verb === "revoke" ? by : who }];
}

const ANSWERS = { take: "accept", leave: "decline", withdraw: "cancel" } as const;

async function send({ slug, people, things }: Stage, operation: Operation): Promise<Answered> {
  const person = (name: string): Person => people.get(name) as Person; // of NAMES
  const by = person(operation.by);
  const path = `/v1/organizations/${slug}`;
  switch (operation.verb) {
    case "invite":
      return await by.post(`${path}/invitations`, { alias: person(operation.who).alias, role: operation.role });
    case "accept":
    case "decline":
      return await by.post(`/v1/invitations/${operation.id}/${operation.verb}`);
    case "revoke":
      return await by.post(`${path}/invitations/${operation.id}/revoke`);
    case "offer":
      return await by.post(`${path}/transfers`, { alias: person(operation.who).alias });
    case "take":
    case "leave":
    case "withdraw":
      return await by.post(`${path}/transfers/${operation.id}/${ANSWERS[operation.verb]}`);
    case "grant":
      return await by.patch(`${path}/members/${person(operation.who).alias}`, { role: operation.role });
    case "remove":
      return await by.delete(`${path}/members/${person(operation.who).alias}`);
    case "archive":
      return await by.post(`${path}/archive`, { confirm: slug });
    case "erase":
      return await by.delete("/v1/me");
    case "retire":
    case "enable":
      return await by.post(`${operation.what === "organization" ? path : things[operation.what]}/${operation.verb}`);
  }
}

function orders<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((others) => [item, ...others]));
}

/** All at once. Throws unless some order of them explains every answer and what the ledger holds afterwards. */
async function together(stage: Stage, asked: readonly Drawn[]): Promise<void> {
  const operations = asked.flatMap((each) => meant(stage, each));
  const sent = await Promise.all(
    operations.map(async (operation) => {
      const { status, body } = await send(stage, operation);
      if ((operation.verb !== "invite" && operation.verb !== "offer") || status !== 201) return { operation, status };
      const id = String(body.id);
      if (operation.verb === "invite") stage.invited.set(operation.who, id);
      else stage.offered = { id, who: operation.who };
      return { operation: { ...operation, id }, status };
    }),
  );
  const now = await worldOf(stage.slug, stage.people);
  const explained = orders(sent).some((order) => {
    let outcome: Outcome = { status: 0, world: stage.world };
    const isAnswered = order.every(({ operation, status }) => {
      outcome = step(outcome.world, operation);
      return outcome.status === status;
    });
    return isAnswered && isSame(outcome.world, now);
  });
  if (!explained) throw new Error(`no order explains ${JSON.stringify({ before: stage.world, sent, now }, null, 1)}`);
  stage.world = now;
}

function isSame(a: World, b: World): boolean {
  return canonical(a) === canonical(b);
}

/** Members of an object come in no order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

test(`${SEQUENCES} random sequences of what people do to an organization, up to three at once: some order explains each answer and state`, async () => {
  const batch = fc.array(drawn, { minLength: 1, maxLength: 3, size: "max" });
  const batches = fc.array(batch, { minLength: 1, maxLength: 16, size: "max" });
  const isFrozen = fc.constantFrom(false, false, true);
  const property = fc.asyncProperty(isFrozen, batches, async (frozen, sequence) => {
    const stage = await setUp(frozen);
    for (const batch of sequence) await together(stage, batch);
    if (stage.world.organization !== "archived") expect(Object.values(stage.world.roles)).toContain("owner");
  });
  await fc.assert(property, { numRuns: SEQUENCES, seed: takeSeed("sequences"), endOnFailure: false });
  await expectGraphEqualsLedger(gateway);
}, 1_800_000);
