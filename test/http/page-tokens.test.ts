import { describe, expect, test } from "@jest/globals";
import { systemRandom } from "../../src/entities/ids.ts";
import { createPageTokens, type Binding } from "../../src/http/page-tokens.ts";

const SECRET = "a secret of at least thirty-two characters";
const alice: Binding = {
  caller: { issuer: "urn:test", subject: "alice" },
  route: "/v1/organizations/:slug/sectors",
  params: { slug: "acme" },
  filters: { action: "sector.rename" },
};
const tokens = createPageTokens(SECRET, systemRandom);

test("a token opens to what was sealed, in any characters", () => {
  for (const after of ["sec-1", "", "ü/\u0000 \u{1f600}", "x".repeat(1000)]) {
    expect(tokens.open(tokens.seal(after, alice), alice)).toBe(after);
  }
});

test("a token is opaque, and two of the same place differ", () => {
  const [one, other] = [tokens.seal("sec-1", alice), tokens.seal("sec-1", alice)];
  expect(one).not.toBe(other);
  expect(one).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("sec-1");
});

test("another gateway of the same secret opens it, one of another secret does not", () => {
  const token = tokens.seal("sec-1", alice);
  expect(createPageTokens(SECRET, systemRandom).open(token, alice)).toBe("sec-1");
  expect(() => createPageTokens(`${SECRET}!`, systemRandom).open(token, alice)).toThrow(
    expect.objectContaining({ code: "INVALID_REQUEST" }),
  );
});

describe("A token is for one caller and one list", () => {
  const others: [string, Binding][] = [
    ["another subject", { ...alice, caller: { issuer: "urn:test", subject: "bob" } }],
    ["another issuer", { ...alice, caller: { issuer: "urn:other", subject: "alice" } }],
    ["another route", { ...alice, route: "/v1/organizations/:slug/members" }],
    ["another organization", { ...alice, params: { slug: "other" } }],
    ["another filter", { ...alice, filters: { action: "sector.retire" } }],
    ["one filter more", { ...alice, filters: { ...alice.filters, actor: "bob" } }],
    ["no filter", { ...alice, filters: {} }],
  ];
  test.each(others)("%s opens nothing with it", (_who, other) => {
    expect(() => tokens.open(tokens.seal("sec-1", alice), other)).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST" }),
    );
  });
});

test.each<[string, object, object]>([
  ["an empty list, an empty object", { context: { a: [] } }, { context: { a: {} } }],
  ["a list of pairs, an object", { context: [["a", 1]] }, { context: { a: 1 } }],
  ["a list, an object that is called so", { context: [1] }, { context: { list: [1] } }],
  ["a list of lists, a list", { context: [[1]] }, { context: [1] }],
  ["an order of a list, another", { context: [1, 2] }, { context: [2, 1] }],
])("%s: what one is narrowed to is not what the other is", (_what, one, other) => {
  const bound = (filters: object): Binding => ({ ...alice, filters });
  for (const [sealed, opened] of [
    [one, other],
    [other, one],
  ] as const) {
    expect(tokens.open(tokens.seal("sec-1", bound(sealed)), bound(sealed))).toBe("sec-1");
    expect(() => tokens.open(tokens.seal("sec-1", bound(sealed)), bound(opened))).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST" }),
    );
  }
});

test("a token that was changed anywhere is refused", () => {
  const token = tokens.seal("sec-1", alice);
  for (let index = 0; index < token.length; index += 1) {
    const changed = token.slice(0, index) + (token.charAt(index) === "A" ? "B" : "A") + token.slice(index + 1);
    expect(() => tokens.open(changed, alice)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  }
});

test("a token with something behind it is refused, whatever its length", () => {
  for (const after of ["", "s", "se", "sec"]) {
    const longer = `${tokens.seal(after, alice)}x`;
    expect(() => tokens.open(longer, alice)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  }
});

test.each([
  ["x"],
  ["!"],
  [" "],
  ["a".repeat(37)],
  [`${tokens.seal("sec-1", alice)}=`],
  [`${tokens.seal("s", alice)}AAAA`],
])("%s is no token", (token) =>
  expect(() => tokens.open(token, alice)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" })),
);
