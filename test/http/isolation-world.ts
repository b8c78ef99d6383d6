import { type Answered, type Person, type TestGateway } from "../support/gateway.ts";
import { addMember, foundOrganization, must, undrawn } from "../support/world.ts";

/** Two organizations whose things have the same ids and hang together alike; people and attributes differ. */
export interface Twins {
  readonly one: Twin;
  readonly other: Twin;
  /** Of both, of neither. */
  readonly bob: Person;
  readonly eve: Person;
  /** Keeps the entities of both. */
  readonly keeper: Person;
}

export interface Twin {
  readonly slug: string;
  /** May everything there, and is bound to it alone. */
  readonly service: Person;
  /** A member here and nowhere else. */
  readonly own: Person;
  readonly owner: Person;
  /** Of one who is a member of neither. */
  readonly invitation: string;
}

const SCOPES = ["authz:evaluate", "authz:search", "authz:explain", "entities:write"];
/** Stored in one of them alone; in the other nothing may tell of it. */
export const ONLY = "only-there";

export async function makeTwins(gateway: TestGateway): Promise<Twins> {
  const [alice, bob, eve] = await Promise.all(["alice", "bob", "eve"].map(async (name) => await gateway.person(name)));
  if (alice === undefined || bob === undefined || eve === undefined) throw new Error("nobody is there");
  const twin = async (name: string): Promise<Twin> => {
    const slug = await foundOrganization(alice);
    const own = await gateway.person(name);
    for (const person of [bob, own]) await addMember(alice, slug, person, "viewer");
    const service = await gateway.service(`of-${name}`, { scopes: SCOPES, organizations: [slug] });
    const frida = await gateway.person("frida");
    const invited = await alice.post(`/v1/organizations/${slug}/invitations`, { alias: frida.alias, role: "viewer" });
    return { slug, service, own, owner: alice, invitation: String(must(invited, 201).body.id) };
  };
  const [one, other] = [await twin("carl"), await twin("dora")];
  const keeper = await gateway.service("keeper", { scopes: SCOPES, organizations: [one.slug, other.slug] });
  return { one, other, bob, eve, keeper };
}

export const DOCUMENTS_OF_EACH = ["d1", "d2", "d3", "d4"];

/** The same ids in both; in the first everything is open to Bob and its own member, in the other it is locked and confidential. */
export function linesOf({ own }: Twin, isFirst: boolean): object[] {
  const title = isFirst ? "First" : "Other";
  const account = (person: { readonly alias: string }): object => ({ type: "account", id: person.alias });
  const members = isFirst ? [account({ alias: "bob" })] : [account(own)];
  const facts = { title, state: isFirst ? "open" : "locked", classification: isFirst ? "internal" : "confidential" };
  const within = { folder: [{ type: "folder", id: "f" }], author: [account(own)] };
  const lines = [
    { type: "group", id: "g", attributes: { title }, relations: { member: members } },
    { type: "project", id: "p", attributes: { title, state: isFirst ? "active" : "closed" }, relations: {} },
    {
      ...{ type: "folder", id: "f", attributes: { title } },
      relations: {
        project: [{ type: "project", id: "p" }],
        shared_with: [{ type: "group", id: "g", relation: "member" }],
      },
    },
    ...DOCUMENTS_OF_EACH.map((id) => ({ type: "document", id, attributes: facts, relations: within })),
  ];
  if (isFirst) return lines;
  return [...lines, { type: "document", id: ONLY, attributes: { ...facts, title: ONLY }, relations: within }];
}

