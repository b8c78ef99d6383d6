import { Agent } from "node:http";
import { quantile } from "./load.ts";
import { othersDuring, timed } from "./secrecy.ts";
import type { Setting } from "./setting.ts";

/** Does a page of the audit log take as long in a long log as in a short one, wherever it is and whatever it is filtered by? */
export interface Listing {
  readonly name: string;
  /** Milliseconds, in a log of each length. */
  readonly logs: readonly { readonly events: number; readonly p50: number; readonly p99: number }[];
  /** The part of this machine's CPU time that somebody else used. */
  readonly others: number;
}

const LENGTHS = [1_000, 100_000] as const;
const SAMPLES = 400; // of each page
const WARM_UP = 50;
const PAGE = "page_size=50";

interface Log {
  readonly events: number;
  readonly path: string;
  readonly token: string;
  readonly member: string;
}

export async function measureLists(setting: Setting, report: (line: string) => void): Promise<Listing[]> {
  const logs: Log[] = [];
  for (const [index, events] of LENGTHS.entries()) {
    const organization = setting.world.organizations[index];
    if (organization === undefined) throw new Error("the bench has too few organizations");
    const { slug, owners, viewer } = organization;
    report(`Lists: filling a log with ${events} events, and going to its last page`);
    await fill(setting, slug, events);
    const token = await setting.world.tokenOf(owners[0]);
    logs.push({ events, path: `/v1/organizations/${slug}/audit`, token, member: viewer });
  }
  await setting.vacuum();
  const lasts = await Promise.all(logs.map(async (log) => await lastPage(setting.gatewayUrl, log)));
  const queries: readonly [name: string, query: (log: Log, index: number) => string][] = [
    ["first page", () => ""],
    ["last page", (_log, index) => `&page_token=${lasts[index] ?? ""}`],
    ["by action", () => "&action=sector.retire"],
    ["by actor", ({ member }) => `&actor=${member}`],
    ["by member", ({ member }) => `&target_kind=member&target_id=${member}`],
    ["by kind", () => "&target_kind=sector"],
    ["until the middle", () => "&until=2026-01-01T00:00:00Z"],
    ["by action and time", () => "&action=sector.retire&until=2026-01-01T00:00:00Z"],
  ];
  const found: Listing[] = [];
  for (const [name, query] of queries) {
    report(`Lists: ${name}`);
    const paths = logs.map((log, index) => ({ log, path: `${log.path}?${PAGE}${query(log, index)}` }));
    found.push({ name, ...(await measured(setting, paths)) });
  }
  return found;
}

/** One connection, one page at a time, the logs in turns: what changes with time falls on all of them. */
async function measured(
  setting: Setting,
  asked: readonly { readonly log: Log; readonly path: string }[],
): Promise<Pick<Listing, "logs" | "others">> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times = asked.map(() => new Float64Array(SAMPLES));
  const [before, startedAt] = [setting.cpu(), performance.now()];
  try {
    for (let sample = -WARM_UP; sample < SAMPLES; sample += 1) {
      for (const [index, { log, path }] of asked.entries()) {
        const probe = { name: "lists", token: log.token, method: "GET", status: 200 } as const;
        const ms = await timed(setting.gatewayUrl, agent, probe, { path });
        const of = times[index];
        if (sample >= 0 && of !== undefined) of[sample] = ms;
      }
    }
  } finally {
    agent.destroy();
  }
  const others = othersDuring(before, setting.cpu(), performance.now() - startedAt);
  const logs = asked.map(({ log: { events } }, index) => {
    const of = times[index] ?? new Float64Array();
    return { events, p50: quantile(of, 0.5), p99: quantile(of, 0.99) };
  });
  return { logs, others };
}

/** The token of the page that is the last; throws when the pages together are not as many events as there are. */
async function lastPage(origin: string, { path, token, events }: Log): Promise<string> {
  let [at, count] = ["", 0];
  for (;;) {
    const response = await fetch(`${origin}${path}?page_size=100&page_token=${at}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { readonly items: unknown[]; readonly next_page_token: string };
    count += page.items.length;
    if (page.next_page_token === "") break;
    at = page.next_page_token;
  }
  if (count < events) throw new Error(`${count} events were listed of ${events}`);
  return at;
}

/** Over a year until the end of 2026, by the members in turn; one event in a hundred is about a sector. */
async function fill(setting: Setting, slug: string, events: number): Promise<void> {
  await setting.sql(
    `insert into audit_pseudonyms
     select m.organization_id, m.account_id, 'a-bench-' || m.organization_id || '-' || m.account_id
     from memberships m
     join organizations o on o.id = m.organization_id
     where o.slug = $1
     on conflict do nothing`,
    [slug],
  );
  await setting.sql(
    `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
     select o.id, 1, n, timestamptz '2025-07-01' + n * (interval '360 days' / $2::int), 'account', p.names[1 + n % cardinality(p.names)],
       case when n % 100 = 0 then 'sector.retire' else 'member.change_role' end,
       case when n % 100 = 0 then 'sector' else 'member' end,
       case when n % 100 = 0 then 'sec-one' else p.names[1 + n / 2 % cardinality(p.names)] end
     from organizations o
     cross join lateral (select array_agg(pseudonym) as names from audit_pseudonyms where organization_id = o.id) p
     cross join generate_series(1, $2::int) n
     where o.slug = $1`,
    [slug, events],
  );
}
