import type { PublicJwk, SigningAlgorithm, SigningKeyTimes } from "../entities/signing-keys.ts";
import type { Transaction } from "./database.ts";

/** An application's, within the organization that the transaction is about. */
export interface SigningKeyRow extends SigningKeyTimes {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: PublicJwk;
  readonly createdAt: Date;
}

/** The unique index behind "at the most one signs next, or until further notice". */
export const LAST_KEY_CONSTRAINT = "signing_keys_last";

/** By the time that they begin. */
export async function readSigningKeys(tx: Transaction, anchor: string): Promise<SigningKeyRow[]> {
  return await tx.query<SigningKeyRow>({
    name: "read_signing_keys",
    text: `
      select kid, algorithm, public_key as "publicKey", created_at as "createdAt", activates_at as "activatesAt",
        superseded_at as "supersededAt", revoked_at as "revokedAt"
      from signing_keys
      where anchor = $1
      order by activates_at, kid`,
    values: [anchor],
  });
}

export interface NewSigningKey extends Pick<SigningKeyRow, "kid" | "algorithm" | "publicKey"> {
  readonly organization: string;
  readonly anchor: string;
  readonly sealed: string;
  readonly now: Date;
  readonly activatesAt: Date;
}

export async function insertSigningKey(tx: Transaction, row: NewSigningKey): Promise<void> {
  await tx.query({
    name: "insert_signing_key",
    text: `
      insert into signing_keys (organization_id, anchor, kid, algorithm, public_key, private_key, created_at, activates_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      ...[row.organization, row.anchor, row.kid, row.algorithm, JSON.stringify(row.publicKey), row.sealed],
      ...[row.now, row.activatesAt],
    ],
  });
}

/** From then on the next one signs, or with null this one until further notice. */
export async function setSuperseded(tx: Transaction, anchor: string, kid: string, at: Date | null): Promise<void> {
  await tx.query({
    name: "set_signing_key_superseded",
    text: "update signing_keys set superseded_at = $3 where anchor = $1 and kid = $2",
    values: [anchor, kid, at],
  });
}

export async function setActive(tx: Transaction, anchor: string, kid: string, at: Date): Promise<void> {
  await tx.query({
    name: "set_signing_key_active",
    text: "update signing_keys set activates_at = $3 where anchor = $1 and kid = $2",
    values: [anchor, kid, at],
  });
}

/** Nothing is signed with it, or verified by it, any more: its private part is gone with that. */
export async function setRevoked(tx: Transaction, anchor: string, kid: string, at: Date): Promise<void> {
  await tx.query({
    name: "set_signing_key_revoked",
    text: "update signing_keys set revoked_at = $3, private_key = null where anchor = $1 and kid = $2",
    values: [anchor, kid, at],
  });
}

/** Forgets the private parts of those that have signed for the last time before this. */
export async function forgetPrivateKeys(tx: Transaction, anchor: string, before: Date): Promise<void> {
  await tx.query({
    name: "forget_private_keys",
    text: "update signing_keys set private_key = null where anchor = $1 and superseded_at < $2 and private_key is not null",
    values: [anchor, before],
  });
}
