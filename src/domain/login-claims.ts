import type { ApplicationDocuments } from "../entities/application-documents.ts";

type Claims = Readonly<Record<string, unknown>>;

/** Why no claim leaves with a login that is granted: the person has withdrawn what was shared with the application, and has not consented since. */
export const WITHHELD = "DATA_SHARING_WITHDRAWN" as const;

/** S0.4. A consent that was on its way already when the person withdrew is none to what came after it. */
export function isWithheld(withdrawnAt: Date | null, consentedAt: Date | null): boolean {
  return withdrawnAt !== null && (consentedAt === null || consentedAt < withdrawnAt);
}

interface Known {
  /** Nothing leaves, whatever the policy says. */
  readonly isWithheld: boolean;
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
export function leaving(sent: Claims, { isWithheld: isNone, policy, alias, name }: Known): Leaving {
  if (isNone) return { token: {}, service: {}, names: [] };
  const known: Claims = { ...sent, preferred_username: alias, ...(name !== null && { name }) };
  const of = (names: readonly string[]): Claims =>
    Object.fromEntries(names.filter((each) => Object.hasOwn(known, each)).map((each) => [each, known[each]]));
  const [token, service] = [of(policy.token), of(policy.service)];
  return { token, service, names: Object.keys({ ...token, ...service }).sort() };
}
