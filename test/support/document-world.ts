import type { Tuple } from "../../src/entities/tuples.ts";
import type { Answered, Person, TestGateway } from "./gateway.ts";
import { foundOrganization, must } from "./world.ts";

/** An organization of the example's document tree, and the service that keeps its entities. */
export interface Documents {
  readonly slug: string;
  readonly organization: string; // its id
  readonly keeper: Person;
  /** Of an entity's route: `${base}/document/d-1` */
  readonly base: string;
  /** Sends lines to a gateway, its own if not another; gives what the import tells. */
  store(lines: readonly Line[], url?: string): Promise<Told[]>;
  ask(alias: string, action: string, document: string, url?: string): Promise<Answered>;
  may(alias: string, action: string, document: string, url?: string): Promise<unknown>;
  /** What the graph calls it. */
  objectOf(type: string, id: string): Promise<string>;
}

export interface Line {
  readonly type: string;
  readonly id: string;
  readonly attributes?: object;
  readonly relations?: Readonly<Record<string, readonly object[]>>;
}

export type Told = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const account = (id: string): object => ({ type: "account", id });

/** A document that is shared with these accounts, in no folder. */
export function documentLine(id: string, ...readers: readonly string[]): Line {
  const attributes = { title: id, state: "open", classification: "internal" };
  return { type: "document", id, attributes, relations: { shared_with: readers.map(account) } };
}

let keepers = 0;

export async function foundDocuments(at: TestGateway, owner: Person): Promise<Documents> {
  const slug = await foundOrganization(owner);
  await at.sql("update accounts set max_owned_organizations = 1000");
  const [row] = await at.sql<{ id: string }>("select id from organizations where slug = $1", [slug]);
  const organization = row?.id ?? "";
  keepers += 1;
  const scopes = ["entities:write", "authz:evaluate", "authz:search"];
  const keeper = await at.service(`keeper-${keepers}`, { scopes, organizations: [slug] });
  const base = `/v1/organizations/${slug}/entities`;
  const ask: Documents["ask"] = async (alias, action, document, url = at.url) => {
    const question = {
      subject: { type: "account", id: alias },
      action: { name: action },
      resource: { type: "document", id: document },
    };
    return await keeper.at(url).post(`/o/${slug}/access/v1/evaluation`, question);
  };
  return {
    ...{ slug, organization, keeper, base, ask },
    store: async (lines, url = at.url) => await sendLines(`${url}${base}`, keeper, lines),
    may: async (...asked) => must(await ask(...asked), 200).body["decision"],
    objectOf: async (type, id) => {
      const [found] = await at.sql<{ surrogate: string }>(
        "select surrogate from entities where organization_id = $1 and type = $2 and id = $3",
        [organization, type, id],
      );
      return `${type}:${found?.surrogate ?? "none"}`;
    },
  };
}

/** Throws where the import is not even begun. */
export async function sendLines(url: string, { token }: Person, lines: readonly Line[]): Promise<Told[]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

/** What points to the account, in graph terms, of all that the store holds. */
export function pointingTo(tuples: readonly Tuple[], pseudonym: string): Tuple[] {
  return tuples.filter(({ user }) => user === `account:${pseudonym}`);
}
