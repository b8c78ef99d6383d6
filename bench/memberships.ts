import { LIMITS } from "../src/entities/limits.ts";
import { inParallel } from "../src/entities/parallel.ts";
import type { Searching } from "./searches.ts";
import type { Setting } from "./setting.ts";

/** A search over a built-in kind. */
export type Membership = Omit<Searching, "from">;

const MEMBERS = [1_000, 10_000] as const;
const SECTORS = 200;
const ORGANIZATIONS = 1_000;
const AT_ONCE = 8;
const EVERYWHERE = "viewer-004";

/** Members come by SQL, and their tuples by the outbox; over REST each would take two changes. */
export async function membershipsOf(setting: Setting): Promise<Membership[]> {
  const { world } = setting;
  const token = await world.searchToken();
  const view = { name: "view" };
  const founded = await foundedByOne(setting);
  const searches: Membership[] = [
    {
      ...{ name: "organizations of an account", of: founded.length, path: "resource", token, expected: founded },
      body: { subject: { type: "account", id: EVERYWHERE }, action: view, resource: { type: "organization" } },
    },
  ];
  for (const count of MEMBERS) {
    const slug = `members-${count}`;
    const founder = await world.found(slug, []);
    await setting.sql("insert into limits select id, 'sectors', $2 from organizations where slug = $1", [
      slug,
      SECTORS + 1,
    ]);
    const sectors = await sectorsOf(setting, { slug, founder }, count === MEMBERS[0] ? SECTORS : 1);
    const members = await join(setting, slug, count);
    await setting.untilApplied();
    const of = count + 1;
    const about = { path: "subject", token, of } as const;
    const resource = { type: "sector", id: sectors[0] ?? "" };
    const subject = { type: "account" };
    searches.push(
      {
        ...about,
        name: "who may view a sector",
        expected: [founder, ...members].sort(),
        body: { subject, action: view, resource },
      },
      {
        ...about,
        name: "who may rename it",
        expected: [founder],
        body: { subject, action: { name: "rename" }, resource },
      },
    );
    if (count !== MEMBERS[0]) continue;
    searches.push({
      ...{ name: "sectors of an organization", of: sectors.length, path: "resource", token, expected: sectors },
      body: { subject: { type: "account", id: members[0] ?? "" }, action: view, resource: { type: "sector" } },
    });
  }
  await setting.vacuum();
  return searches;
}

async function foundedByOne({ world, ...setting }: Setting): Promise<string[]> {
  await setting.sql("update accounts set max_owned_organizations = $2 where alias = $1", [
    EVERYWHERE,
    ORGANIZATIONS * 2,
  ]);
  const slugs = Array.from({ length: ORGANIZATIONS }, (_, index) => `owned-${String(index).padStart(4, "0")}`);
  await inParallel(slugs, AT_ONCE, async (slug) => {
    await world.call(EVERYWHERE, "POST", "/v1/organizations", { slug, name: slug });
  });
  const page = await world.call(EVERYWHERE, "GET", "/v1/me/organizations?page_size=100");
  const before = (page["items"] as { readonly slug: string }[]).map(({ slug }) => slug);
  return [...new Set([...before, ...slugs])].sort();
}

async function sectorsOf(
  { world }: Setting,
  { slug, founder }: { readonly slug: string; readonly founder: string },
  count: number,
): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const path = `/v1/organizations/${slug}/sectors`;
  const made = await inParallel(numbers, AT_ONCE, async (index) => {
    return String((await world.call(founder, "POST", path, { name: `Sector ${index}` }))["id"]);
  });
  const page = await world.call(founder, "GET", `${path}?page_size=100`);
  const before = (page["items"] as { readonly id: string }[]).map(({ id }) => id);
  return [...new Set([...before, ...made])].sort();
}

/** So many viewers more, by alias. */
export async function join(setting: Setting, slug: string, count: number): Promise<string[]> {
  await setting.sql(
    `with made as (
       insert into accounts (id, alias, pseudonym, created_at, updated_at)
       select 'acc-' || $1 || '-' || n, $1 || '-' || lpad(n::text, 5, '0'), 'p-' || $1 || '-' || n, now(), now()
       from generate_series(1, $2::int) n
       returning id
     )
     insert into memberships (organization_id, account_id, role, created_at, updated_at)
     select o.id, made.id, 'viewer', now(), now()
     from made
     cross join organizations o
     where o.slug = $1`,
    [slug, count],
  );
  await setting.sql(
    `with lots as (
       select (n - 1) / $3::int as lot, jsonb_agg(jsonb_build_object('user', 'account:p-' || $1 || '-' || n,
         'relation', 'viewer', 'object', 'organization:' || (select o.id from organizations o where o.slug = $1))) as writes
       from generate_series(1, $2::int) n
       group by lot
     ),
     filed as (
       update organizations
       set version = version + 1, tuples_filed = tuples_filed + (select count(*) from lots)
       where slug = $1
       returning id, version, tuples_filed - (select count(*) from lots) as before
     )
     insert into outbox (organization_id, number, version, writes, deletes, created_at)
     select f.id, f.before + 1 + l.lot, f.version, l.writes, '[]', now()
     from filed f
     cross join lots l`,
    [slug, count, LIMITS.tuplesPerRow],
  );
  return Array.from({ length: count }, (_, index) => `${slug}-${String(index + 1).padStart(5, "0")}`);
}
