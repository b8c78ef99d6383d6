import { evaluate } from "../domain/evaluate.ts";
import {
  AT_ORGANIZATION,
  AT_PLAIN_PATHS,
  ENDPOINTS,
  metadata,
  metadataOf,
  type PdpPlace,
  question,
} from "./authzen.ts";
import { plainReply } from "./contract.ts";
import { decision } from "./decision.ts";
import { checked } from "./invalid.ts";
import { command, open, type Route } from "./route.ts";

const METADATA_SECONDS = 3600;
const metadataReply = { ...plainReply(metadata), headers: ["Cache-Control"] } as const;

/** The routes of one decision point. */
function routesAt(place: PdpPlace): Route[] {
  const { path, params, operation, whose, pdpOf } = place;
  return [
    command({
      method: "post",
      path: `${path}${ENDPOINTS.access_evaluation_endpoint}`,
      summary: `May this subject do this to this resource${whose}?`,
      operation: operation("evaluate"),
      requires: "scope authz:evaluate, or a person about itself",
      asks: [],
      problems: ["SCOPE_MISSING", "NOT_ABOUT_SELF", "CONTENTION"],
      reply: plainReply(decision),
      dialect: "authzen",
      params,
      body: question,
      // A denial is an answer: 200.
      answer: async (deps, { caller, params: found, body }) => {
        return { status: 200, body: await evaluate(deps, caller, pdpOf(found), body) };
      },
    }),
    open({
      path: `/.well-known/authzen-configuration${path}`,
      summary: `AuthZEN metadata${whose}: only what exists`,
      operation: operation("metadata"),
      params,
      replies: [metadataReply],
      answer: ({ publicUrl }, { params: found }) => {
        const { slug } = pdpOf(checked(params, found, "path"));
        return {
          status: 200,
          body: metadataOf(slug === null ? publicUrl : `${publicUrl}/o/${slug}`),
          headers: { "Cache-Control": `public, max-age=${METADATA_SECONDS}` },
        };
      },
    }),
  ];
}

export const ACCESS_ROUTES: readonly Route[] = [AT_PLAIN_PATHS, AT_ORGANIZATION].flatMap(routesAt);
