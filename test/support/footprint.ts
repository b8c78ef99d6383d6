import type { Stores } from "./graph.ts";
import { readStore } from "./graph.ts";

/** All that ledger and graph hold, in a form that can be compared. */
export interface Footprint {
  /** Each table's rows and the hash of their content; of each sequence, where it is. */
  readonly ledger: readonly object[];
  readonly waiting: number; // outbox rows
  readonly tuples: readonly string[];
  /** How many changes OpenFGA's own log has. */
  readonly changes: number;
}

export interface Tracker {
  footprint(): Promise<Footprint>;
}

/** Reads what is new in OpenFGA's log each time, and all of the rest. */
export function track(stores: Stores): Tracker {
  const log = { token: "", changes: 0 };
  let statement: string | undefined;
  return {
    footprint: async () => {
      statement ??= await ledgerStatement(stores);
      await readNews(stores, log);
      const [outbox] = await stores.sql<{ count: number }>("select count(*)::int as count from outbox");
      const tuples = (await readStore(stores.storeId, stores.engines.openfga)).map(
        ({ user, relation, object }) => `${object}#${relation}@${user}`,
      );
      return {
        ledger: await stores.sql<object>(statement),
        waiting: outbox?.count ?? -1,
        tuples: tuples.sort(),
        changes: log.changes,
      };
    },
  };
}

/** Every table that there is, so that a new one is held to it too. */
async function ledgerStatement({ sql }: Stores): Promise<string> {
  const tables = await sql<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1",
  );
  const hashes = tables.map(
    ({ name }) => `
      select '${name}' as name, count(*)::text as rows, md5(coalesce(string_agg(t::text, ' ' order by t::text), '')) as hash
      from ${name} t`,
  );
  const sequences = "select sequencename, last_value::text, '' from pg_sequences";
  return `${[...hashes, sequences].join(" union all ")} order by name`;
}

const PAGE = 100;

async function readNews({ storeId, engines }: Stores, log: { token: string; changes: number }): Promise<void> {
  const { apiUrl, presharedKey } = engines.openfga;
  for (;;) {
    const query = `page_size=${PAGE}&continuation_token=${encodeURIComponent(log.token)}`;
    const response = await fetch(`${apiUrl}/stores/${storeId}/changes?${query}`, {
      headers: { authorization: `Bearer ${presharedKey}` },
    });
    if (!response.ok) throw new Error(`OpenFGA answered ${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { changes: unknown[]; continuation_token: string };
    log.changes += page.changes.length;
    if (page.continuation_token !== "") log.token = page.continuation_token;
    if (page.changes.length < PAGE) return;
  }
}
