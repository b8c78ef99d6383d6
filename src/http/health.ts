import { z } from "zod";
import { plainReply } from "./contract.ts";
import { commit, unit } from "./fields.ts";
import { open, type Route } from "./route.ts";

const count = z.int().min(0);
const upOrDown = z.enum(["up", "down"]);
const engines = z.strictObject({ postgres: upOrDown, cerbos: upOrDown, openfga: upOrDown });
const decisionLog = z
  .enum(["kept", "failing"])
  .exactOptional()
  .meta({ description: "Whether lines of the decision log can be kept; absent: it is off" });
/** Missing while the ledger does not tell. */
const graph = z
  .strictObject({
    pendingOrganizations: count,
    oldestPendingSeconds: z
      .number()
      .min(0)
      .meta({ description: "How long the oldest row waits for OpenFGA; 0: none does" }),
    stoppedOrganizations: count,
    missingTuples: count,
    injectedTuples: count,
    rebuiltOrganizations: count,
  })
  .exactOptional();

const types = z.array(z.string().max(50));
/** Missing while there are none. */
const kinds = z
  .strictObject({
    served: types,
    refused: types.meta({ description: "Nothing is decided about these until their policies are mended: see the log" }),
  })
  .exactOptional();

const policies = z.strictObject({
  unit: unit.meta({ description: "By what it decides: a hash of policies, schemas, model and plans" }),
  commit,
  model: z
    .string()
    .max(64)
    .meta({ description: "The model of OpenFGA", examples: ["01JZ8M5T5C3VQ2E0M5S9K7W4XN"] }),
  served: unit.nullable().exactOptional().meta({
    description:
      "What Cerbos says that it serves, which must be `unit`; null: it does not know; missing: it does not answer",
  }),
});

export const HEALTH_ROUTES: readonly Route[] = [
  open({
    path: "/livez",
    summary: "The process answers",
    operation: "live",
    replies: [plainReply(z.strictObject({ status: z.literal("alive") }))],
    answer: () => ({ status: 200, body: { status: "alive" } }),
  }),
  open({
    path: "/readyz",
    summary: "The engines answer and new work is welcome; without OpenFGA: degraded",
    operation: "ready",
    replies: [
      plainReply(
        z.strictObject({ status: z.enum(["ready", "degraded"]), engines, policies, decisionLog, graph, kinds }),
      ),
      {
        ...plainReply(
          z.strictObject({
            status: z.enum(["unavailable", "draining"]),
            engines: engines.exactOptional(),
            policies: policies.exactOptional(),
            ...{ decisionLog, graph, kinds },
          }),
        ),
        status: 503,
        means:
          "Postgres or Cerbos does not answer, Cerbos serves other policies than this gateway has read, decisions must be logged and cannot be, or this gateway is about to stop",
      },
    ],
    answer: async ({ readiness }) => await readiness(),
  }),
];
