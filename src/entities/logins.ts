/** Whom a login is about. */
export type LoginSubject =
  /** By alias. Not for a service that is bound to applications. */
  | { readonly type: "account"; readonly id: string }
  /** As the issuer of the asking service's own tokens calls the person; it becomes known by its first login. */
  | { readonly type: "identity"; readonly id: string }
  /** As the application's sector knows the person. */
  | { readonly type: "sector_subject"; readonly id: string };

/** How somebody has proved who it is, as the service says that asks. */
export interface Authenticated {
  readonly methods: readonly string[];
  readonly assurance: number; // 1 to 3
  readonly factors: number; // 1 to 3
  readonly at: Date;
}

/** A login that is about to begin. */
export interface LoginRequest {
  readonly anchor: string;
  readonly subject: LoginSubject;
  readonly authentication: Authenticated;
  /** Of the address that the service has verified as the person's; null: it says of none. */
  readonly domain: string | null;
  /** The federation connector by which the person came; null: by none. */
  readonly connector: string | null;
  /** What the service vouches for; of it leaves what the claim policy lists. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the service said that the person consents anew; null: it has not. */
  readonly consentedAt: Date | null;
}

/** What a login begins. */
export interface Grant {
  readonly subject: { readonly type: "sector_subject"; readonly id: string };
  readonly token: string; // a JWT
  readonly expiresAt: string;
  readonly claims: Readonly<Record<string, unknown>>; // for the service alone
}
