import { describe, expect, test } from "@jest/globals";
import { canonicalDomain, DOMAIN_PATTERN, proofOf } from "../../src/entities/adopted-domains.ts";
import { LIMITS } from "../../src/entities/limits.ts";

const LABEL = "x".repeat(63);
/** As many characters as a name may have that can be proved. */
const longest = `${LABEL}.${LABEL}.${LABEL}.${"x".repeat(LIMITS.domainCharacters - 3 * 64 - 4)}.com`;

describe("the canonical form of a domain", () => {
  test.each([
    ["acme.example.com", "acme.example.com"],
    ["ACME.Example.COM", "acme.example.com"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["BÜCHER.example", "xn--bcher-kva.example"],
    ["例え.jp", "xn--r8jz45g.jp"],
    ["acme。example。com", "acme.example.com"],
    ["1.example.com", "1.example.com"],
    ["acme.test", "acme.test"],
    [longest, longest],
  ])("of %s is %s", (text, domain) => {
    expect(canonicalDomain(text)).toBe(domain);
    expect(canonicalDomain(domain)).toBe(domain);
    expect(domain).toMatch(DOMAIN_PATTERN);
  });

  test.each([
    ...["", "com", "acme", "acme.", ".com", "acme.example.com.", "acme..com", "*.example.com", "_dmarc.example.com"],
    ...["-acme.com", "acme-.com", "acme.c", "192.0.2.1", "0x7f.1", "2130706433", "[::1]", "::1", "acme.123"],
    ...["acme.com:53", "https://acme.com", "acme.com/x", "me@acme.com", "acme.com?", "acme.com#", "a%63me.com"],
    ...["acme .com", "acme.com\n", "acme\u0000.com", "acme.com\\", "\ud800.com", "xn--.com"],
    ...["localhost", "a.localhost", "printer.local", "a.invalid", "a.onion", "a.alt"],
    ...[`${LABEL}x.com`, `x${longest}`],
  ])("there is none of %j", (text) => {
    expect(canonicalDomain(text)).toBeNull();
  });
});

test("the record of the longest domain is one that the DNS can have", () => {
  const { name, type, value } = proofOf(longest, "0".repeat(32));
  expect([longest.length, name.length, type, value.length <= 255]).toEqual([232, 253, "TXT", true]);
});
