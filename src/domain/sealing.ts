import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../entities/errors.ts";
import { MADE_OF_THE_SECRET, type MasterKey, type Purpose, type SealedPlace } from "../entities/master-keys.ts";

export interface Sealing {
  /** `1.<the master key's id>.<base64url>`: with the newest key. */
  seal(secret: Uint8Array, place: SealedPlace): string;
  /** Throws CANNOT_DECIDE where its master key is not configured, and where it is not what was sealed for this place. */
  open(sealed: string, place: SealedPlace): Uint8Array;
  /** The id of the newest key. */
  readonly newest: string;
  /** Can secrets be opened that are sealed with this one? */
  knows(masterKey: string): boolean;
}

/** Another secret makes one of another id, so that it is known by it that nothing can be opened. */
export function masterKeyOf(secret: string): MasterKey {
  const fingerprint = Buffer.from(hkdfSync("sha256", secret, "", "bailiwick master key fingerprint 1", 4));
  return { id: MADE_OF_THE_SECRET + fingerprint.toString("hex"), secret };
}

const FORM = /^1\.([a-z0-9-]{1,20})\.([A-Za-z0-9_-]+)$/;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under a key that HKDF-SHA-256 makes of the master key for each purpose (RFC 5869); the place is associated data.
 * @param masterKeys the newest first, which seals; the others open
 */
export function createSealing(masterKeys: readonly MasterKey[]): Sealing {
  const secrets = new Map(masterKeys.map(({ id, secret }) => [id, secret]));
  const newest = masterKeys[0]?.id ?? ""; // without one nothing is sealed
  const keys = new Map<string, Uint8Array>();
  const keyFor = (id: string, purpose: Purpose): Uint8Array => {
    const name = `${id} ${purpose}`;
    const secret = secrets.get(id);
    if (secret === undefined) throw unopened(`no master key ${id} is configured`);
    const key = keys.get(name) ?? new Uint8Array(hkdfSync("sha256", secret, "", `bailiwick seal 1 ${purpose}`, 32));
    keys.set(name, key);
    return key;
  };
  return {
    seal: (secret, place) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keyFor(newest, place.purpose), nonce).setAAD(bound(place));
      const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
      return `1.${newest}.${sealed.toString("base64url")}`;
    },
    open: (sealed, place) => {
      const [, id = "", text = ""] = FORM.exec(sealed) ?? [];
      const bytes = Buffer.from(text, "base64url");
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw unopened("it is nothing that was sealed");
      const decipher = createDecipheriv("aes-256-gcm", keyFor(id, place.purpose), bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(bound(place))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch (error) {
        throw unopened("it was sealed for another place, with another key, or has changed since", error);
      }
    },
    newest,
    knows: (masterKey) => secrets.has(masterKey),
  };
}

function bound({ purpose, organization, owner, row }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([purpose, organization, owner, row]));
}

/** It is the operators' to mend, and waiting does not help; the log has the problem. */
function unopened(problem: string, cause?: unknown): AppError {
  const message = "Cannot decide at the moment: a secret that this needs cannot be opened. Tell the operators.";
  return new AppError("CANNOT_DECIDE", message, { cause: new Error(`a secret of the ledger: ${problem}`, { cause }) });
}
