import { z } from "zod";
import { changed, created, entity, removed } from "../../src/http/answer.ts";
import { changedReply, createdReply, plainReply, REMOVED } from "../../src/http/contract.ts";
import { name, NOTHING, slug } from "../../src/http/fields.ts";
import { check } from "../../src/http/check.ts";
import { command, list, read, type Route } from "../../src/http/route.ts";
import type { Stage } from "./sample-app.ts";

/** A route of each form, which asks nobody. */
export function sampleRoutes(stage: Stage): readonly Route[] {
  const params = z.strictObject({ slug });
  const called = async (call: object): Promise<void> => {
    stage.calls.push(call);
    const { throws } = stage;
    stage.throws = null;
    if (throws !== null) throw throws;
    await Promise.resolve();
  };
  const thing = { slug: "one", state: "enabled", revision: 7 };
  const retired = { ...thing, state: "retired", revision: 8 };
  const body = z.object({ slug });
  const promised = { requires: "any account", asks: [] } as const;
  return [
    command({
      method: "post",
      path: "/v1/things",
      summary: "Make one",
      ...promised,
      operation: "makeThing",
      reply: createdReply(body),
      params: NOTHING,
      body: z.strictObject({ slug: slug.exactOptional(), name }),
      answer: async (_deps, call) => {
        await called(call);
        return created({ value: thing, graph: stage.graph }, "/v1/things/one");
      },
    }),
    list({
      path: "/v1/things",
      summary: "All of them",
      ...promised,
      operation: "listThings",
      item: body,
      params: NOTHING,
      page: async (_deps, call) => {
        await called(call);
        return call.page.after === "" ? { items: [thing], next: "one" } : { items: [{ id: "2" }], next: null };
      },
    }),
    read({
      path: "/v1/things/:slug",
      summary: "One",
      ...promised,
      operation: "viewThing",
      reply: body,
      params,
      answer: async (_deps, call) => {
        await called(call);
        return entity(thing);
      },
    }),
    command({
      method: "delete",
      path: "/v1/things/:slug",
      summary: "None",
      ...promised,
      operation: "removeThing",
      reply: REMOVED,
      params,
      body: NOTHING,
      answer: async (_deps, call) => {
        await called(call);
        return removed({ value: null, graph: stage.graph });
      },
    }),
    command({
      method: "post",
      path: "/v1/things/:slug/retire",
      summary: "Retire one",
      ...promised,
      operation: "retireThing",
      reply: changedReply(body),
      params,
      body: NOTHING,
      answer: async (_deps, call) => {
        await called(call);
        return changed({ value: retired, graph: stage.graph });
      },
    }),
    check({
      path: "/access/v1/sample",
      summary: "Ask",
      ...promised,
      operation: "ask",
      reply: plainReply(z.object({ decision: z.boolean() })),
      params: NOTHING,
      body: z.object({ question: z.string() }),
      answer: async (_deps, call) => {
        await called(call);
        return { status: 200, body: { decision: false } };
      },
    }),
  ];
}
