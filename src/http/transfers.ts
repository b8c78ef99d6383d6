import { z } from "zod";
import {
  acceptTransfer,
  cancelTransfer,
  declineTransfer,
  listMyTransfers,
  listTransfers,
  offerOwnership,
  viewTransfer,
} from "../domain/transfers.ts";
import { changed, created, entity } from "./answer.ts";
import { changedReply, createdReply, withEtag } from "./contract.ts";
import { alias, dated, name, NOTHING, slug, time, transferId } from "./fields.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/transfers";
const ITEM = `${COLLECTION}/:id`;
const organization = z.strictObject({ slug });
const params = z.strictObject({ slug, id: transferId });

const expiresAt = time.meta({ examples: ["2026-11-22T00:55:05.977Z"] });

const transfer = z
  .strictObject({
    id: transferId,
    alias: alias.nullable().meta({ description: "To whom ownership is offered; null: an erased account" }),
    offeredBy: alias.nullable().meta({ description: "Who offers it; null: an erased account", examples: ["alice"] }),
    state: z.enum(["pending", "accepted", "declined", "cancelled", "expired"]),
    expiresAt,
    ...dated,
  })
  .meta({ id: "Transfer" });
const mine = withEtag(
  z.strictObject({
    id: transferId,
    organization: slug,
    organizationName: name.meta({ examples: ["Acme"] }),
    state: z.literal("pending"),
    offeredBy: alias.meta({ description: "Who offers it, by alias", examples: ["alice"] }),
    expiresAt,
    createdAt: time,
  }),
).meta({ id: "MyTransfer" });

export const TRANSFER_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: COLLECTION,
    summary: "Offer ownership to a member, who has 24 hours to accept",
    operation: "offerOwnership",
    requires: "owner",
    asks: ["member.offer_ownership"],
    problems: ["NOT_FOUND"],
    reply: createdReply(transfer),
    params: organization,
    body: z.strictObject({ alias }),
    answer: async (deps, { caller, params, body }) => {
      const made = await offerOwnership(deps, caller, params.slug, body);
      return created(made, `/v1/organizations/${params.slug}/transfers/${made.value.id}`);
    },
  }),
  list({
    path: COLLECTION,
    summary: "The organization's offers of ownership",
    operation: "listTransfers",
    requires: "owner",
    asks: ["organization.list_transfers"],
    item: withEtag(transfer).meta({ id: "TransferItem" }),
    params: organization,
    page: async (deps, { caller, params, page }) => await listTransfers(deps, caller, params.slug, page),
  }),
  read({
    path: ITEM,
    summary: "Read an offer of ownership",
    operation: "viewTransfer",
    requires: "owner, or a party to the offer",
    asks: ["transfer.view"],
    problems: ["NOT_FOUND"],
    affords: "transfer",
    reply: transfer,
    params,
    answer: async (deps, { caller, params }) => entity(await viewTransfer(deps, caller, params)),
  }),
  command({
    method: "post",
    path: `${ITEM}/accept`,
    summary: "Accept ownership: the caller becomes an Owner, who offered an Admin",
    operation: "acceptTransfer",
    requires: "the recipient of the offer",
    asks: ["transfer.accept"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(transfer, { state: "accepted" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await acceptTransfer(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/decline`,
    summary: "Decline ownership",
    operation: "declineTransfer",
    requires: "the recipient of the offer",
    asks: ["transfer.decline"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(transfer, { state: "declined" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await declineTransfer(deps, caller, params, { ifMatch })),
  }),
  command({
    method: "post",
    path: `${ITEM}/cancel`,
    summary: "Take an offer of ownership back",
    operation: "cancelTransfer",
    requires: "owner, or who made the offer",
    asks: ["transfer.cancel"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(transfer, { state: "cancelled" }),
    params,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await cancelTransfer(deps, caller, params, { ifMatch })),
  }),
  list({
    path: "/v1/me/transfers",
    summary: "The offers of ownership that wait for the caller",
    operation: "listMyTransfers",
    requires: "any account",
    asks: [],
    item: mine,
    params: NOTHING,
    page: async (deps, { caller, page }) => await listMyTransfers(deps, caller, page),
  }),
];
