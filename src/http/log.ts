import { pino, type DestinationStream, type Logger } from "pino";
import type { Handler, Locals } from "./context.ts";
import type { Metrics } from "./metrics.ts";

type Write = (line: object, message: string) => void;

export interface Log {
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly isLevelEnabled: (level: string) => boolean;
}

/** Structured lines without secrets. What we log we choose by name; redaction stands behind it, should somebody log more. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const secrets = ["authorization", "token", "cookie", "secret", "assertion", "password", "body"];
  const redact = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** The same log, whose lines say which policy unit is served then, as soon as one is; what is about another unit names it itself. */
export function naming(log: Log, unit: () => string | undefined): Log {
  const named =
    (level: "info" | "warn" | "error"): Write =>
    (line, message) =>
      log[level]({ unit: unit(), ...line }, message);
  return {
    info: named("info"),
    warn: named("warn"),
    error: named("error"),
    isLevelEnabled: (level) => log.isLevelEnabled(level),
  };
}

/** Of which request a line is, and by which unit that was answered, where it came so far. */
export function lineOf({ requestId, traceId, route, unit }: Locals): object {
  return { requestId, ...(traceId !== undefined && { traceId }), route, ...(unit !== undefined && { unit }) };
}

/** One line and one measurement for each answer: the route's pattern instead of the path, which carries ids and aliases; no header, no body. */
export function accessLog(log: Log, metrics: Pick<Metrics, "answered">): Handler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once("close", () => {
      const { method } = request;
      const { statusCode: status, locals } = response;
      const tookMs = performance.now() - startedAt;
      metrics.answered({ method, route: locals.route, status }, tookMs / 1000);
      if (!log.isLevelEnabled("info")) return;
      const durationMs = Math.round(tookMs * 10) / 10;
      const line = { ...lineOf(locals), method, status, durationMs };
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
