import type { ApplicationDocuments } from "../entities/application-documents.ts";

type Claims = Readonly<Record<string, unknown>>;

interface Known {
  readonly policy: ApplicationDocuments["claims"];
  readonly alias: string;
  /** Of the profile; null: the person has not said. */
  readonly name: string | null;
}

interface Leaving {
  readonly token: Claims;
  readonly service: Claims;
  /** Of all of them, for the person who wants to know (S0.4). */
  readonly names: readonly string[];
}

/** What the claim policy lets out (S0.23) of what the service vouches for, and of the profile, which goes before it (OpenID Connect Core, 5.1). */
export function leaving(sent: Claims, { policy, alias, name }: Known): Leaving {
  const known: Claims = { ...sent, preferred_username: alias, ...(name !== null && { name }) };
  const of = (names: readonly string[]): Claims =>
    Object.fromEntries(names.filter((each) => Object.hasOwn(known, each)).map((each) => [each, known[each]]));
  const [token, service] = [of(policy.token), of(policy.service)];
  return { token, service, names: Object.keys({ ...token, ...service }).sort() };
}
