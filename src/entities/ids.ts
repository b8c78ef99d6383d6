import { randomBytes } from "node:crypto";

/** Gives `count` random bytes; passed in, so that a test can repeat itself. */
export type RandomBytes = (count: number) => Uint8Array;

const DRAWN_AT_ONCE = 1024;

/** The system's, drawn in larger lots: a draw of its own for each request's id is a hundredth of what a question costs. */
export const systemRandom: RandomBytes = drawnInLots(randomBytes);

function drawnInLots(draw: RandomBytes): RandomBytes {
  let lot: Uint8Array = new Uint8Array();
  return (count) => {
    if (count > DRAWN_AT_ONCE) return draw(count);
    if (count > lot.length) lot = draw(DRAWN_AT_ONCE);
    const bytes = lot.subarray(0, count); // nobody gets these again
    lot = lot.subarray(count);
    return bytes;
  };
}

/** Lower case without the letters that people confuse (i, l, o, u): Crockford's base 32. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 20; // 100 bits: two never meet
const ACCOUNT_ID = new RegExp(`^acc-[${ALPHABET}]{${ID_LENGTH}}$`);

/** A new id: 20 characters of `[0-9a-z]`, behind a prefix that tells people what it names. */
export function newId(random: RandomBytes, prefix: IdPrefix): string {
  return `${prefix}${randomText(random, ID_LENGTH)}`;
}

export function randomText(random: RandomBytes, length: number): string {
  return inAlphabet(random(length));
}

/** A character for each byte, of which five bits count. */
export function inAlphabet(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join("");
}

/** Nobody is called so: an alias of this form would read as what never leaves (S0.19, S0.26). */
export function isAccountId(text: string): boolean {
  return ACCOUNT_ID.test(text);
}

/** K8: the organization of what belongs to none. It has no members and stands in no list. */
export const PLATFORM = "platform";

/** Stands where a path names an organization by its slug, for the platform. No slug can be this: nobody who types one means it. */
export const PLATFORM_SLUG = "~platform";

/** Stands there for where an application is, be it on the platform: people log in to these as to others. */
export const ANYWHERE_SLUG = "~anywhere";

export type IdPrefix =
  | "acc-" // account: never leaves
  | "p-" // account's pseudonym: in tuples
  | "a-" // account's audit pseudonym
  | "sim-" // a way to sign in
  | "org-" // organization: in tuples
  | "e-" // a host's entity: in tuples
  | "sec-"
  | "app-"
  | "key-" // a signing key of an application
  | "cak-" // what an application authenticates with: a client-auth key
  | "con-" // a federation connector
  | "inv-"
  | "tra-" // an ownership transfer
  | "cli-"
  | "dec-" // a decision, in the log of decisions
  | "rel-"; // a relay: holds leases
