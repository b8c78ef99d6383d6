import { z } from "zod";
import { authenticateClient, type ClientProof } from "../domain/client-authentication.ts";
import { CLIENT_KEY_KINDS } from "../entities/client-keys.ts";
import { LIMITS } from "../entities/limits.ts";
import { check } from "./check.ts";
import { plainReply } from "./contract.ts";
import { anchor, clientKeyId, name, time } from "./fields.ts";
import type { Route } from "./route.ts";

/** As RFC 6749 (appendix A) has what clients send. */
const text = z.string().regex(/^[\x20-\x7e]+$/, "expected printable characters of ASCII");

const proof = z
  .strictObject({
    secret: text.max(LIMITS.idBytes).exactOptional().meta({ description: "As the application sent it" }),
    assertion: text
      .max(LIMITS.tokenBytes)
      .exactOptional()
      .meta({ description: "A JWT that the application has signed: `private_key_jwt`. It is good once" }),
    audience: text.max(LIMITS.redirectUriCharacters).exactOptional().meta({
      description: "With an assertion: the one `aud` that it must have, by which the service is known that asks",
    }),
  })
  .refine(
    ({ secret, assertion, audience }) =>
      secret === undefined
        ? assertion !== undefined && audience !== undefined
        : assertion === undefined && audience === undefined,
    "expected a secret alone, or an assertion and its audience",
  )
  .meta({
    id: "ClientProof",
    anyOf: [
      { required: ["secret"], maxProperties: 1 },
      { required: ["assertion", "audience"], maxProperties: 2 },
    ],
    examples: [
      { secret: "bws_8fYQ0zvJmA3k1sZ2cXwP5rT7uE9hLdNgBbVnMqKjHiG" },
      { assertion: "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiI3ZjNrIn0.c2ln", audience: "https://id.example.com" },
    ],
  });

const authentication = z
  .strictObject({
    valid: z.boolean().meta({ description: "Is it the application?" }),
    key: z
      .strictObject({ id: clientKeyId, name, kind: z.enum(CLIENT_KEY_KINDS), expiresAt: time })
      .nullable()
      .meta({ description: "Of the application's keys, the one by which that was proved. Null: by none" }),
  })
  .meta({ id: "ClientAuthentication" });

export const CLIENT_AUTHENTICATION_ROUTES: readonly Route[] = [
  check({
    path: "/v1/applications/:anchor/client-authentications",
    summary: "Is this the application? By a secret of its own, or by an assertion that a key of its own has signed",
    operation: "authenticateClient",
    requires: "scope logins:create",
    asks: [],
    problems: ["SCOPE_MISSING", "NOT_FOUND"],
    params: z.strictObject({ anchor }),
    body: proof,
    reply: plainReply(authentication),
    // What is not valid is an answer: 200.
    answer: async ({ deps }, { caller, params, body }) => {
      return { status: 200, body: await authenticateClient(deps, caller, params.anchor, proofIn(body)) };
    },
  }),
];

/** One of the two: anything else was refused. */
function proofIn({ secret, assertion = "", audience = "" }: z.output<typeof proof>): ClientProof {
  return secret === undefined ? { assertion, audience } : { secret };
}
