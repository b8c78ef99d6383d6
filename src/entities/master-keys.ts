/** What secrets are encrypted with that the ledger keeps. */
export interface MasterKey {
  /** Stands beside what is sealed with it: 1 to 20 of a-z, 0-9 and -. */
  readonly id: string;
  readonly secret: string | Uint8Array;
}

/** The id of the master key that is made of BAILIWICK_SECRET begins so: nobody sets one of such a name. */
export const MADE_OF_THE_SECRET = "secret-";

/** What a secret is for: each has a key of its own, so that nothing that was sealed for one opens as another. */
export type Purpose = "signing key" | "sector secret" | "connector secret";

/** Where a secret stands. Moved to another row, or into another organization, it does not open. */
export interface SealedPlace {
  readonly purpose: Purpose;
  readonly organization: string;
  /** Of the purpose: an application's anchor, a sector's id. */
  readonly owner: string;
  /** Of the owner: a key's id. */
  readonly row: string;
}
