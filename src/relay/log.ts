export type RelayLog = (level: "warn" | "error", event: string, detail: Record<string, unknown>) => void;

/** What a log says of an error: what failed, and what made it fail. */
export function described(error: unknown): { error: string; cause?: string } {
  if (!(error instanceof Error) || error.cause === undefined) return { error: String(error) };
  const { cause } = error;
  return { error: error.message, cause: cause instanceof Error ? cause.message : JSON.stringify(cause) };
}
