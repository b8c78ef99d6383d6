import { z } from "zod";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { SIGNING_ALGORITHMS, SIGNING_KEY_STATES } from "../entities/signing-keys.ts";
import {
  listSigningKeys,
  publishedKeys,
  revokeKey,
  rotateKeys,
  type SigningKeyPath,
  viewSigningKey,
} from "../domain/signing-keys.ts";
import { added } from "./answer.ts";
import { addedReply, plainReply, type Reply } from "./contract.ts";
import { anchor, NOTHING, signingKeyId, time } from "./fields.ts";
import { addressOf, IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { command, inquiry, list, open, type Route } from "./route.ts";

const algorithm = z.enum(SIGNING_ALGORITHMS).meta({
  description: "ES256, or EdDSA with Ed25519",
  examples: ["ES256"],
});
const coordinate = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .meta({ examples: ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"] });
const members = {
  kty: z.enum(["EC", "OKP"]),
  crv: z.enum(["P-256", "Ed25519"]),
  x: coordinate,
  y: coordinate.optional(),
};
const signingKey = z
  .strictObject({
    kid: signingKeyId,
    algorithm,
    state: z.enum(SIGNING_KEY_STATES).meta({
      description:
        "`next`: published, and signing from `activatesAt` on; `active`: it signs; `retiring`: published until what it has signed has expired",
    }),
    publicKey: z.strictObject(members),
    createdAt: time,
    activatesAt: time,
    supersededAt: time.nullable().meta({ description: "When the next one begins to sign; null: nobody knows yet" }),
    revokedAt: time.nullable(),
  })
  .meta({ id: "SigningKey" });

const jwks = z
  .strictObject({
    keys: z.array(z.strictObject({ ...members, kid: signingKeyId, alg: algorithm, use: z.literal("sig") })),
  })
  .meta({ id: "KeySet", description: "RFC 7517: the keys that sign, signed and will sign" });

const revokedReply: Reply = {
  ...plainReply(signingKey),
  means: "It is so; also when it was so before",
  shows: { state: "revoked" },
  headers: ["Bailiwick-Dry-Run"],
};

export const SIGNING_KEY_ROUTES: readonly Route[] = [...keyRoutes(IN_ORGANIZATION), publicRoute()];
export const PLATFORM_SIGNING_KEY_ROUTES: readonly Route[] = keyRoutes(ON_PLATFORM);

function keyRoutes(place: Place): readonly Route[] {
  const [rotate, revoke] = changesOf(place);
  const [all, one] = readsOf(place);
  return [all, rotate, one, revoke]; // Express takes the first path that fits: `rotate` is no key
}

/** What the routes of an application's keys share. */
function keysOf(place: Place) {
  const params = z.strictObject({ ...place.params, anchor });
  const keyParams = z.strictObject({ ...params.shape, kid: signingKeyId });
  return {
    path: `${place.path}/applications/:anchor/keys`,
    ...{ params, keyParams },
    keyAt: (given: z.output<typeof keyParams>): SigningKeyPath => {
      return { slug: slugOf(given), anchor: given.anchor, kid: given.kid };
    },
  };
}

function readsOf(place: Place): readonly [Route, Route] {
  const { requires, operation } = place;
  const { path, params, keyParams, keyAt } = keysOf(place);
  return [
    list({
      path,
      summary: "The keys that an application signs with",
      operation: operation("list", "SigningKeys"),
      requires: requires("viewer"),
      asks: ["application.view"],
      problems: [...place.problems, "NOT_FOUND"],
      item: signingKey,
      params,
      page: async (deps, { caller, params: given, page }) => {
        return await listSigningKeys(deps, caller, { slug: slugOf(given), anchor: given.anchor }, page);
      },
    }),
    inquiry({
      path: `${path}/:kid`,
      summary: "Read a key that an application signs with",
      operation: operation("view", "SigningKey"),
      requires: requires("viewer"),
      asks: ["application.view"],
      problems: [...place.problems, "NOT_FOUND"],
      reply: signingKey,
      params: keyParams,
      answer: async (deps, { caller, params: given }) => {
        return { status: 200, body: await viewSigningKey(deps, caller, keyAt(given)) };
      },
    }),
  ];
}

function changesOf(place: Place): readonly [Route, Route] {
  const { requires, operation } = place;
  const { path, params, keyParams, keyAt } = keysOf(place);
  const problems = [...place.problems, "NOT_FOUND", "PRECONDITION_FAILED"] as const;
  return [
    command({
      method: "post",
      path: `${path}/rotate`,
      summary: "Publish the key that is to sign next",
      operation: operation("rotate", "SigningKeys"),
      requires: requires("admin"),
      asks: ["application.rotate_keys"],
      problems: [...problems, "ROTATION_UNDER_WAY", "TOO_MANY_KEYS"],
      reply: addedReply(signingKey),
      params,
      body: z.strictObject({ algorithm: algorithm.exactOptional() }).meta({ examples: [{ algorithm: "EdDSA" }] }),
      answer: async (deps, { caller, params: given, body, ifMatch }) => {
        const at = { slug: slugOf(given), anchor: given.anchor };
        const { value } = await rotateKeys(deps, caller, at, { ...body, ifMatch });
        return added(value, `${addressOf(at.slug)}/applications/${at.anchor}/keys/${value.kid}`);
      },
    }),
    command({
      method: "post",
      path: `${path}/:kid/revoke`,
      summary: "Revoke a key: what it has signed is valid no longer",
      operation: operation("revoke", "SigningKey"),
      requires: requires("admin"),
      asks: ["application.rotate_keys"],
      problems,
      reply: revokedReply,
      params: keyParams,
      body: NOTHING,
      answer: async (deps, { caller, params: given, ifMatch }) => {
        const { value } = await revokeKey(deps, caller, keyAt(given), { ifMatch });
        return { status: 200, body: value };
      },
    }),
  ];
}

function publicRoute(): Route {
  return open({
    operation: "keySet",
    path: "/v1/applications/:anchor/jwks.json",
    summary: "The keys by which an application's tokens are verified",
    params: z.strictObject({ anchor }),
    problems: ["NOT_FOUND", "CANNOT_DECIDE"],
    replies: [{ ...plainReply(jwks), headers: ["Cache-Control"] }],
    answer: async ({ deps }, { params }) => {
      const { anchor: named } = z.object({ anchor }).parse(params); // checked already; `open` forgets the type
      const keys = await publishedKeys(deps, named);
      if (keys === null) throw new AppError("NOT_FOUND", "There is no such application.");
      return { status: 200, body: { keys }, headers: { "Cache-Control": `public, max-age=${LIMITS.jwksSeconds}` } };
    },
  });
}
