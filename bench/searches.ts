import { isDeepStrictEqual } from "node:util";
import { cpuBetween } from "./cpu.ts";
import { type Held, idOf, isSeenBy, libraryOf, READERS } from "./library.ts";
import { quantile } from "./load.ts";
import { join, type Membership, membershipsOf } from "./memberships.ts";
import { othersDuring } from "./secrecy.ts";
import type { Setting } from "./setting.ts";

/** How long a page of fifty takes, and how many requests make it: one that the deadline has cut is asked to go on. */
export interface Searched {
  readonly name: string;
  readonly of: number;
  readonly found: number;
  /** Fewer were found: it was given up. */
  readonly due: number;
  readonly p50: number; // milliseconds until the page is full
  readonly worst: number;
  readonly requests: number;
  /** CPU milliseconds of gateway and engines for a page: a busy machine does not change them much. */
  readonly cpuMs: number;
  /** The part of this machine's CPU time that somebody else used. */
  readonly others: number;
}

/** A search with all that it has to find, in its order. */
export interface Searching {
  readonly name: string;
  /** Things, or accounts, that are there to be looked at. */
  readonly of: number;
  readonly path: "subject" | "resource" | "action";
  readonly body: object;
  readonly token: string;
  readonly expected: readonly string[];
  /** The page begins behind so many of them. */
  readonly from: number;
}

const SIZES = [1_000, 10_000, 100_000] as const;
const NOTES = 10_000;
/** The library with so many documents has so many more members, who may view none. */
const MANY_MEMBERS = { documents: 10_000, members: 10_000 };
const PAGE = 50;
const LARGEST_PAGE = 500;
const LATER = 5_000; // results before a later page
const SAMPLES = 60;
const SECONDS = 4; // at most, unless one sample takes longer
const WARM_UP = 5;
/** A page that is not full by then is given up: how far it came is told. */
const PATIENCE_MS = 20_000;

export async function measureSearches(setting: Setting, report: (line: string) => void): Promise<Searched[]> {
  const asked: Searching[] = [];
  for (const size of SIZES) {
    report(`Searches: filling a library with ${size} documents`);
    asked.push(...(await searchesIn(setting, size)));
  }
  report(`Searches: filling a library with ${NOTES} notes`);
  asked.push(...(await readersIn(setting, "note", NOTES)));
  report("Searches: filling in members");
  asked.push(...(await membershipsOf(setting)).map(ofBuiltIn));
  const found: Searched[] = [];
  for (const each of asked) {
    report(`Searches: ${each.name}, of ${each.of}`);
    found.push(await measured(setting, each));
  }
  return found;
}

function ofBuiltIn({ name, of, path, body, token, expected }: Membership): Searching {
  return { name, of, path, body, token, expected, from: 0 };
}

/** What each reader finds, and on a later page. */
async function readersIn(setting: Setting, type: Held, size: number): Promise<Searching[]> {
  const { token } = await libraryOf(setting, size, type);
  const all = Array.from({ length: size }, (_, index) => index);
  return READERS.flatMap(({ alias, name, every }): Searching[] => {
    const expected = all.filter((index) => isSeenBy(every, index)).map((index) => idOf(type, index));
    const body = { subject: { type: "account", id: alias }, action: { name: "view" }, resource: { type } };
    const search = { of: size, path: "resource", body, token, expected } as const;
    const later = Math.min(LATER, Math.floor(expected.length / 2 / PAGE) * PAGE);
    const first = { ...search, name: `${type}s, ${name}`, from: 0 };
    if (later === 0 || every === READERS[2].every) return [first];
    return [first, { ...search, name: `the same, page ${later / PAGE + 1}`, from: later }];
  });
}

