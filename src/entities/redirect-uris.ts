import type { ApplicationKind } from "./kinds.ts";

/** What is wrong with an address to which a login of an application of this kind would lead back; null: nothing. Never repeats what was sent. */
export function redirectProblem(kind: ApplicationKind, text: string): string | null {
  if (!URL.canParse(text)) return "expected an absolute URI";
  const uri = new URL(text);
  if (text.includes("#")) return "expected no fragment (RFC 6749, 3.1.2)";
  if (text.includes("*")) return "expected no wildcard: addresses are compared as they are";
  if (uri.username !== "" || uri.password !== "") return "expected neither user nor password";
  const mistaken = EXPECTED[kind].some((fits) => fits(uri)) ? null : WORDS[kind];
  if (mistaken !== null) return mistaken;
  // Two ways to write one address would be two addresses to who compares them.
  return uri.href === text
    ? null
    : "expected its normal form: a path after the host, lower case before it, no dots in it";
}

/** https, or http to this machine itself, by name or by address. */
export function isSecureOrLocal(uri: URL): boolean {
  return isSecure(uri) || isLocal(uri);
}

type Fits = (uri: URL) => boolean;

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]"]);

const isSecure: Fits = ({ protocol }) => protocol === "https:";
const isLocal: Fits = ({ protocol, hostname }) =>
  protocol === "http:" && (LOOPBACK.has(hostname) || hostname === "localhost");
/** RFC 8252, 7.3 and 8.3: an address and not a name, at whatever port is free then. */
const isLoopback: Fits = ({ protocol, hostname, port }) =>
  protocol === "http:" && LOOPBACK.has(hostname) && port === "";
/** RFC 8252, 7.1: a domain of one's own, backwards. */
const isPrivateUse: Fits = ({ protocol, host }) => /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol) && host === "";

const EXPECTED: Readonly<Record<ApplicationKind, readonly Fits[]>> = {
  web: [isSecureOrLocal],
  oidc: [isSecureOrLocal],
  cli: [isLoopback],
  game: [isSecure, isLoopback, isPrivateUse],
};

const WORDS: Readonly<Record<ApplicationKind, string>> = {
  web: "expected https, or http on localhost, 127.0.0.1 or [::1]",
  oidc: "expected https, or http on localhost, 127.0.0.1 or [::1]",
  cli: "expected http on 127.0.0.1 or [::1] without a port: any will do (RFC 8252, 7.3)",
  game: "expected https, a scheme such as com.example.game:/ (RFC 8252, 7.1), or http on 127.0.0.1 or [::1] without a port",
};
