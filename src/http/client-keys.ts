import { z } from "zod";
import {
  addClientKey,
  type ClientKeyPath,
  listClientKeys,
  removeClientKey,
  viewClientKey,
} from "../domain/client-keys.ts";
import { CLIENT_KEY_KINDS, isPublicKey } from "../entities/client-keys.ts";
import { LIMITS } from "../entities/limits.ts";
import { added } from "./answer.ts";
import { addedReply, REMOVED } from "./contract.ts";
import { anchor, clientKeyId, name, NOTHING, time } from "./fields.ts";
import { addressOf, IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { command, inquiry, list, type Route } from "./route.ts";

const number = z.string().regex(/^[A-Za-z0-9_-]{1,1366}$/, "expected base64url without padding, of at most 8192 bits");
const publicKey = z
  .strictObject({
    kty: z.enum(["EC", "OKP", "RSA"]),
    crv: z.enum(["P-256", "Ed25519"]).exactOptional(),
    x: number.exactOptional(),
    y: number.exactOptional(),
    n: number.exactOptional(),
    e: number.exactOptional(),
    kid: z.string().min(1).max(LIMITS.idBytes).exactOptional(),
    alg: z.enum(["ES256", "EdDSA", "RS256", "PS256"]).exactOptional(),
    use: z.literal("sig").exactOptional(),
  })
  .refine((jwk) => isPublicKey(jwk), "expected a public key of P-256, of Ed25519, or of RSA with 2048 bits or more")
  .meta({
    id: "ClientPublicKey",
    description: "RFC 7517: of P-256, of Ed25519, or of RSA with 2048 bits or more; never its private part",
    examples: [
      {
        ...{ kty: "EC", crv: "P-256" },
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    ],
  });

const clientKey = z
  .strictObject({
    id: clientKeyId,
    kind: z.enum(CLIENT_KEY_KINDS),
    name,
    publicKey: publicKey.nullable().meta({ description: "Null: of a secret, which nobody is told again" }),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: "ClientKey" });
const madeClientKey = z
  .strictObject({
    ...clientKey.shape,
    secret: z
      .string()
      .regex(/^bws_[A-Za-z0-9_-]{43}$/)
      .nullable()
      .meta({
        description: "Shown this once; null: of a public key, or in the answer to a repeated Idempotency-Key",
        examples: [null],
      }),
  })
  .meta({ id: "MadeClientKey" });

const newClientKey = z
  .strictObject({
    name: name.meta({ description: "By which people know it again", examples: ["Deployment of March"] }),
    publicKey: publicKey.exactOptional().meta({ description: "Absent: a secret is made, and shown in the answer" }),
    expiresInDays: z
      .int()
      .min(1)
      .max(LIMITS.clientKeyDays)
      .default(LIMITS.defaultClientKeyDays)
      .meta({ description: "From now on; it counts for nothing then", examples: [90] }),
  })
  .meta({ examples: [{ name: "Deployment of March", expiresInDays: 90 }] });

export const CLIENT_KEY_ROUTES: readonly Route[] = clientKeyRoutes(IN_ORGANIZATION);
export const PLATFORM_CLIENT_KEY_ROUTES: readonly Route[] = clientKeyRoutes(ON_PLATFORM);

function clientKeyRoutes(place: Place): readonly Route[] {
  const [all, one] = readsOf(place);
  const [add, remove] = changesOf(place);
  return [all, add, one, remove];
}

/** What these routes share. */
function keysOf(place: Place) {
  const params = z.strictObject({ ...place.params, anchor });
  const keyParams = z.strictObject({ ...params.shape, id: clientKeyId });
  return {
    path: `${place.path}/applications/:anchor/client-keys`,
    ...{ params, keyParams },
    keyAt: (given: z.output<typeof keyParams>): ClientKeyPath => {
      return { slug: slugOf(given), anchor: given.anchor, id: given.id };
    },
    problems: [...place.problems, "NOT_FOUND"] as const,
  };
}

function readsOf(place: Place): readonly [Route, Route] {
  const { requires, operation } = place;
  const { path, params, keyParams, keyAt, problems } = keysOf(place);
  return [
    list({
      path,
      summary: "What an application authenticates with",
      operation: operation("list", "ClientKeys"),
      requires: requires("viewer"),
      asks: ["application.view"],
      problems,
      item: clientKey,
      params,
      page: async (deps, { caller, params: given, page }) => {
        return await listClientKeys(deps, caller, { slug: slugOf(given), anchor: given.anchor }, page);
      },
    }),
    inquiry({
      path: `${path}/:id`,
      summary: "Read a key that an application authenticates with",
      operation: operation("view", "ClientKey"),
      requires: requires("viewer"),
      asks: ["application.view"],
      problems,
      reply: clientKey,
      params: keyParams,
      answer: async (deps, { caller, params: given }) => {
        return { status: 200, body: await viewClientKey(deps, caller, keyAt(given)) };
      },
    }),
  ];
}

function changesOf(place: Place): readonly [Route, Route] {
  const { requires, operation } = place;
  const { path, params, keyParams, keyAt, problems } = keysOf(place);
  return [
    command({
      method: "post",
      path,
      summary: "Add a public key, or a secret that is shown once, that an application authenticates with",
      operation: operation("add", "ClientKey"),
      requires: requires("admin"),
      asks: ["application.rotate_keys"],
      problems: [...problems, "PRECONDITION_FAILED", "TOO_MANY_KEYS"],
      reply: addedReply(madeClientKey),
      params,
      body: newClientKey,
      answer: async (deps, { caller, params: given, body, ifMatch }) => {
        const at = { slug: slugOf(given), anchor: given.anchor };
        const key = await addClientKey(deps, caller, at, { ...body, ifMatch });
        return added(key, `${addressOf(at.slug)}/applications/${at.anchor}/client-keys/${key.id}`);
      },
    }),
    command({
      method: "delete",
      path: `${path}/:id`,
      summary: "Remove a key: an application authenticates with it no longer",
      operation: operation("remove", "ClientKey"),
      requires: requires("admin"),
      asks: ["application.rotate_keys"],
      problems: [...problems, "PRECONDITION_FAILED"],
      reply: REMOVED,
      params: keyParams,
      body: NOTHING,
      answer: async (deps, { caller, params: given, ifMatch }) => {
        await removeClientKey(deps, caller, keyAt(given), { ifMatch });
        return { status: 204 };
      },
    }),
  ];
}
