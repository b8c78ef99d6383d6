import { LIMITS } from "./limits.ts";

/** What an application carries beside its name, each a document that is replaced whole. Every application has all of them: until one is set it is the default. */
export interface ApplicationDocuments {
  settings: {
    /** Where its logins may lead back to; which may be depends on its kind (redirect-uris.ts). */
    readonly redirectUris: readonly string[];
  };
  /** S0.12, the first layer: who may log in. Blocked accounts may not, whatever else is so. */
  admission: {
    readonly everyone: boolean;
    /** Of the organization. */
    readonly members: boolean;
    readonly accounts: readonly string[]; // aliases; bound to the accounts that have them when they are written
    readonly blocked: readonly string[];
    readonly domains: readonly string[]; // whose address is of one, while the organization holds it
  };
  /** The second: how somebody must have proved who it is. */
  authentication: {
    readonly methods: readonly string[] | null; // null: any
    readonly connectors: readonly string[] | null; // ids; null: any or none
    readonly assurance: number; // the least: 1 to 3
    readonly secondFactor: boolean;
    readonly maximumAgeSeconds: number | null; // null: however long ago
  };
  /** The third: what a login begins. */
  session: {
    readonly tokenLifetimeSeconds: number;
    readonly reauthenticateAfterSeconds: number | null; // null: never
  };
  /** S0.23: which claims leave with a login, and to whom; none but these do. */
  claims: {
    readonly token: readonly string[]; // in the token, for whoever reads it
    readonly service: readonly string[]; // in the answer, for the service alone that asks
  };
}

export type DocumentName = keyof ApplicationDocuments;
export const DOCUMENT_NAMES = ["settings", "admission", "authentication", "session", "claims"] as const;

/** Nobody but members is let in until somebody says so, and no claim leaves. */
export const DEFAULT_DOCUMENTS: ApplicationDocuments = {
  settings: { redirectUris: [] },
  admission: { everyone: false, members: true, accounts: [], blocked: [], domains: [] },
  authentication: { methods: null, connectors: null, assurance: 1, secondFactor: false, maximumAgeSeconds: null },
  session: { tokenLifetimeSeconds: LIMITS.defaultTokenSeconds, reauthenticateAfterSeconds: null },
  claims: { token: [], service: [] },
};

/**
 * Claims that a token has a meaning of its own for, which no policy can set: RFC 7519 (4.1), OpenID Connect Core (2, 3.1.3.6, 3.3.2.11), RFC 7800, RFC 8693 (4) and
 * RFC 9068 (2.2).
 */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti"],
  ...["azp", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash", "s_hash", "sid"],
  ...["cnf", "act", "may_act", "client_id", "scope", "events", "sub_id"],
]);
