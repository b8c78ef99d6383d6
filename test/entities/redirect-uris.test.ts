/** Where the logins of each kind of application may lead back to. */
import { expect, test } from "@jest/globals";
import { APPLICATION_KINDS, type ApplicationKind } from "../../src/entities/kinds.ts";
import { redirectProblem } from "../../src/entities/redirect-uris.ts";

/** By address: the kinds that may have it. */
const ADDRESSES: readonly (readonly [uri: string, kinds: readonly ApplicationKind[]])[] = [
  ["https://shop.example.com/in", ["web", "game", "oidc"]],
  ["https://shop.example.com/", ["web", "game", "oidc"]],
  ["https://shop.example.com:8443/in?from=bailiwick", ["web", "game", "oidc"]],
  ["http://localhost:3000/in", ["web", "oidc"]],
  ["http://127.0.0.1:3000/in", ["web", "oidc"]],
  ["http://[::1]:3000/in", ["web", "oidc"]],
  ["http://127.0.0.1/in", ["web", "game", "cli", "oidc"]],
  ["http://[::1]/in", ["web", "game", "cli", "oidc"]],
  ["http://localhost/in", ["web", "oidc"]],
  ["com.example.game:/in", ["game"]],
  ["com.example.game:in", ["game"]],
  ["com.example.game://host/in", []],
  ["game:/in", []],
  ["http://shop.example.com/in", []],
  ["http://127.0.0.2/in", []],
  ["http://localhost.example.com/in", []],
  ["javascript:alert(1)", []],
  ["data:text/html,in", []],
  ["file:///in", []],
  ["ftp://shop.example.com/in", []],
];

test.each(ADDRESSES)("%s may be of: %p", (uri, kinds) => {
  expect(APPLICATION_KINDS.filter((kind) => redirectProblem(kind, uri) === null)).toEqual(kinds);
});

/** Of no kind, and why. */
const REFUSED: readonly (readonly [uri: string, why: string])[] = [
  ["", "absolute"],
  ["/in", "absolute"],
  ["shop.example.com/in", "absolute"],
  ["https://", "absolute"],
  ["https://shop.example.com/in#part", "fragment"],
  ["https://shop.example.com/in#", "fragment"],
  ["https://*.example.com/in", "wildcard"],
  ["https://shop.example.com/*", "wildcard"],
  ["https://alice@shop.example.com/in", "user"],
  ["https://alice:secret@shop.example.com/in", "user"],
  ["https://shop.example.com", "normal form"],
  ["HTTPS://shop.example.com/in", "normal form"],
  ["https://SHOP.example.com/in", "normal form"],
  ["https://shop.example.com:443/in", "normal form"],
  ["https://shop.example.com/a/../in", "normal form"],
  ["https://shop.example.com/%2e%2e/in", "normal form"],
  ["https:shop.example.com/in", "normal form"],
  ["https:\\\\shop.example.com\\in", "normal form"],
  ["https://shop.example.com/i n", "normal form"],
];

test.each(REFUSED)("%p is of no kind: %s", (uri, why) => {
  for (const kind of APPLICATION_KINDS) {
    const problem = redirectProblem(kind, uri) ?? "";
    expect([kind, problem]).toEqual([
      kind,
      expect.stringContaining(kind === "cli" && why === "normal form" ? "http" : why),
    ]);
    expect(problem).not.toContain("example.com/in");
  }
});
