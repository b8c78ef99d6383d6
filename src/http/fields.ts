import { z } from "zod";
import { isAccountId } from "../entities/ids.ts";
import { APPLICATION_KINDS, ROLES } from "../entities/kinds.ts";
import { LIMITS } from "../entities/limits.ts";
import { SCOPES } from "../entities/records.ts";
import { isDeeper } from "./depth.ts";

/** The members that requests are made of. Messages say what is expected and never repeat what was sent. */

/** For a route whose query, path or body has no members. */
export const NOTHING = z.strictObject({});

const ONE_TO_MOST = new RegExp(`^.{1,${LIMITS.nameCharacters}}$`, "su"); // Code points, as Postgres counts them.
const EDGE_SPACE = /^\s|\s$/u;
// Control characters, line and paragraph separators, lone surrogates: nothing that a person would type as a name.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

const NAME_PATTERN =
  "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$";

export const name = z
  .string()
  .refine((text) => ONE_TO_MOST.test(text), `expected 1 to ${LIMITS.nameCharacters} characters`)
  .refine((text) => !EDGE_SPACE.test(text), "expected no white space at the beginning or the end")
  .refine((text) => !UNPRINTABLE.test(text), "expected no control characters")
  // The contract cannot run the lines above: it says the same in its own words.
  .meta({
    description: `1 to ${LIMITS.nameCharacters} characters: no white space at either end, no control characters`,
    minLength: 1,
    maxLength: LIMITS.nameCharacters,
    pattern: NAME_PATTERN,
    examples: ["Shop"],
  });

interface Patterned {
  readonly is: string;
  readonly pattern: RegExp;
  /** The pattern in words: people read it here, and when it is not kept. */
  readonly expected: string;
  readonly example: string;
}

function patterned({ is, pattern, expected, example }: Patterned): z.ZodString {
  return z
    .string()
    .regex(pattern, `expected ${expected}`)
    .meta({ description: `${is}: ${expected}`, examples: [example] });
}

const ID_REST = "20 of a-z and 0-9";

/** S2.15 */
export const slug = patterned({
  is: "The slug of an organization",
  pattern: /^[a-z0-9-]{1,100}$/,
  expected: "1 to 100 of a-z, 0-9 and -",
  example: "acme",
});
const ALIAS = {
  is: "The alias of an account",
  pattern: /^[a-z0-9-]{3,40}$/,
  expected: "3 to 40 of a-z, 0-9 and -",
  example: "bob",
};
/** S0.26: never an internal id. */
export const alias = patterned(ALIAS);
/**
 * S0.26: a person is addressed by alias. Who sends something else is told what it is; nothing is looked up by it, so that nobody learns
 * by it who has an account.
 */
export const addressee = z
  .string()
  .superRefine((text, context) => {
    if (text.includes("@")) context.addIssue("expected an alias, not an e-mail address");
    else if (isAccountId(text)) context.addIssue("expected an alias, not the id of an account");
    else if (!ALIAS.pattern.test(text)) context.addIssue(`expected ${ALIAS.expected}`);
  })
  .meta({ pattern: ALIAS.pattern.source, description: `${ALIAS.is}: ${ALIAS.expected}`, examples: [ALIAS.example] });
export const sectorId = patterned({
  is: "The id of a sector",
  pattern: /^sec-[0-9a-z]{20}$/,
  expected: `sec- and ${ID_REST}`,
  example: "sec-ctjjdpj1r2x898hen5w0",
});
export const anchor = patterned({
  is: "The anchor of an application",
  pattern: /^app-[0-9a-z]{20}$/,
  expected: `app- and ${ID_REST}`,
  example: "app-mptm5ctgtztv26tgmbvv",
});
export const signingKeyId = patterned({
  is: "The id of a signing key, as tokens name it",
  pattern: /^key-[0-9a-z]{20}$/,
  expected: `key- and ${ID_REST}`,
  example: "key-5w8c3m1xk9z2dvq7ht4n",
});
export const clientKeyId = patterned({
  is: "The id of a key that an application authenticates with",
  pattern: /^cak-[0-9a-z]{20}$/,
  expected: `cak- and ${ID_REST}`,
  example: "cak-0x7k2vq9d4w5n8h1jz3t",
});
export const connectorId = patterned({
  is: "The id of a federation connector",
  pattern: /^con-[0-9a-z]{20}$/,
  expected: `con- and ${ID_REST}`,
  example: "con-3q8z0w5k7m1v9d2xhjtc",
});
export const invitationId = patterned({
  is: "The id of an invitation",
  pattern: /^inv-[0-9a-z]{20}$/,
  expected: `inv- and ${ID_REST}`,
  example: "inv-qaqavref52jjejx8v5k9",
});
export const transferId = patterned({
  is: "The id of an offer of ownership",
  pattern: /^tra-[0-9a-z]{20}$/,
  expected: `tra- and ${ID_REST}`,
  example: "tra-8k2vq0d4w7n5h1xjz3ct",
});
export const clientId = patterned({
  is: "The id of a registration",
  pattern: /^cli-[0-9a-z]{20}$/,
  expected: `cli- and ${ID_REST}`,
  example: "cli-2m0d9sbf6tqx4kz81hwe",
});