async function searchesIn(setting: Setting, size: number): Promise<Searching[]> {
  const searches = await readersIn(setting, "document", size);
  const { token, slug } = await libraryOf(setting, size);
  if (size === MANY_MEMBERS.documents) {
    await join(setting, slug, MANY_MEMBERS.members);
    await setting.untilApplied();
  }
  const joined = size === MANY_MEMBERS.documents ? MANY_MEMBERS.members : 0;
  const resource = { type: "document", id: idOf("document", 1) };
  const [{ alias }] = READERS;
  return [
    ...searches,
    {
      ...{ name: "who may view a document", of: READERS.length + 1 + joined, path: "subject", token, from: 0 },
      body: { subject: { type: "account" }, action: { name: "view" }, resource },
      expected: [alias],
    },
    {
      ...{ name: "what may be done to it", of: size, path: "action", token, from: 0 },
      body: { subject: { type: "account", id: alias }, resource },
      expected: ["view"],
    },
  ];
}

async function measured(setting: Setting, search: Searching): Promise<Searched> {
  const start = await tokenAt(setting.gatewayUrl, search);
  const expected = search.expected.slice(search.from, search.from + PAGE);
  const times: number[] = [];
  let [requests, found, pages] = [0, 0, 0];
  const [before, startedAt] = [setting.cpu(), performance.now()];
  for (let sample = -WARM_UP; sample < SAMPLES; sample += 1) {
    const spent = (performance.now() - startedAt) / 1_000;
    if (times.length > 0 && spent > SECONDS) break;
    const from = performance.now();
    const page = await pageFrom(setting.gatewayUrl, search, { token: start, limit: PAGE });
    const ms = performance.now() - from;
    const due = page.isGivenUp ? expected.slice(0, page.found.length) : expected;
    if (!isPage(search, page.found, due)) {
      throw new Error(`${search.name} of ${search.of} found ${page.found.join(" ")}\n not ${expected.join(" ")}`);
    }
    requests = page.requests;
    found = page.found.length;
    pages += 1;
    if (sample >= 0 || ms > (SECONDS * 1_000) / WARM_UP) times.push(ms);
  }
  const after = setting.cpu();
  const others = othersDuring(before, after, performance.now() - startedAt);
  const ours = Object.entries(cpuBetween(before, after)).filter(([process]) => !["machine", "bench"].includes(process));
  const cpuMs = ours.reduce((sum, [, ms]) => sum + ms, 0) / pages;
  const { name, of } = search;
  const figures = Float64Array.from(times);
  return {
    name,
    of,
    found,
    due: expected.length,
    p50: quantile(figures, 0.5),
    worst: quantile(figures, 1),
    requests,
    cpuMs,
    others,
  };
}

/** Are these all that are due? People come in an order that nobody sees. */
function isPage({ path, expected }: Searching, found: readonly string[], due: readonly string[]): boolean {
  if (path !== "subject") return isDeepStrictEqual(found, due);
  const [all, each] = [new Set(expected), new Set(found)];
  return each.size === due.length && found.length === due.length && found.every((id) => all.has(id));
}

interface Page {
  readonly found: readonly string[];
  readonly requests: number;
  readonly next: string;
  readonly isGivenUp: boolean;
}

/** The token of the page behind `from` results. */
async function tokenAt(origin: string, search: Searching): Promise<string> {
  let [token, count] = ["", 0];
  while (count < search.from) {
    const limit = Math.min(LARGEST_PAGE, search.from - count);
    const page = await pageFrom(origin, search, { token, limit });
    count += page.found.length;
    token = page.next;
  }
  return token;
}

async function pageFrom(
  origin: string,
  { path, body, token: credential }: Searching,
  { token, limit }: { readonly token: string; readonly limit: number },
): Promise<Page> {
  const found: string[] = [];
  const end = performance.now() + PATIENCE_MS;
  let [next, requests] = [token, 0];
  do {
    const response = await fetch(`${origin}/access/v1/search/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
      body: JSON.stringify({ ...body, page: { limit: limit - found.length, ...(next !== "" && { token: next }) } }),
    });
    if (!response.ok) throw new Error(`a search answered ${response.status}: ${await response.text()}`);
    const answer = (await response.json()) as Answer;
    found.push(...answer.results.map(({ id, name }) => id ?? name ?? ""));
    next = answer.page.next_token;
    requests += 1;
  } while (found.length < limit && next !== "" && performance.now() < end);
  return { found, requests, next, isGivenUp: found.length < limit && next !== "" };
}

interface Answer {
  readonly results: readonly { readonly id?: string; readonly name?: string }[];
  readonly page: { readonly next_token: string };
}
