import { pino, type DestinationStream, type Logger } from "pino";
import type { Handler } from "./context.ts";
import type { Metrics } from "./metrics.ts";

export type Log = Pick<Logger, "info" | "warn" | "error" | "isLevelEnabled">;

/** Structured lines without secrets. What we log we choose by name; redaction stands behind it, should somebody log more. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const secrets = ["authorization", "token", "cookie", "secret", "password", "body"];
  const redact = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** One line and one measurement for each answer: the route's pattern instead of the path, which carries ids and aliases; no header, no body. */
export function accessLog(log: Log, metrics: Pick<Metrics, "answered">): Handler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once("close", () => {
      const { requestId, traceId, route } = response.locals;
      const { method } = request;
      const { statusCode: status } = response;
      const tookMs = performance.now() - startedAt;
      metrics.answered({ method, route, status }, tookMs / 1000);
      if (!log.isLevelEnabled("info")) return;
      const durationMs = Math.round(tookMs * 10) / 10;
      const line = { requestId, ...(traceId !== undefined && { traceId }), method, route, status, durationMs };
      // Closed without an end: the other side went away.
      log.info(line, response.writableFinished ? "answered" : "aborted");
    });
    next();
  };
}

/** What a log says of an error: never its other members, which may hold rows (`detail` of Postgres) or requests. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const cause = error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) };
  return { type: error.name, ...code, message: error.message, stack: error.stack, ...cause };
}
