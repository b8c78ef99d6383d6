import type { z } from "zod";
import { evaluate } from "../domain/evaluate.ts";
import { evaluateAll, type InvalidItem } from "../domain/evaluations.ts";
import type { Answer } from "./answer.ts";
import {
  AT_ORGANIZATION,
  AT_PLAIN_PATHS,
  batch,
  completed,
  ENDPOINTS,
  metadata,
  metadataOf,
  type PdpPlace,
  question,
} from "./authzen.ts";
import { check, type CheckCall } from "./check.ts";
import { plainReply } from "./contract.ts";
import { decision, decisions } from "./decision.ts";
import { checked, fitted } from "./invalid.ts";
import { type Gateway, open, type Route } from "./route.ts";

const METADATA_SECONDS = 3600;
const metadataReply = { ...plainReply(metadata), headers: ["Cache-Control"] } as const;

/** The checks and the metadata of one decision point. */
function routesAt(place: PdpPlace): Route[] {
  const { path, params, operation, whose, pdpOf } = place;
  const common = {
    params,
    requires: "scope authz:evaluate, or a person about itself",
    asks: [],
    problems: ["SCOPE_MISSING", "KIND_NOT_BOUND", "ALIAS_REFUSED", "NOT_ABOUT_SELF", "CONTENTION"],
  } as const;
  return [
    check({
      ...common,
      path: `${path}${ENDPOINTS.access_evaluation_endpoint}`,
      summary: `May this subject do this to this resource${whose}?`,
      operation: operation("evaluate"),
      reply: plainReply(decision),
      body: question,
      // A denial is an answer: 200.
      answer: async ({ deps }, { caller, params: found, body }) => {
        return { status: 200, body: await evaluate(deps, caller, pdpOf(found), body) };
      },
    }),
    check({
      ...common,
      path: `${path}${ENDPOINTS.access_evaluations_endpoint}`,
      summary: `Many such questions at once${whose}`,
      operation: operation("evaluateAll"),
      reply: plainReply(decisions),
      body: batch,
      answer: async (gateway, call) => await answerAll(gateway, call, place),
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

type BatchCall = CheckCall<Readonly<Record<string, unknown>>, z.output<typeof batch>>;

/** Every item counts against the caller's budget; the request itself was one already. */
async function answerAll({ deps, budgets }: Gateway, call: BatchCall, { pdpOf }: PdpPlace): Promise<Answer> {
  const { caller, body } = call;
  const pdp = pdpOf(call.params);
  const { evaluations = [], options } = body;
  if (evaluations.length === 0) {
    return { status: 200, body: await evaluate(deps, caller, pdp, checked(question, body, "body")) };
  }
  const headers = evaluations.length > 1 ? await budgets.ofCaller(caller, "questions", evaluations.length - 1) : {};
  const items = evaluations.map((item, index) => itemOf(item, index, body));
  const answers = await evaluateAll(deps, caller, pdp, { items, semantic: options.evaluations_semantic });
  return { status: 200, body: { evaluations: answers.map(answerOf) }, headers };
}

function itemOf(item: unknown, index: number, body: z.output<typeof batch>): z.output<typeof question> | InvalidItem {
  const result = fitted(question, completed(item, body), `body.evaluations.${index}`);
  return "misfit" in result ? { invalid: result.misfit.message } : result.data;
}

function answerOf(answer: object | InvalidItem): object {
  if (!("invalid" in answer)) return answer;
  return { decision: false, context: { error: { status: 400, message: answer.invalid } } };
}

export const ACCESS_ROUTES: readonly Route[] = [AT_PLAIN_PATHS, AT_ORGANIZATION].flatMap(routesAt);
