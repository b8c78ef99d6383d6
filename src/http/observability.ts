import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { AppError } from "../entities/errors.ts";
import type { Answer } from "./answer.ts";
import { plainReply } from "./contract.ts";
import { METRICS_TYPE } from "./metrics.ts";
import { unknownPath } from "./problem.ts";
import { open, type Route } from "./route.ts";

export const OBSERVABILITY_ROUTES: readonly Route[] = [
  open({
    path: "/metrics",
    summary: "Metrics for Prometheus; not there in production unless METRICS_TOKEN is set",
    operation: "readMetrics",
    requires: "nobody in particular, or METRICS_TOKEN where it is set",
    replies: [plainReply(z.string(), METRICS_TYPE)],
    problems: ["TOKEN_INVALID", "NO_SUCH_ROUTE"],
    answer: async ({ metrics }, { authorization }) => await metrics(authorization),
  }),
];

/** @param token what who asks must bring; null: the path is not there; "": nobody is asked */
export function metricsFor(
  token: string | null,
  expose: () => Promise<string>,
): (authorization: string | undefined) => Promise<Answer> {
  return async (authorization) => {
    if (token === null) throw unknownPath();
    if (token !== "" && !isEqual(authorization ?? "", `Bearer ${token}`)) {
      throw new AppError(
        "TOKEN_INVALID",
        "Send the token of the setting METRICS_TOKEN: Authorization: Bearer <token>.",
      );
    }
    return { status: 200, text: await expose(), type: METRICS_TYPE };
  };
}

/** In a time that does not tell how much of it was right. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
