import { z } from "zod";
import { listMyDataSharing, updateMe, viewMe, withdrawMyDataSharing } from "../domain/me.ts";
import {
  linkSignInMethod,
  listSignInMethods,
  unlinkSignInMethod,
  viewSignInMethod,
} from "../domain/sign-in-methods.ts";
import type { Identity } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { added, changed, entity, removed } from "./answer.ts";
import { addedReply, changedReply, REMOVED } from "./contract.ts";
import { ERASURE_ROUTES } from "./erasure.ts";
import { addressee, alias, anchor, dated, foreignId, name, NOTHING, signInMethodId, slug, time } from "./fields.ts";
import { invalid } from "./invalid.ts";
import { command, type Identify, inquiry, list, read, type Route } from "./route.ts";

/** The personal surface: it works whatever the memberships (S0.4). */

const METHODS = "/v1/me/sign-in-methods";
const params = z.strictObject({ id: signInMethodId });

const displayName = name.meta({ description: "What the person is called", examples: ["Bob Builder"] });
const me = z
  .strictObject({
    alias,
    name: displayName.nullable(),
    developer: z.boolean().meta({ description: "Whether the account belongs to an organization", examples: [true] }),
    aliasChangeableAt: time.nullable().meta({
      description: `A change of alias is followed by ${LIMITS.aliasCoolDownDays} days without one. Null: it can be changed now`,
      examples: [null],
    }),
    ...dated,
  })
  .meta({ id: "Me" });

const patch = z
  .strictObject({ name: displayName.nullable().exactOptional(), alias: addressee.exactOptional() })
  .refine((body) => Object.keys(body).length > 0, "expected name, alias or both")
  .meta({ minProperties: 1, examples: [{ name: "Bob Builder", alias: "bob" }] });

const issuer = z
  .string()
  .min(1)
  .meta({ examples: ["https://id.example.com"] });
const signInMethod = z
  .strictObject({
    id: signInMethodId,
    issuer,
    subject: foreignId.meta({ examples: ["248289761001"] }),
    current: z.boolean().meta({ description: "Whether this request came with it", examples: [false] }),
    createdAt: time,
  })
  .meta({ id: "SignInMethod" });

const proof = z.strictObject({
  token: z
    .string()
    .min(1)
    .max(LIMITS.tokenBytes)
    .meta({
      description:
        "An access token of the other identity, valid as the caller's own must be. It is not kept. With its own first call that identity would become an account, and accounts are not merged",
      examples: ["eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIyNDgyODk3NjEwMDEifQ.c2lnbmF0dXJl"],
    }),
});

const sharing = z
  .strictObject({
    application: anchor,
    applicationName: name,
    organization: slug.meta({ examples: ["acme"] }),
    organizationName: name.meta({ examples: ["Acme"] }),
    claims: z.array(z.string().min(1)).meta({
      description:
        "What it has been told beside the opaque identifier of its sector: names of claims, whenever that was",
      examples: [["name"]],
    }),
    firstAt: time.meta({ description: "Since when the application knows the caller" }),
    lastAt: time.meta({ description: "When it last learnt that the caller was there" }),
    withdrawnAt: time.nullable().meta({
      description: "Since when it is told no claims. Null: it is told what its claim policy lists",
      examples: [null],
    }),
  })
  .meta({ id: "DataSharing" });

export const ME_ROUTES: readonly Route[] = [
  read({
    path: "/v1/me",
    summary: "The caller's own account",
    operation: "viewMe",
    requires: "any account",
    asks: ["account.view"],
    affords: "account",
    isDerived: true,
    reply: me,
    params: NOTHING,
    answer: async (deps, { caller }) => entity(await viewMe(deps, caller)),
  }),
  command({
    method: "patch",
    path: "/v1/me",
    summary: "Change what the caller is called, or the alias; the old alias is never given again, to anybody",
    operation: "updateMe",
    requires: "any account",
    asks: ["account.edit", "account.change_alias"],
    problems: ["ALIAS_TAKEN", "PRECONDITION_FAILED"],
    reply: changedReply(me),
    params: NOTHING,
    body: patch,
    answer: async (deps, { caller, body, ifMatch }) => changed(await updateMe(deps, caller, body, ifMatch)),
  }),
  ...ERASURE_ROUTES,
  list({
    path: METHODS,
    summary: "The ways to sign in to the caller's account",
    operation: "listSignInMethods",
    requires: "any account",
    asks: [],
    item: signInMethod,
    params: NOTHING,
    page: async (deps, { caller, page }) => await listSignInMethods(deps, caller, page),
  }),
  command({
    method: "post",
    path: METHODS,
    summary:
      "Link another way to sign in, by proof of both: the caller's token, and one of an identity that has not called yet",
    operation: "linkSignInMethod",
    requires: "any account",
    asks: ["account.link_sign_in_method"],
    problems: ["SIGN_IN_METHOD_TAKEN"],
    reply: addedReply(signInMethod),
    params: NOTHING,
    body: proof,
    answer: async (deps, { caller, body, identify }) => {
      const { value } = await linkSignInMethod(deps, caller, await proven(body.token, identify));
      return added(value, `${METHODS}/${value.id}`);
    },
  }),
  inquiry({
    path: `${METHODS}/:id`,
    summary: "Read a way to sign in",
    operation: "viewSignInMethod",
    requires: "any account",
    asks: ["account.view"],
    problems: ["NOT_FOUND"],
    reply: signInMethod,
    params,
    answer: async (deps, { caller, params }) => ({
      status: 200,
      body: await viewSignInMethod(deps, caller, params.id),
    }),
  }),
  command({
    method: "delete",
    path: `${METHODS}/:id`,
    summary: "Unlink a way to sign in, also the one of this request; never the last",
    operation: "unlinkSignInMethod",
    requires: "any account",
    asks: ["account.unlink_sign_in_method"],
    problems: ["NOT_FOUND"],
    reply: REMOVED,
    params,
    body: NOTHING,
    answer: async (deps, { caller, params }) => removed(await unlinkSignInMethod(deps, caller, params.id)),
  }),
  list({
    path: "/v1/me/data-sharing",
    summary: "The applications that know the caller",
    operation: "listDataSharing",
    requires: "any account",
    asks: [],
    item: sharing,
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyDataSharing(deps, caller, page),
  }),
  command({
    method: "delete",
    path: "/v1/me/data-sharing/:anchor",
    summary:
      "Withdraw what is shared with an application: logins tell it no claims any more, until the caller consents anew",
    operation: "withdrawDataSharing",
    requires: "any account",
    asks: ["account.edit"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: REMOVED,
    params: z.strictObject({ anchor }),
    body: NOTHING,
    answer: async (deps, { caller, params: given, ifMatch }) => {
      return removed(await withdrawMyDataSharing(deps, caller, given.anchor, ifMatch));
    },
  }),
];

/** What is wrong with the other token is wrong with the body: the caller's own is good, and 401 would say that it is not. */
async function proven(token: string, identify: Identify): Promise<Identity> {
  try {
    return await identify(token);
  } catch (error) {
    const isRefused = error instanceof AppError && (error.code === "TOKEN_INVALID" || error.code === "TOKEN_MISSING");
    throw isRefused ? invalid("body.token", error.message.replace(/\.$/, "")) : error;
  }
}
