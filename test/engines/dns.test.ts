/** What the DNS says, and what it is when it says nothing: a real one, on the loopback. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createTextLookup } from "../../src/engines/dns.ts";
import type { LookUpTexts } from "../../src/entities/adopted-domains.ts";
import { startDns, type TestDns } from "../support/dns.ts";

const PATIENCE_MS = 5_000;
const NAME = "_bailiwick-challenge.acme.example.com";
const NOBODY = "127.0.0.1:9"; // the port of "discard"

let dns: TestDns;
let lookUp: LookUpTexts;
beforeAll(async () => {
  dns = await startDns();
  lookUp = createTextLookup([dns.address]);
});
afterAll(async () => await dns.close());

describe("the texts of a name", () => {
  test("are those of all its TXT records, in whatever order", async () => {
    dns.says(NAME, { texts: ["one", "two", ""] });
    expect([...(await lookUp(NAME, PATIENCE_MS))].sort()).toEqual(["", "one", "two"]);
  });

  test("are joined where one is written in several strings", async () => {
    const long = "x".repeat(255);
    dns.says(NAME, {
      texts: [
        ["bailiwick-", "domain-", "verification=7"],
        [long, long, "y"],
      ],
    });
    expect([...(await lookUp(NAME, PATIENCE_MS))].sort()).toEqual([
      "bailiwick-domain-verification=7",
      `${long}${long}y`,
    ]);
  });

  test("are none where there is no such name, or nothing of that type at it", async () => {
    dns.forgets(NAME);
    expect(await lookUp(NAME, PATIENCE_MS)).toEqual([]);
    dns.says(NAME, { trouble: "nodata" });
    expect(await lookUp(NAME, PATIENCE_MS)).toEqual([]);
  });

  test("are asked for over TCP where they do not fit in a datagram", async () => {
    const texts = Array.from({ length: 40 }, (_, n) => `${n}:${"x".repeat(200)}`);
    dns.says("long.example.com", { texts, trouble: "truncated" });
    expect([...(await lookUp("long.example.com", PATIENCE_MS))].sort()).toEqual(texts.sort());
    expect(dns.asked("long.example.com")).toBe(2);
  });

  test("are waited for", async () => {
    dns.says(NAME, { texts: ["late"], afterMs: 300 });
    expect(await lookUp(NAME, PATIENCE_MS)).toEqual(["late"]);
  });

  test("are those of now: what was answered before is asked for again", async () => {
    dns.says(NAME, { texts: ["before"] });
    expect(await lookUp(NAME, PATIENCE_MS)).toEqual(["before"]);
    dns.says(NAME, { texts: ["now"] });
    expect(await lookUp(NAME, PATIENCE_MS)).toEqual(["now"]);
  });

  test("come from another server where the first is not there", async () => {
    dns.says(NAME, { texts: ["second"] });
    expect(await createTextLookup([NOBODY, dns.address])(NAME, PATIENCE_MS)).toEqual(["second"]);
  });
});

describe("no answer is neither a text nor none", () => {
  test.each(["servfail", "refused"] as const)("%s", async (trouble) => {
    dns.says(NAME, { trouble });
    await expect(lookUp(NAME, PATIENCE_MS)).rejects.toMatchObject({ code: "DNS_UNAVAILABLE" });
  });

  test("silence: it is asked twice, and given up", async () => {
    dns.says("silent.example.com", { trouble: "silent" });
    await expect(lookUp("silent.example.com", 400)).rejects.toMatchObject({ code: "DNS_UNAVAILABLE" });
    expect(dns.asked("silent.example.com")).toBe(2);
  });

  test("an answer that comes after the patience is over", async () => {
    dns.says(NAME, { texts: ["too late"], afterMs: 1_500 });
    await expect(lookUp(NAME, 200)).rejects.toMatchObject({ code: "DNS_UNAVAILABLE" });
  });

  test("nobody listens", async () => {
    await expect(createTextLookup([NOBODY])(NAME, 1_000)).rejects.toMatchObject({ code: "DNS_UNAVAILABLE" });
  });
});
