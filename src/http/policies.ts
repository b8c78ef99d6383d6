import { z } from "zod";
import { reloadPolicies } from "../domain/deploy.ts";
import { LIMITS } from "../entities/limits.ts";
import { plainReply } from "./contract.ts";
import { commit, entityType, NOTHING, unit } from "./fields.ts";
import { command, type Route } from "./route.ts";

const deployed = z
  .strictObject({
    unit: unit.meta({ description: "By what every request is decided that begins now" }),
    commit,
    previous: z
      .strictObject({ unit, commit })
      .meta({ description: "What decided before; the same where nothing was new" }),
    refused: z
      .array(entityType)
      .max(LIMITS.clientBindings)
      .meta({
        description: "Kinds of the host's about which nothing is decided until they are mended",
        examples: [[]],
      }),
  })
  .meta({ id: "Deployed" });

export const POLICY_ROUTES: readonly Route[] = [
  command({
    method: "post",
    path: "/v1/platform/policies/reload",
    summary: "Decide by what this gateway's folders of policies hold now: checked, whole, or not at all",
    operation: "reloadPolicies",
    requires: "scope platform:admin",
    asks: [],
    problems: [
      "SCOPE_MISSING",
      "POLICIES_REFUSED",
      "STANDBY_MISSING",
      "STANDBY_DIFFERS",
      "RELOAD_UNDER_WAY",
      "CANNOT_DECIDE",
    ],
    reply: { ...plainReply(deployed), means: "It is so; also when nothing was new", headers: ["Bailiwick-Dry-Run"] },
    isOfGateway: true,
    params: NOTHING,
    body: NOTHING,
    answer: async (deps, { caller }) => ({ status: 200, body: await reloadPolicies(deps, caller) }),
  }),
];
