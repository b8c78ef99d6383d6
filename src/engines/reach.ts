import { GRPC } from "@cerbos/grpc";
import { request } from "undici";
import { NotReached, passingFault } from "../entities/reach.ts";

/** What a proxy says of an OpenFGA that is not there, and OpenFGA of a database that is not there. */
const NOT_YET = [502, 503, 504];

/** Asks once. Throws NotReached where waiting may help, and anything else where it does not. Any other answer means that it is there. */
export async function reachOpenfga(apiUrl: string, timeoutMs: number): Promise<void> {
  try {
    const { statusCode, body } = await request(`${apiUrl}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    await body.dump();
    if (NOT_YET.includes(statusCode)) throw new NotReached(`it answers ${statusCode}`);
  } catch (error) {
    if (error instanceof NotReached) throw error;
    const fault = passingFault(error);
    throw fault === undefined ? error : new NotReached(fault, { cause: error });
  }
}

// Of gRPC.
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
/** gRPC calls it unavailable, too, when the two cannot agree on TLS; that does not pass. */
const TLS = /\bSSL\b|certificate/i;
const SERVING = "SERVING";

/** Asks once, over a connection of its own. Throws as `reachOpenfga` does. */
export async function reachCerbos(target: string, tls: boolean, timeoutMs: number): Promise<void> {
  const client = new GRPC(target, { tls });
  try {
    const health = await client.checkHealth({}, { signal: AbortSignal.timeout(timeoutMs) });
    const status: string = health.status;
    if (status !== SERVING) throw new NotReached(`it says ${status}`);
  } catch (error) {
    if (error instanceof NotReached) throw error;
    const fault = faultOf(error);
    throw fault === undefined ? error : new NotReached(fault, { cause: error });
  } finally {
    client.close();
  }
}

function faultOf(error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error && "details" in error)) return undefined;
  const said = String(error.details).split("\n")[0] ?? "";
  if (error.code === CANCELLED || error.code === DEADLINE_EXCEEDED) return "no answer in time";
  return error.code === UNAVAILABLE && !TLS.test(said) ? said.replace(/ *Resolution note: *$/, "") : undefined;
}
