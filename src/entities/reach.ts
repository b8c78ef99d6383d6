/** An engine is not there: nothing answers, or it says that it is only starting. That may pass; a refusal does not. */
export class NotReached extends Error {
  override readonly name = "NotReached";
}

/** What networks say of a way that may yet open: refused, unknown name, silence, a connection that was cut. */
const PASSING = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT", // a socket's path
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EPIPE",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** The word of such a fault in an error, its causes and its parts (Node tries several addresses); undefined: it is no such fault. */
export function passingFault(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { name, code, cause, errors } = error as NodeJS.ErrnoException & { errors?: unknown };
  if (code !== undefined && PASSING.has(code)) return code;
  if (name === "TimeoutError") return "no answer in time";
  const parts = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return parts.map(passingFault).find((fault) => fault !== undefined);
}