export const decisionId = patterned({
  is: "The id of a decision, by which the log of decisions has it",
  pattern: /^dec-[0-9a-z]{20}$/,
  expected: `dec- and ${ID_REST}`,
  example: "dec-7f3m9x0q2k5vtw8ch1zd",
});

export const signInMethodId = patterned({
  is: "The id of a way to sign in",
  pattern: /^sim-[0-9a-z]{20}$/,
  expected: `sim- and ${ID_REST}`,
  example: "sim-7c1v9dk2m4zq8w0xhe3t",
});

export const role = z.enum(ROLES).meta({ description: "What each may: /docs#roles", examples: ["admin"] });
export const applicationKind = z.enum(APPLICATION_KINDS).meta({
  description: "A web application, a game, a command-line tool, or a relying party of OpenID Connect",
});
export const resourceState = z.enum(["enabled", "retired"]);
export const scopes = z
  .array(z.enum(SCOPES))
  .max(SCOPES.length)
  .refine((list) => new Set(list).size === list.length, "expected each scope once")
  .meta({
    description: "What the client may do, where its token says so too: /docs#scopes",
    uniqueItems: true,
    examples: [["authz:evaluate"]],
  });

/** Opaque identifiers of other systems: compared byte by byte, never normalized. */
export const foreignId = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= LIMITS.idBytes, `expected at most ${LIMITS.idBytes} bytes`)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "expected no NUL and no lone surrogate")
  .meta({
    description: `1 to ${LIMITS.idBytes} bytes, compared as they are`,
    maxLength: LIMITS.idBytes,
    pattern: "^[^\\u0000]*$",
    examples: ["checkout"],
  });

/** Of OpenFGA's names: a host's kind, and its relations. */
export const entityType = patterned({
  is: "The type of an entity, as its policies folder names it",
  pattern: /^[a-z][a-z0-9_]{0,49}$/,
  expected: "1 to 50 of a-z, 0-9 and _, a letter first",
  example: "building",
});
export const relationName = patterned({
  is: "A relation, as the model of the type names it",
  pattern: /^[^:#@\s]{1,50}$/,
  expected: "1 to 50 characters without :, #, @ and white space",
  example: "viewer",
});
/** Of policies. */
export const unit = patterned({
  is: "The policy unit: a hash of policies, schemas, model and plans",
  pattern: /^[0-9a-f]{16}$/,
  expected: "16 hexadecimal digits",
  example: "350c2211499c7498",
});
export const commit = patterned({
  is: "The commit of git that holds the policies; null: it is not known, or they differ from it",
  pattern: /^[0-9a-f]{40,64}$/,
  expected: "a commit's hash",
  example: "5f1d7a84c10b2f8d33e6a4c9b7d2e1f0a9c8b7d6",
}).nullable();
/** Things that a host stores: whatever JSON can say that a database can keep. */
export const attributes = z
  .record(z.string(), z.unknown())
  // Before anything else goes down into them.
  .refine((value) => !isDeeper(value, LIMITS.attributesDepth), {
    error: `expected at most ${LIMITS.attributesDepth} levels`,
    abort: true,
  })
  .refine((value) => isStorable(value), "expected no NUL and no lone surrogate in any text")
  .meta({
    id: "EntityAttributes",
    description: "What the type's schema allows: /docs#entities",
    examples: [{ status: "active" }],
  });

function isStorable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]: [string, unknown]) => isStorable(name) && isStorable(member));
}

export const pageQuery = z.strictObject({
  page_size: z
    .string()
    .regex(/^([1-9][0-9]?|100)$/, `expected a whole number from 1 to ${LIMITS.pageSize}`)
    .default(String(LIMITS.defaultPageSize))
    .meta({ description: `Items on a page: a whole number from 1 to ${LIMITS.pageSize}`, examples: ["50"] }),
  page_token: z
    .string()
    .max(LIMITS.pageTokenCharacters)
    .default("")
    .meta({ description: "The next_page_token of the page before; absent for the first page", examples: [""] }),
});

/** Of a thing of a host's kind: what that kind's schema declares, which no line here knows. */
export const hostAttributes = z.record(z.string(), z.unknown()).meta({
  id: "HostAttributes",
  description: "Of a kind of the host's own: what its schema declares",
  examples: [{ state: "draft" }],
});

/** What answers have beside what requests have. */

export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: "date-time", examples: ["2026-11-21T00:55:05.977Z"] });
export const etag = z
  .string()
  .regex(/^"[1-9][0-9]*"$/)
  .meta({ description: "The entity's revision, for If-Match", examples: ['"1"'] });
export const dated = { createdAt: time, updatedAt: time };