/** Sends NDJSON; gives the report. */
export async function importLines(url: string, by: Person, at: string, lines: readonly object[]): Promise<Answered> {
  const response = await fetch(`${url}/v1/organizations/${at}`, {
    method: "POST",
    headers: { authorization: `Bearer ${by.token}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  const { status, headers } = response;
  return { status, headers, text: await response.text(), body: {} };
}

/** What an answer says, without what is drawn for each; of what is stored by a dry run alone the time is one's own. */
export function told({ status, headers, text }: Answered): string {
  const timeless = headers.has("bailiwick-dry-run")
    ? text.replaceAll(/"(created|updated)At":"[^"]+"/g, '"$1At":"…"')
    : text;
  const bare = undrawn({ text: timeless }).replaceAll(/"(next_token|next_page_token)":"[^"]+"/g, '"$1":"…"');
  return `${status} ${headers.get("etag") ?? ""} ${bare}`;
}

interface Asking {
  readonly url: string;
  readonly by: Person;
  readonly slug: string;
  /** "" or `/o/{slug}` */
  readonly at: string;
}

const ACTIONS = ["view", "edit", "unlock"];

/** Checks of every form about every thing and these people. */
export async function askEverything({ by, at }: Asking, aliases: readonly string[]): Promise<string[]> {
  const answers: Answered[] = [];
  const account = (id: string): object => ({ type: "account", id });
  for (const alias of aliases) {
    const subject = account(alias);
    const evaluations = [...DOCUMENTS_OF_EACH, ONLY, "nothing"].flatMap((id) =>
      ACTIONS.map((name) => ({ action: { name }, resource: { type: "document", id } })),
    );
    answers.push(await by.post(`${at}/access/v1/evaluations`, { subject, evaluations }));
    for (const id of ["d1", ONLY]) {
      const question = { subject, action: { name: "view" }, resource: { type: "document", id } };
      answers.push(await by.post(`${at}/access/v1/evaluation`, question));
      answers.push(await by.post(`${at}/v1/explain`, question));
      answers.push(await by.post(`${at}/access/v1/search/action`, { subject, resource: question.resource }));
    }
    for (const type of ["project", "folder", "document"]) {
      const question = { subject, action: { name: "view" }, resource: { type } };
      answers.push(...(await searchAll(by, `${at}/access/v1/search/resource`, question)));
    }
  }
  for (const id of ["d1", ONLY]) {
    const question = { subject: { type: "account" }, action: { name: "view" }, resource: { type: "document", id } };
    answers.push(...(await searchAll(by, `${at}/access/v1/search/subject`, question)));
  }
  return answers.map(told);
}

/** Checks of every form about the built-in kinds that tell of people; by services, for who asks about itself may know more. */
export async function askAboutPeople({ by, at }: Asking, { slug, invitation }: Twin): Promise<string[]> {
  const things = [
    ...["bob", "alice"].map((alias) => ["member", `${slug}/${alias}`, "grant_owner"] as const),
    ...[["organization", slug, "view"] as const, ["invitation", invitation, "accept"] as const],
  ];
  const answers: Answered[] = [];
  for (const [type, id, name] of things) {
    const question = { subject: { type: "account", id: "bob" }, action: { name }, resource: { type, id } };
    answers.push(await by.post(`${at}/access/v1/evaluation`, question));
    answers.push(await by.post(`${at}/access/v1/evaluations`, { evaluations: [question] }));
    answers.push(await by.post(`${at}/v1/explain`, question));
    answers.push(await by.post(`${at}/access/v1/search/action`, question));
    answers.push(...(await searchAll(by, `${at}/access/v1/search/resource`, question)));
    const who = { ...question, subject: { type: "account" } };
    answers.push(...(await searchAll(by, `${at}/access/v1/search/subject`, who)));
  }
  return answers.map(told);
}

/** All pages, small ones. */
async function searchAll(by: Person, at: string, question: object): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (let token: string | undefined = ""; token !== undefined && answers.length < 20;) {
    const answer = await by.post(at, { ...question, page: { limit: 2, token } });
    answers.push(answer);
    const { next_token: next = "" } = (answer.body["page"] ?? {}) as { next_token?: string };
    token = next === "" ? undefined : next;
  }
  return answers;
}

/** Lists, filters, exports, single things, import reports and refusals. */
export async function readEverything({ url, by, slug }: Asking): Promise<string[]> {
  const base = `/v1/organizations/${slug}/entities`;
  const answers: Answered[] = [];
  for (const query of [
    "document?page_size=2",
    "document?attribute=title%3DFirst",
    "document?attribute=title%3DOther",
    `document?attribute=title%3D${ONLY}`,
    "document?related=folder:folder:f",
    "document?related=author:account:dora",
    "folder?related=shared_with:group:g",
    "group?related=member:account:bob",
  ]) {
    for (let token = "", pages = 0; pages < 20; pages += 1) {
      const answer = await by.get(`${base}/${query}${token === "" ? "" : `&page_token=${token}`}`);
      answers.push(answer);
      token = answer.body.next_page_token ?? "";
      if (token === "") break;
    }
  }
  for (const path of ["document/d1", `document/${ONLY}`, "document/nothing", "group/g"]) {
    answers.push(await by.get(`${base}/${path}`));
  }
  answers.push(await by.get(base), await by.get(`${base}?type=document`));
  const facts = { title: "T", state: "open", classification: "internal" };
  const related = (alias: string): object => ({ author: [{ type: "account", id: alias }] });
  const lines = ["carl", "dora", "eve", "nobody-at-all"].flatMap((alias) => [
    { type: "document", id: ONLY, attributes: facts, relations: related(alias) },
    { type: "document", id: "d1", attributes: facts, relations: related(alias) },
  ]);
  answers.push(await importLines(url, by, `${slug}/entities?dryRun=true`, lines));
  for (const id of ["d1", ONLY, "nothing"]) {
    const at = `${base}/document/${id}?dryRun=true`;
    answers.push(await by.patch(at, { relate: related("dora") }));
    answers.push(await by.patch(at, { attributes: { state: "lost" } }));
    answers.push(await by.put(at, { attributes: facts }, { "if-match": '"7"' }));
    answers.push(await by.put(at, { attributes: facts }));
    answers.push(await by.delete(at));
  }
  return answers.map(told);
}

/** What its Owner sees of what was done. */
export async function auditOf({ owner, slug }: Twin): Promise<string> {
  return told(must(await owner.get(`/v1/organizations/${slug}/audit?page_size=100`), 200));
}
