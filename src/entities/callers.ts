/** The issuer that exists on a developer's machine only; under NODE_ENV=production its tokens are nobody's. */
export const DEVELOPMENT_ISSUER = "urn:bailiwick:development";
export const DEVELOPMENT_AUDIENCE = "bailiwick";

/** Who calls, as far as the verified token tells. Whether it is a person or a registered client, the ledger knows. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string | null; // `client_id`, else `azp`
  readonly scopes: readonly string[];
  readonly aliasHint: string | null; // the claim ALIAS_CLAIM
  /** Set for tokens of the development issuer that name a service: it registers itself at first use. */
  readonly development: { readonly organizations: readonly string[] } | null;
}

/** Who calls, and how. */
export interface Caller extends Identity {
  readonly requestId: string;
  /** `?dryRun=true`: decide and answer as if, and write nothing. */
  readonly isDryRun: boolean;
  readonly idempotency: Idempotency | null;
  /** `?include=actions`: say of what is read what the caller may do with it. */
  readonly wantsActions: boolean;
}

/** An Idempotency-Key and what it is bound to beside the caller. */
export interface Idempotency {
  readonly key: string;
  readonly route: string; // method and path, ids included
  /** As JSON. The ledger gets a fingerprint of it alone (domain/fingerprints.ts). */
  readonly body: string;
}
