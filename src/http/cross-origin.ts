import cors from "cors";
import type { Handler } from "./context.ts";

const PREFLIGHT_SECONDS = 600;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const SENT = [
  "Authorization",
  "Content-Type",
  "If-Match",
  "If-None-Match",
  "Idempotency-Key",
  "X-Request-ID",
  "traceparent",
  "tracestate",
];
/** What a page may read of an answer, beside what every page may. */
const READ = [
  "ETag",
  "Location",
  "Allow",
  "Retry-After",
  "RateLimit",
  "RateLimit-Policy",
  "X-Request-ID",
  "WWW-Authenticate",
  "Bailiwick-Graph",
  "Bailiwick-Dry-Run",
  "Bailiwick-Policy-Unit",
];

/** Lets the pages of these origins call (the Fetch standard's CORS). Without credentials: tokens are sent by hand, there are no cookies. */
export function crossOrigin(origins: readonly string[]): Handler {
  const handle = cors({
    origin: [...origins],
    methods: METHODS,
    allowedHeaders: SENT,
    exposedHeaders: READ,
    maxAge: PREFLIGHT_SECONDS,
  });
  return (request, response, next) => {
    const isPreflight = request.method === "OPTIONS" && "access-control-request-method" in request.headers;
    // What is no preflight goes on to its route; it would end here without the path's `Allow`.
    if (request.method === "OPTIONS" && !isPreflight) next();
    else handle(request, response, next);
  };
}
