import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Caller } from "../entities/callers.ts";
import type { RandomBytes } from "../entities/ids.ts";
import { invalid } from "./invalid.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose list a token continues: another caller, route, path or filter opens nothing with it. */
export interface Binding {
  readonly caller: Pick<Caller, "issuer" | "subject">;
  readonly route: string;
  readonly params: object;
  /** What the list is narrowed to. */
  readonly filters: object;
  /** Where the token stands in a request; absent: in the query. */
  readonly place?: string;
}

export interface PageTokens {
  seal(after: string, binding: Binding): string;
  /** Throws INVALID_REQUEST for a token that is damaged, or another list's or caller's. */
  open(token: string, binding: Binding): string;
}

/** Opaque tokens: where a list goes on is ours to know, and may be something that the caller does not see. */
export function createPageTokens(secret: string, random: RandomBytes): PageTokens {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "bailiwick page token 1", 32));
  return {
    seal: (after, binding) => {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound(binding));
      const sealed = [cipher.update(after, "utf8"), cipher.final()];
      return Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]).toString("base64url");
    },
    open: (token, binding) => {
      const bytes = Buffer.from(token, "base64url");
      const isCanonical = bytes.toString("base64url") === token; // else other tokens would open as well: it skips what it cannot read
      if (!isCanonical || bytes.length < NONCE_BYTES + TAG_BYTES) throw foreign(binding);
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(bound(binding))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      const opened = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      try {
        return Buffer.concat([opened, decipher.final()]).toString("utf8");
      } catch {
        throw foreign(binding); // Which of the ways to be wrong it was is nobody's business.
      }
    },
  };
}

function bound({ caller, route, params, filters }: Binding): Buffer {
  return Buffer.from(JSON.stringify([caller.issuer, caller.subject, route, sorted(params), sorted(filters)]));
}

/** Members have no order, at any depth: they become a list of pairs, and a list is marked as one, so that neither reads as the other. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return { list: value.map(sorted) };
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, sorted(member)]);
  return members.sort(([a], [b]) => (a < b ? -1 : 1));
}

function foreign({ place = "query.page_token" }: Binding): Error {
  return invalid(place, "expected the next_page_token of the same list, unchanged");
}
